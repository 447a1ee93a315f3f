// SPDX-License-Identifier: MIT
/*
 * The three-port switch between wire, guest and the VMM's own stack
 * (docs/network.md): modes "ippass" and "ippassfilter". Each frame is classified
 * once (classify.c) and handed over in batches. Also notices when somebody else
 * uses an address of the VMM.
 */
#define LOG_PREFIX "ippass: "

#include "classify.h"

#include <net/ratelimit.h>
#include <string.h>
#include <tandem/log.h>

static struct ratelimit conflict_limit;

static void report_conflict(const struct ippass_headers *h,
			    enum net_port_id from)
{
	const uint8_t *mac = h->sender_mac, *ip = h->nd_target;
	const char *where = from == NET_GUEST ? "the guest" : "the wire";
	uint32_t left_out;

	if (!ratelimit_ok(&conflict_limit, &left_out))
		return;
	if (h->kind == IPPASS_ARP) {
		ip = (const uint8_t *)&h->ip4_from;
		log_warn("address conflict: %u.%u.%u.%u is the VMM's, but "
			 "%02x:%02x:%02x:%02x:%02x:%02x on %s uses it "
			 "(%u more)", ip[0], ip[1], ip[2], ip[3], mac[0],
			 mac[1], mac[2], mac[3], mac[4], mac[5], where,
			 left_out);
	} else {
		log_warn("address conflict: the VMM's IPv6 address ending in "
			 "%02x%02x:%02x%02x is used by "
			 "%02x:%02x:%02x:%02x:%02x:%02x on %s (%u more)",
			 ip[12], ip[13], ip[14], ip[15], mac[0], mac[1],
			 mac[2], mac[3], mac[4], mac[5], where, left_out);
	}
}

/* All that a batch needs to know, copied once. */
static void take_view(struct ippass_view *v, struct net_switch *sw)
{
	struct net_port *wire = net_switch_port(sw, NET_WIRE);
	struct net_port *guest = net_switch_port(sw, NET_GUEST);
	struct net_port *stack = net_switch_port(sw, NET_STACK);

	memcpy(v->guest_mac, (guest ? guest : wire)->mac, ETH_ALEN);
	memcpy(v->stack_mac, (stack ? stack : wire)->mac, ETH_ALEN);
	net_switch_addresses(sw, &v->vmm);
}

static unsigned int input(struct net_switch *sw, struct net_port *from,
			  struct frame **f, unsigned int n, bool filter)
{
	struct ippass_view v = { .filter = filter };
	uint8_t targets[NET_BATCH];

	take_view(&v, sw);
	for (unsigned int i = 0; i < n; i++) {
		uint8_t bytes[IPPASS_HEADER_BYTES];
		struct ippass_headers h;
		uint32_t len = MIN(f[i]->len, (uint32_t)sizeof(bytes));

		if (!frame_copy(f[i], 0, bytes, len) ||
		    !ippass_parse(bytes, len, &h)) {
			targets[i] = 0;
			continue;
		}
		h.tagged |= (f[i]->flags & FRAME_VLAN) != 0;
		targets[i] = ippass_targets(&v, &h, from->id);
		if (from->id != NET_STACK && ippass_conflict(&v, &h))
			report_conflict(&h, from->id);
	}
	return net_forward(sw, from, f, targets, n);
}

static unsigned int ippass_input(struct net_switch *sw, struct net_port *from,
				 struct frame **f, unsigned int n)
{
	return input(sw, from, f, n, false);
}

static unsigned int ippassfilter_input(struct net_switch *sw,
				       struct net_port *from,
				       struct frame **f, unsigned int n)
{
	return input(sw, from, f, n, true);
}

static const struct net_mode ippass_mode = {
	.name = "ippass",
	.input = ippass_input,
	.guest_port = true,
	.stack_port = true,
};
NET_MODE(ippass_mode);

static const struct net_mode ippassfilter_mode = {
	.name = "ippassfilter",
	.input = ippassfilter_input,
	.guest_port = true,
	.stack_port = true,
};
NET_MODE(ippassfilter_mode);
