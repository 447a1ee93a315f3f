/* SPDX-License-Identifier: MIT */
/*
 * Computing time for handshakes: a part of all time, and some in advance. A
 * handshake costs milliseconds before anybody is known, netd has one thread, and
 * while it computes no packet of the VMM's own moves. Tested on the host.
 */
#ifndef MGMT_BUDGET_H
#define MGMT_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define BUDGET_PART		2u	/* half of the time */
#define BUDGET_ADVANCE_US	500000

/* Times are microseconds of a clock that does not go back. */
struct budget {
	int64_t spent;			/* us; more is left to wait for */
	uint64_t at;			/* when that was so */
};

/* May the next step be taken now? */
bool budget_left(struct budget *b, uint64_t now);

/* A step took so long. */
void budget_spend(struct budget *b, uint64_t us);

#endif
