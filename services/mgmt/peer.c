/* SPDX-License-Identifier: MIT */
/* Which addresses count as one peer's, see peer.h. */
#include "peer.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define GROUPS		8u
#define PREFIX_GROUPS	4u

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The groups of an IPv6 address (RFC 5952); *gap is where zeros were left out. */
static unsigned int read_groups(const char *p, uint16_t group[GROUPS],
				unsigned int *gap)
{
	unsigned int n = 0;

	*gap = GROUPS;
	if (*p == ':')
		p++;
	while (n < GROUPS) {
		uint16_t v = 0;

		if (*p == ':') {
			*gap = n;
			p++;
		}
		if (digit_of(*p) < 0)
			break;
		while (digit_of(*p) >= 0)
			v = (uint16_t)(v << 4 | digit_of(*p++));
		group[n++] = v;
		if (*p == ':')
			p++;
	}
	return n;
}

void peer_of_address(const char *address, char peer[NETD_IP_MAX])
{
	uint16_t group[GROUPS] = { 0 }, prefix[PREFIX_GROUPS];
	unsigned int gap, n, left_out;

	if (!strchr(address, ':')) {
		snprintf(peer, NETD_IP_MAX, "%s", address);
		return;
	}
	n = read_groups(address, group, &gap);
	left_out = GROUPS - n;
	for (unsigned int i = 0; i < PREFIX_GROUPS; i++)
		prefix[i] = i < gap ? group[i] :
			    i < gap + left_out ? 0 : group[i - left_out];
	snprintf(peer, NETD_IP_MAX, "%x:%x:%x:%x::/64", prefix[0], prefix[1],
		 prefix[2], prefix[3]);
}
