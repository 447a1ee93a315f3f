/* SPDX-License-Identifier: MIT */
/*
 * Is the certificate made once when addresses come one after the other, in time
 * when they never stop changing, and never more often than it may be?
 */
#include "check.h"

#include "settle.h"

#define SECOND	1000000ull

static unsigned int checks;

/* Asked each second from s to s + n: how often was it due, when last? */
static unsigned int ask(struct settle *s, uint64_t from, uint64_t n, bool stale,
			uint64_t changes_every, uint64_t *last)
{
	unsigned int due = 0;

	for (uint64_t t = from; t < from + n; t++) {
		bool changed = changes_every && (t - from) % changes_every == 0;

		if (settle_is_due(s, stale, changed, t * SECOND)) {
			due++;
			*last = t;
		}
	}
	return due;
}

int main(void)
{
	struct settle s = { 0 };
	uint64_t last = 0;

	/* an address each second, three of them, and then no more */
	CHECK(!ask(&s, 100, 3, true, 1, &last));
	CHECK(settle_is_due(&s, true, false, 104 * SECOND));
	CHECK(!ask(&s, 105, 1000, false, 0, &last));
	/* one more, once all is quiet, is certified soon */
	CHECK(!settle_is_due(&s, true, true, 2000 * SECOND));
	CHECK(ask(&s, 2001, 5, true, 0, &last) == 1 && last == 2002);
	/* but not sooner than the pause */
	CHECK(ask(&s, 2003, 15, true, 0, &last) == 1 && last == 2012);
	/* somebody has them change all the time, or signing fails */
	CHECK(ask(&s, 3000, 100, true, 1, &last) == 10);
	CHECK(ask(&s, 4000, 100, true, 0, &last) == 10);
	/* back before it was time: nothing to do */
	CHECK(!ask(&s, 4900, 1, false, 0, &last));
	CHECK(!settle_is_due(&s, true, true, 5000 * SECOND));
	CHECK(!settle_is_due(&s, false, true, 5001 * SECOND));
	CHECK(!settle_is_due(&s, true, true, 5009 * SECOND));
	CHECK(!settle_is_due(&s, true, false, 5010 * SECOND));
	CHECK(settle_is_due(&s, true, false, 5011 * SECOND));
	printf("%u checks\n", checks);
	return 0;
}
