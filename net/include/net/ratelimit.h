/* SPDX-License-Identifier: MIT */
/*
 * Log lines that a guest, a frame or netd can provoke are limited: one in each
 * interval, with the number of those that were left out.
 */
#ifndef NET_RATELIMIT_H
#define NET_RATELIMIT_H

#include <tandem/timer.h>
#include <tandem/types.h>

#define RATELIMIT_INTERVAL_US	5000000ull

struct ratelimit {
	uint64_t next;		/* time_us() from which a line is due */
	uint32_t left_out;
};

/*
 * May a line be logged now? Then *left_out is how many were refused since
 * the last one. Two CPUs at once may log one line too many.
 */
static inline bool ratelimit_ok(struct ratelimit *r, uint32_t *left_out)
{
	uint64_t now = time_us();

	if (now < r->next) {
		r->left_out++;
		return false;
	}
	*left_out = r->left_out;
	r->left_out = 0;
	r->next = now + RATELIMIT_INTERVAL_US;
	return true;
}

#endif
