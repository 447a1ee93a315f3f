/* SPDX-License-Identifier: MIT */
/* Exit counters, see exits.h. One slot a reason; NPF (0x400) has the last. */
#include "exits.h"

#define LOG_PREFIX "panic: "
#include <tandem/log.h>

#define SLOTS	0x100

static uint64_t count[SLOTS];

void exits_count(unsigned int code)
{
	count[code < SLOTS - 1 ? code : SLOTS - 1]++;
}

void exits_tell(const struct last_exits *l)
{
	uint64_t n = MIN(l->count, LAST_EXITS);

	log_error("%lu exits so far; the last ones, newest first:", l->count);
	for (uint64_t i = 1; i <= n; i++) {
		const struct exit_record *r =
			&l->record[(l->count - i) % LAST_EXITS];

		log_error("  exit %#lx at guest %#lx info %#lx %#lx", r->code,
			  r->rip, r->info1, r->info2);
	}
}
