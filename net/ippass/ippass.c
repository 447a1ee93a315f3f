// SPDX-License-Identifier: MIT
/*
 * The three-port switch between wire, guest and the VMM's own stack
 * (docs/network.md): modes "ippass" and "ippassfilter". Each frame is classified
 * once (classify.c) and handed over in batches. Also notices when somebody else
 * uses an address of the VMM (conflict.c).
 */
#include "classify.h"

#include <net/settings.h>
#include <net/vlan.h>
#include <string.h>
#include <tandem/kconfig.h>

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
	struct ippass_view v = {
		.filter = filter,
		.dhcp = IS_ENABLED(CONFIG_NETD) && net_settings()->dhcp,
		.vlan = IS_ENABLED(CONFIG_NETD) ? net_settings()->vlan : 0,
	};
	uint8_t targets[NET_BATCH];
	enum ippass_claim claim;
	const uint8_t *ip;

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
		if (f[i]->flags & FRAME_VLAN)	/* no port makes these */
			h.vlan = NET_VLAN_OTHER;
		targets[i] = ippass_targets(&v, &h, from->id);
		if (from->id == NET_STACK)
			continue;
		claim = ippass_claim(&v, &h, from->id, &ip);
		if (claim != IPPASS_CLAIMS_NOTHING)
			ippass_conflict(&h, claim, from->id, ip);
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
	.describe = ippass_conflicts_describe,
};
NET_MODE(ippass_mode);

static const struct net_mode ippassfilter_mode = {
	.name = "ippassfilter",
	.input = ippassfilter_input,
	.guest_port = true,
	.stack_port = true,
	.describe = ippass_conflicts_describe,
};
NET_MODE(ippassfilter_mode);
