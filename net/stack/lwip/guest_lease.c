/* SPDX-License-Identifier: MIT */
/*
 * The address that the guest has from a DHCP server, as far as the wire tells.
 * Anybody there can make such an answer up, with a lease without end, so none
 * counts for longer than an hour. That is no loss: a guest that has the address
 * for longer answers the VMM's probe for it.
 */
#include "stack.h"

#define SEEN_SECONDS	3600u

void stack_guest_lease_seen(struct stack_guest_lease *l, uint32_t address,
			    uint32_t seconds, uint64_t now)
{
	l->address = address;
	l->until = (uint32_t)now + (seconds < SEEN_SECONDS ? seconds :
							     SEEN_SECONDS);
}

bool stack_guest_lease_is(const struct stack_guest_lease *l, uint32_t address,
			  uint64_t now)
{
	/* an earlier netd, run wild, may have left any number there */
	return address && address == l->address && now < l->until &&
	       l->until - now <= SEEN_SECONDS;
}
