// SPDX-License-Identifier: MIT
/* The ports of the first switch, for VMM calls (tandem/status.h). */
#include <net/net.h>

#include <string.h>
#include <tandem/status.h>

_Static_assert(NET_PORTS == TANDEM_STATUS_PORTS, "one entry a port");

static void fill_ports(struct tandem_status *s)
{
	struct net_switch *sw = net_switch_get(0);

	for (unsigned int i = 0; sw && i < NET_PORTS; i++) {
		const struct net_port *p = net_switch_port(
			sw, (enum net_port_id)i);
		struct tandem_status_port *to = &s->port[i];
		const struct net_counters *c;

		if (!p)
			continue;
		c = &p->count;
		strlcpy(to->name, net_port_names[i], sizeof(to->name));
		to->link = p->link;
		to->speed = i == NET_WIRE && p->link ? p->speed : 0;
		to->rx_frames = c->rx_frames;
		to->rx_bytes = c->rx_bytes;
		to->tx_frames = c->tx_frames;
		to->tx_bytes = c->tx_bytes;
		to->dropped = c->rx_errors + c->rx_no_buffer +
			      c->tx_link_down + c->tx_malformed;
	}
}
STATUS_PART(fill_ports);
