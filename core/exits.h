/* SPDX-License-Identifier: MIT */
/* What the guest exited for: counters by reason, and the last few, for a panic. */
#ifndef CORE_EXITS_H
#define CORE_EXITS_H

#include <tandem/types.h>

#define LAST_EXITS	16

/* As the back end reports it: SVM's EXITCODE, EXITINFO1 and 2. */
struct exit_record {
	uint64_t code, rip, info1, info2;
};

struct last_exits {
	struct exit_record record[LAST_EXITS];
	uint64_t count;		/* ever; the next goes to count % LAST_EXITS */
};

void exits_count(unsigned int code);

/* What the back end calls an exit with that code. */
const char *exit_name(uint32_t code);

/* Where the next exit is to be noted. */
static inline struct exit_record *exits_next(struct last_exits *l)
{
	return &l->record[l->count++ % LAST_EXITS];
}

/* The last exits into the log, newest first. */
void exits_tell(const struct last_exits *l);

#endif
