/* SPDX-License-Identifier: MIT */
/*
 * /api/v1/network: the card and the switch's ports, as the core tells, and the
 * VMM's own stack: what `net` shows in the debug shell.
 */
#include "api.h"
#include "sources.h"

#include <errno.h>
#include <string.h>

_Static_assert(API_ROOM >= sizeof(struct net_status), "room for answers");

int source_switch(int n, const struct net_status **s)
{
	int len = api_ask("net_status", n, api_room, sizeof(**s));

	*s = (const void *)api_room;
	if (len < 0)
		return len;
	return len == sizeof(**s) && (*s)->entries <= NET_STATUS_ENTRIES ?
		0 : -EPROTO;
}

bool source_is_drop(const char *name)
{
	static const char *const drops[] = {
		"receive errors", "no buffer", "link was down", "malformed",
		"for nobody", "rules broken", "bad slots", "IP dropped",
		"UDP dropped", "TCP dropped", "TCP bad checksum",
		"TCP no memory",
	};

	for (unsigned int i = 0; i < sizeof(drops) / sizeof(drops[0]); i++)
		if (!strcmp(name, drops[i]))
			return true;
	return false;
}

/* ---- ports ---- */

static void show_counter(struct json *j, const char *name, uint64_t value)
{
	json_open(j, NULL, '{');
	json_text(j, "name", name);
	json_number(j, "value", value);
	json_bool(j, "drop", source_is_drop(name));
	json_close(j);
}

static void show_entries(struct json *j, const struct net_status *s,
			 unsigned int port, bool texts)
{
	json_open(j, texts ? "notes" : "counters", '[');
	for (uint32_t i = 0; i < s->entries; i++) {
		const struct net_status_entry *e = &s->entry[i];

		if (e->port != port || (e->is_text != 0) != texts)
			continue;
		if (!texts) {
			show_counter(j, e->name, e->value);
			continue;
		}
		json_open(j, NULL, '{');
		json_text(j, "name", e->name);
		json_text(j, "text", e->text);
		json_close(j);
	}
	json_close(j);
}

static void show_port(struct json *j, const struct net_status *s,
		      unsigned int i)
{
	const struct net_status_port *p = &s->port[i];

	json_open(j, NULL, '{');
	json_text(j, "name", p->name);
	json_bool(j, "link", p->link);
	api_mac(j, "mac", p->mac);
	if (i == 0) {			/* the wire has these of its own */
		json_number(j, "mbit_s", p->speed);
		json_bool(j, "full_duplex", p->full_duplex);
	}
	json_number(j, "rx_frames", p->rx_frames);
	json_number(j, "rx_bytes", p->rx_bytes);
	json_number(j, "tx_frames", p->tx_frames);
	json_number(j, "tx_bytes", p->tx_bytes);
	show_entries(j, s, i, false);
	show_entries(j, s, i, true);
	json_close(j);
}

static void show_switches(struct json *j)
{
	const struct net_status *s;

	json_open(j, "cards", '[');
	for (int n = 0; source_switch(n, &s) == 0; n++) {
		json_open(j, NULL, '{');
		json_text(j, "mode", s->mode);
		json_open(j, "ports", '[');
		for (unsigned int i = 0; i < NET_STATUS_PORTS; i++)
			if (s->port[i].name[0])
				show_port(j, s, i);
		json_close(j);
		json_number(j, "counters_left_out", s->left_out);
		json_close(j);
	}
	json_close(j);
}

/* ---- the stack ---- */

/* How many structs of that size netd itself answers with. */
static int ask(enum netd_question question, size_t size)
{
	int len = netd_answer(question, api_room, sizeof(api_room));

	return len < 0 ? 0 : len / (int)size;
}

static void show_lease(struct json *j, const struct netd_interface *i)
{
	json_text(j, "dhcp", i->dhcp);
	if (!i->lease_s)
		return;
	api_ip4(j, "lease_server", i->lease_server);
	json_number(j, "lease_s", i->lease_s);
	json_number(j, "lease_left_s", i->lease_left_s);
}

static void show_interface(struct json *j)
{
	const struct netd_interface *i = (const void *)api_room;

	if (ask(NETD_INTERFACE, sizeof(*i)) < 1)
		return;
	json_bool(j, "link", i->link);
	api_mac(j, "mac", i->mac);
	json_number(j, "mtu", i->mtu);
	json_number(j, "vlan", i->vlan);
	api_ip4(j, "address", i->address);
	api_ip4(j, "netmask", i->netmask);
	api_ip4(j, "gateway", i->gateway);
	json_text(j, "source", i->dhcp[0] ? "dhcp" : "configuration");
	if (i->dhcp[0])
		show_lease(j, i);
	json_open(j, "dns", '[');
	for (unsigned int n = 0; n < 2 && i->dns[n]; n++)
		api_ip4(j, NULL, i->dns[n]);
	json_close(j);
	json_number(j, "heap_used_kib", i->heap_used_kib);
	json_number(j, "heap_kib", i->heap_kib);
}

static void show_addresses6(struct json *j)
{
	const struct netd_address6 *e = (const void *)api_room;
	int n = ask(NETD_ADDRESSES6, sizeof(*e));

	json_open(j, "addresses6", '[');
	for (; n > 0; n--, e++) {
		json_open(j, NULL, '{');
		json_text(j, "address", e->address);
		json_text(j, "state", e->state);
		json_close(j);
	}
	json_close(j);
}

static void show_counters(struct json *j)
{
	const struct netd_counter *e = (const void *)api_room;
	int n = ask(NETD_COUNTERS, sizeof(*e));

	json_open(j, "counters", '[');
	for (; n > 0; n--, e++)
		show_counter(j, e->name, e->value);
	json_close(j);
}

static void show_neighbours(struct json *j)
{
	const struct netd_neighbour *e = (const void *)api_room;
	int n = ask(NETD_NEIGHBOURS, sizeof(*e));

	json_open(j, "neighbours", '[');
	for (; n > 0; n--, e++) {
		json_open(j, NULL, '{');
		json_text(j, "address", e->address);
		api_mac(j, "mac", e->mac);
		json_close(j);
	}
	json_close(j);
}

static void show_connections(struct json *j)
{
	const struct netd_connection *e = (const void *)api_room;
	int n = ask(NETD_CONNECTIONS, sizeof(*e));

	json_bool(j, "connections_truncated",
		  n == (int)(API_ROOM / sizeof(*e)));
	json_open(j, "connections", '[');
	for (; n > 0; n--, e++) {
		json_open(j, NULL, '{');
		json_text(j, "protocol", e->protocol == NETD_TCP ? "tcp" :
			  "udp");
		json_text(j, "local", e->local);
		json_number(j, "local_port", e->local_port);
		json_text(j, "remote", e->remote);
		json_number(j, "remote_port", e->remote_port);
		json_text(j, "state", e->state);
		json_number(j, "unsent", e->unsent);
		json_close(j);
	}
	json_close(j);
}

/* ---- the route ---- */

static void show_network(const struct mgmt_request *r, struct mgmt_answer *a)
{
	struct tandem_status s;
	struct json j;
	int error = source_status(&s);

	(void)r;
	if (error) {
		api_no_answer(a, "the core", error);
		return;
	}
	api_answer(&j, a);
	json_number(&j, "uptime_us", s.uptime_us);
	show_switches(&j);
	json_open(&j, "stack", '{');
	show_interface(&j);
	show_addresses6(&j);
	show_counters(&j);
	show_neighbours(&j);
	show_connections(&j);
	json_close(&j);
	json_close(&j);
}

static const struct mgmt_route network_route = {
	.path = "/api/v1/network", .methods = MGMT_METHODS(MGMT_GET),
	.role = MGMT_READ, .handle = show_network,
};
MGMT_ROUTE(network_route);
