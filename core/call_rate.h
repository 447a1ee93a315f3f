/* SPDX-License-Identifier: MIT */
/*
 * The limit of VMM calls a second, of one CPU: a token bucket, kept as the time
 * at which it would be full again. Nothing here but arithmetic, so that it is
 * tested on the host. Times are of one clock; one that jumps back fills the
 * bucket.
 */
#ifndef CORE_CALL_RATE_H
#define CORE_CALL_RATE_H

#include <tandem/types.h>

/* What the bucket holds: calls of so much time may come at once. */
#define CALL_RATE_BURST_NS	10000000ull

struct call_rate {
	uint64_t full_ns;	/* when the bucket is full again */
	uint64_t hold_until;	/* us: the guest waits for its call; 0: no */
	uint64_t calls, delayed;
};

/*
 * A call at now (us), each of which costs interval_ns. 0 if it may be made, and
 * it is paid for; else the time (us) until which the caller has to wait. At
 * most CALL_RATE_BURST_NS / interval_ns + 1 at once.
 */
static inline uint64_t call_rate_take(struct call_rate *r, uint64_t now,
				      uint64_t interval_ns)
{
	uint64_t ns = now * 1000, debt = r->full_ns - ns;

	if (r->full_ns <= ns || debt > CALL_RATE_BURST_NS + interval_ns)
		debt = 0;
	if (debt > CALL_RATE_BURST_NS) {
		r->delayed++;
		return now + (debt - CALL_RATE_BURST_NS + 999) / 1000;
	}
	r->full_ns = ns + debt + interval_ns;
	r->calls++;
	return 0;
}

#endif
