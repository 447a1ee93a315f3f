/* SPDX-License-Identifier: MIT */
/*
 * When to make the certificate anew: addresses come one after the other, of IPv6
 * within seconds, and others on the network can have them change all the time. So
 * it is made when they have been the same for a while, or after a longer one in
 * any case, and not too often. Tested on the host.
 */
#ifndef MGMT_SETTLE_H
#define MGMT_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#define SETTLE_QUIET_US		2000000u	/* without a change */
#define SETTLE_MOST_US		10000000u	/* from the first one on */
#define SETTLE_PAUSE_US		10000000u	/* between two certificates */

struct settle {
	bool waits, made;
	uint64_t since, quiet, made_at;
};

/*
 * Is it time? stale: the certificate does not say what it should; changed: nor
 * what it should have said when this was asked last. now: VMM time.
 */
bool settle_is_due(struct settle *s, bool stale, bool changed, uint64_t now);

#endif
