/* SPDX-License-Identifier: MIT */
/*
 * The VMM's name by NetBIOS: netd's handler "netbios" answers a MSG_BUF with a
 * writable buffer for struct netbios_status, by its length.
 */
#ifndef SERVICES_NETBIOS_H
#define SERVICES_NETBIOS_H

#include <stdint.h>

#define NETBIOS_HANDLER		"netbios"

struct netbios_status {
	char name[16];			/* "": off */
	uint64_t messages;		/* that lwIP saw */
	uint64_t malformed;		/* ... and did not see, */
	uint64_t ignored;		/* ... as they came from elsewhere */
};

#endif
