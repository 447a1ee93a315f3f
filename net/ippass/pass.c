// SPDX-License-Identifier: MIT
/*
 * The two modes that look at no frame (docs/network.md): "pass" joins the wire
 * and the guest, "ip" the wire and the VMM's own stack.
 */
#include <net/net.h>

#include <string.h>

static unsigned int forward_all(struct net_switch *sw, struct net_port *from,
				struct frame **f, unsigned int n,
				enum net_port_id other)
{
	uint8_t targets[NET_BATCH];

	memset(targets, (int)(from->id == NET_WIRE ? BIT(other) :
						     BIT(NET_WIRE)), n);
	return net_forward(sw, from, f, targets, n);
}

static unsigned int pass_input(struct net_switch *sw, struct net_port *from,
			       struct frame **f, unsigned int n)
{
	return forward_all(sw, from, f, n, NET_GUEST);
}

static unsigned int ip_input(struct net_switch *sw, struct net_port *from,
			     struct frame **f, unsigned int n)
{
	return forward_all(sw, from, f, n, NET_STACK);
}

static const struct net_mode pass_mode = {
	.name = "pass",
	.input = pass_input,
	.guest_port = true,
};
NET_MODE(pass_mode);

static const struct net_mode ip_mode = {
	.name = "ip",
	.input = ip_input,
	.stack_port = true,
};
NET_MODE(ip_mode);
