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

static bool same_letters(const char *a, const char *b)
{
	for (; *a && *b; a++, b++) {
		char x = *a, y = *b;

		if (x >= 'A' && x <= 'Z')
			x = (char)(x | 0x20);
		if (y >= 'A' && y <= 'Z')
			y = (char)(y | 0x20);
		if (x != y)
			return false;
	}
	return *a == *b;
}

static bool is_own(const char *host)
{
	struct names now;
	ip_addr_t address;
	char text[NETD_IP_MAX];

	names_get(&now);
	if (now.host[0] && same_letters(host, now.host))
		return true;
	if (!ipaddr_aton(host, &address))
		return false;
#if LWIP_IPV6
	if (IP_IS_V6(&address))
		ip6_addr_clear_zone(ip_2_ip6(&address));
#endif
	ipaddr_ntoa_r(&address, text, sizeof(text));
	for (unsigned int i = 0; i < now.n; i++)
		if (!strcmp(text, now.address[i].text))
			return true;
	return false;
}

/* Without brackets and port; false: it is neither address nor name. */
static bool split(const char *host, char *to, size_t size)
{
	const char *end, *port;

	if (*host == '[') {
		end = strchr(++host, ']');
		port = end ? end + 1 : NULL;
	} else {
		end = strchr(host, ':');
		port = end ? end : host + strlen(host);
		end = port;
	}
	if (!port || (size_t)(end - host) >= size || end == host)
		return false;
	memcpy(to, host, (size_t)(end - host));
	to[end - host] = '\0';
	if (!*port)
		return true;
	if (*port++ != ':')
		return false;
	while (*port >= '0' && *port <= '9')
		port++;
	return !*port;
}

bool mgmt_is_host(const char *host)
{
	char name[HOSTNAME_MAX];

	return split(host, name, sizeof(name)) && is_own(name);
}
