/* SPDX-License-Identifier: MIT */
/*
 * What a time server says is taken as it is the first time, if it can be true.
 * Later a jump is not: an answer far from the clock counts only when several in a
 * row agree, so that one server gone wrong for a moment, or one forged answer,
 * moves nothing. After the machine has slept that is what sets the clock right.
 */
#include "clock.h"

#define SECOND	1000000
#define ERA	2085978496	/* 2036-02-07 06:28:16 in seconds since 1970 */

static bool near(int64_t a, int64_t b)
{
	return a - b <= SNTP_JUMP_US && b - a <= SNTP_JUMP_US;
}

static enum sntp_verdict judge_jump(struct sntp_clock *c, int64_t offset)
{
	c->suspects = c->suspects && near(offset, c->suspect) ?
		      c->suspects + 1 : 1;
	c->suspect = offset;
	return c->suspects < SNTP_JUMP_TIMES ? SNTP_JUMPED : SNTP_STEPPED;
}

enum sntp_verdict sntp_clock_answer(struct sntp_clock *c, int32_t seconds,
				    uint32_t fraction, uint64_t sent,
				    uint64_t now)
{
	int64_t unix_s = (int64_t)seconds + ERA, offset;
	enum sntp_verdict verdict = SNTP_TAKEN;

	if (unix_s < SNTP_EARLIEST || unix_s >= SNTP_LATEST)
		return SNTP_ABSURD;
	if (now < sent || now - sent > SNTP_TRIP_US)
		return SNTP_LATE;
	offset = unix_s * SECOND +
		 (int64_t)((uint64_t)fraction * SECOND >> 32) +
		 (int64_t)(now - sent) / 2 - (int64_t)now;
	if (c->known && !near(offset, c->offset))
		verdict = judge_jump(c, offset);
	if (verdict == SNTP_JUMPED)
		return verdict;
	c->known = true;
	c->offset = offset;
	c->suspects = 0;
	return verdict;
}

uint64_t sntp_clock_utc(const struct sntp_clock *c, uint64_t us)
{
	return c->known ? (uint64_t)(c->offset + (int64_t)us) : 0;
}
