/* SPDX-License-Identifier: MIT */
/*
 * The answer of the core's handler "domain_list": the programs in protection
 * domains, the newest first. The message's value is how many to leave out.
 */
#ifndef ABI_PS_H
#define ABI_PS_H

#include <stdint.h>

enum ps_state {
	PS_NEW,			/* not started */
	PS_READY,		/* runs or could */
	PS_WAITS,		/* sleeps */
	PS_CALLS,		/* waits for an answer */
	PS_QUEUED,		/* waits for a receiver that is busy */
	PS_STATES
};

struct ps_entry {
	uint64_t id;		/* never used twice */
	uint64_t starter;	/* who waits for its end; 0: the core */
	uint64_t cpu_us;
	uint32_t memory_kib;	/* page tables included */
	uint16_t descriptors;	/* in use */
	uint16_t state;		/* enum ps_state */
	char name[32];		/* ended by 0 */
};

_Static_assert(sizeof(struct ps_entry) == 64, "layout");

#endif
