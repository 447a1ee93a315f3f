/* SPDX-License-Identifier: MIT */
/*
 * The clock that SNTP sets, without the network, so that the host can test it: how
 * far UTC is from the VMM's time, and which answers are believed.
 */
#ifndef SNTP_CLOCK_H
#define SNTP_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* The seconds at which a point in time makes sense. */
#define SNTP_EARLIEST	1704067200	/* 2024-01-01 */
#define SNTP_LATEST	4102444800	/* 2100-01-01 */

#define SNTP_JUMP_US	10000000	/* further off: it is not believed ... */
#define SNTP_JUMP_TIMES	4		/* ... before so many say the same */
#define SNTP_TRIP_US	5000000		/* an answer later than that */

enum sntp_verdict {
	SNTP_TAKEN,
	SNTP_STEPPED,		/* taken, after SNTP_JUMP_TIMES */
	SNTP_ABSURD,		/* no time of this century */
	SNTP_LATE,		/* on its way for too long */
	SNTP_JUMPED,		/* far from what the clock says */
};

struct sntp_clock {
	bool known;
	int64_t offset;		/* us: UTC minus VMM time */
	int64_t suspect;	/* another one, that was not believed ... */
	uint32_t suspects;	/* ... so many times in a row */
};

/*
 * An answer's time: seconds since 2036-02-07 06:28:16 UTC and their fraction in
 * 1/2^32; sent and now: when it was asked for, and when it came, in VMM time
 * (us). What was not believed changes nothing but the suspicion.
 */
enum sntp_verdict sntp_clock_answer(struct sntp_clock *c, int32_t seconds,
				    uint32_t fraction, uint64_t sent,
				    uint64_t now);

/* UTC in us since 1970 at this VMM time (us); 0: not known. */
uint64_t sntp_clock_utc(const struct sntp_clock *c, uint64_t us);

#endif
