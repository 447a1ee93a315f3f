/* SPDX-License-Identifier: MIT */
/* The machine's addresses and name, from lwIP; names.h. */
#include "names.h"

#include "http.h"

#include <lwip/netif.h>
#include <stdio.h>
#include <string.h>

static void add(struct names *now, const void *bytes, size_t len,
		const char *text)
{
	struct name_address *a = &now->address[now->n];

	if (now->n == NAMES_MAX)
		return;
	memcpy(a->bytes, bytes, len);
	a->len = len;
	strlcpy(a->text, text, sizeof(a->text));
	now->n++;
}

#if LWIP_IPV6
static void add_ip6(struct names *now, struct netif *n)
{
	char text[NETD_IP_MAX];

	for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
		ip6_addr_t address = *netif_ip6_addr(n, i);

		if (!ip6_addr_isvalid(netif_ip6_addr_state(n, i)))
			continue;
		ip6_addr_clear_zone(&address);
		ip6addr_ntoa_r(&address, text, sizeof(text));
		add(now, address.addr, sizeof(address.addr), text);
	}
}
#else
static void add_ip6(struct names *now, struct netif *n)
{
	(void)now, (void)n;
}
#endif

void names_get(struct names *now)
{
	struct netif *n = netif_default;
	char text[NETD_IP_MAX];

	memset(now, 0, sizeof(*now));
	if (!n)
		return;
	if (!ip4_addr_isany_val(*netif_ip4_addr(n))) {
		ip4addr_ntoa_r(netif_ip4_addr(n), text, sizeof(text));
		add(now, &netif_ip4_addr(n)->addr, 4, text);
	}
	add_ip6(now, n);
	if (netif_get_hostname(n))
		strlcpy(now->host, netif_get_hostname(n), sizeof(now->host));
}
