/* SPDX-License-Identifier: MIT */
/*
 * What of a multicast DNS message lwIP's responder may see. It has no bounds of
 * its own on how much work a message is, and believes its counts. Tested and
 * fuzzed on the host.
 */
#ifndef MDNS_GUARD_H
#define MDNS_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARD_MESSAGE_MAX	1472u	/* bytes: one frame */
#define GUARD_RECORDS_MAX	64u	/* questions and records together */

enum guard_verdict {
	GUARD_PASS,
	GUARD_IGNORE,		/* well formed, but not for a responder */
	GUARD_MALFORMED,
};

/*
 * The message of len bytes: is each name and record whole, and is nothing left
 * over or missing? legacy: it comes from another port than 5353 (RFC 6762, 6.7),
 * and so has to be one question.
 */
enum guard_verdict guard_look(const uint8_t *message, size_t len, bool legacy);

#endif
