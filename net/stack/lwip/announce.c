/* SPDX-License-Identifier: MIT */
/*
 * Tells the core by which addresses the stack is known (struct
 * netring_addresses), each time they have changed. The switch goes by them.
 */
#include "stack.h"

#include <domain/syscall.h>
#include <lwip/netif.h>
#include <netring.h>
#include <string.h>
#include <tandem/kconfig.h>

static struct netring_addresses last;	/* as announced; generation unused */

static void collect(struct netif *n, struct netring_addresses *a)
{
	memset(a, 0, sizeof(*a));
	if (!ip4_addr_isany_val(*netif_ip4_addr(n)))
		a->ip4[a->n_ip4++] = ip4_addr_get_u32(netif_ip4_addr(n));
	if (IS_ENABLED(CONFIG_IPV6))
		stack_ip6_collect(a);
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
