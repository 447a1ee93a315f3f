/* SPDX-License-Identifier: MIT */
/*
 * The VMM's name by multicast DNS: netd's handler "mdns" answers a MSG_BUF with
 * a writable buffer for struct mdns_status, by its length.
 */
#ifndef SERVICES_MDNS_H
#define SERVICES_MDNS_H

#include <stdint.h>

#define MDNS_HANDLER		"mdns"
#define MDNS_NAME_MAX		40

enum mdns_state {
	MDNS_OFF,
	MDNS_PROBES,		/* asks whether anybody has the name */
	MDNS_ANSWERS,
	MDNS_NO_NAME,		/* others have all that were tried */
};

struct mdns_status {
	char name[MDNS_NAME_MAX];	/* without ".local" */
	uint32_t state;			/* enum mdns_state */
	uint16_t https, echo_tcp, echo_udp;	/* ports told; 0: not */
	uint16_t pad;
	uint64_t messages;		/* that lwIP saw */
	uint64_t malformed, ignored;	/* ... and did not see */
	uint64_t conflicts;
};

#endif
