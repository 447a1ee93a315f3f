/* SPDX-License-Identifier: MIT */
/*
 * Tells the core by which addresses the stack is known (struct
 * netring_addresses), each time they have changed. The switch goes by them.
 */
#include "stack.h"

#include <domain/syscall.h>
#include <lwip/igmp.h>
#include <lwip/netif.h>
#include <netring.h>
#include <string.h>
#include <tandem/kconfig.h>

static struct netring_addresses last;	/* as announced; generation unused */

/* To 01:00:5e and the lower 23 bits (RFC 1112, 6.4). */
static void collect_groups4(struct netif *n, struct netring_addresses *a)
{
#if LWIP_IGMP
	for (struct igmp_group *g = netif_igmp_data(n); g; g = g->next) {
		const uint8_t *ip = (const uint8_t *)&g->group_address.addr;
		uint8_t mac[6] = { 0x01, 0x00, 0x5e, ip[1] & 0x7f, ip[2],
				   ip[3] };

		if (a->n_multicast < NETRING_MULTICAST_MAX)
			memcpy(a->multicast[a->n_multicast++], mac,
			       sizeof(mac));
	}
#else
	(void)n, (void)a;
#endif
}

static void collect(struct netif *n, struct netring_addresses *a)
{
	memset(a, 0, sizeof(*a));
	if (!ip4_addr_isany_val(*netif_ip4_addr(n)))
		a->ip4[a->n_ip4++] = ip4_addr_get_u32(netif_ip4_addr(n));
	if (IS_ENABLED(CONFIG_IPV6))
		stack_ip6_collect(a);
	collect_groups4(n, a);
}

void stack_announce(struct netif *n, struct netring_area *area)
{
	struct netring_addresses now, *to = &area->addresses;
	uint32_t generation = last.generation;

	collect(n, &now);
	now.generation = generation;
	if (!memcmp(&now, &last, sizeof(now)))
		return;
	__atomic_store_n(&to->generation, generation + 1, __ATOMIC_SEQ_CST);
	memcpy((char *)to + sizeof(to->generation),
	       (char *)&now + sizeof(now.generation),
	       sizeof(now) - sizeof(now.generation));
	__atomic_store_n(&to->generation, generation + 2, __ATOMIC_SEQ_CST);
	last = now;
	last.generation = generation + 2;
	sys_notify();
}
