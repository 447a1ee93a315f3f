/* SPDX-License-Identifier: MIT */
/* By which addresses and names others reach this machine. */
#ifndef MGMT_NAMES_H
#define MGMT_NAMES_H

#include <services/netd.h>
#include <stdbool.h>
#include <stddef.h>
#include <tandem/hostname.h>

#define NAMES_MAX	8	/* addresses: one of IPv4, some of IPv6 */

struct names {
	unsigned int n;
	struct name_address {
		uint8_t bytes[16];	/* network byte order */
		size_t len;		/* 4 or 16 */
		char text[NETD_IP_MAX];
	} address[NAMES_MAX];
	char host[HOSTNAME_MAX];	/* the name told to DHCP servers */
};

/* As it is now; the rest is zeros, so that two can be compared as memory. */
void names_get(struct names *now);

#endif
