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

/* One slot a reason; the nested page fault (0x400) has the last. */
#define EXIT_SLOTS	0x100

/* Of one CPU; written by it alone. */
struct exits {
	uint64_t by_code[EXIT_SLOTS];
	struct exit_record record[LAST_EXITS];
	uint64_t count;		/* ever; the next goes to count % LAST_EXITS */
};

/* What the back end calls an exit with that code. */
const char *exit_name(uint32_t code);

static inline void exits_note(struct exits *e, struct exit_record r)
{
	e->by_code[MIN(r.code, EXIT_SLOTS - 1ul)]++;
	e->record[e->count++ % LAST_EXITS] = r;
}

/* The last exits into the log, newest first. */
void exits_tell(const struct exits *e);

#endif
