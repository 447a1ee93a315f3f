/* SPDX-License-Identifier: MIT */
/*
 * How often a password may be tried. A peer (peer.h) is an address, or a network of
 * IPv6 whose addresses are all one host's. Its third wrong one in a row costs two
 * seconds, each further one twice as much, up to five minutes; ten quiet minutes
 * behind that are a new start. All peers together have a bucket of tries, so
 * that many addresses do not help; who has logged in from an address before
 * does not depend on that. Times are microseconds, of any clock that does not
 * go back. Tested on the host.
 */
#ifndef MGMT_ATTEMPTS_H
#define MGMT_ATTEMPTS_H

#include <stdbool.h>
#include <stdint.h>

#define ATTEMPTS_PEERS		64u	/* that are remembered */
#define ATTEMPTS_FREE		2u	/* wrong ones that cost nothing */
#define ATTEMPTS_DELAY_S	2u	/* of the one after these */
#define ATTEMPTS_DELAY_MAX_S	300u
#define ATTEMPTS_QUIET_S	600u
#define ATTEMPTS_BUCKET		10u	/* tries of all peers */
#define ATTEMPTS_REFILL_S	2u	/* a new one */

/*
 * May that peer (its address as text) try now? 0: yes, and the try counts; else
 * in so many seconds.
 */
uint32_t attempts_begin(const char *peer, uint64_t now);

/* Has somebody logged in from there, not too many others ago? */
bool attempts_is_known(const char *peer);

/* How it ended. Of failed: seconds until its next try, 0: at once. */
uint32_t attempts_failed(const char *peer, uint64_t now);
void attempts_succeeded(const char *peer, uint64_t now);

/* For tests: as at the start. */
void attempts_reset(void);

#endif
