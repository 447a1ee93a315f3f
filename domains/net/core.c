/* SPDX-License-Identifier: MIT */
/* `net`: the card and the switch's ports, as the core tells (abi/net.h). */
#include "net.h"

#include <abi/net.h>
#include <domain/command.h>
#include <domain/tty.h>
#include <errno.h>

static struct net_status status;

/* Of switch n: true if there is one; *error is set if it cannot be told. */
static bool read_switch(int n, int *error)
{
	int len = command_ask("net_status", n, &status, sizeof(status));

	*error = 0;
	if (len == sizeof(status) && status.entries <= NET_STATUS_ENTRIES)
		return true;
	if (len != -ENOENT)
		*error = len < 0 ? len : -EPROTO;
	return false;
}

static void show_link(const struct net_status_port *p)
{
	printf("  %-5s link %s", p->name, p->link ? "up" : "down");
	/* only the wire has these of its own */
	if (p == &status.port[0] && p->link)
		printf(", %u Mbit/s %s duplex", p->speed,
		       p->full_duplex ? "full" : "half");
	printf("\n");
}

static void show_port(unsigned int i)
{
	const struct net_status_port *p = &status.port[i];

	show_link(p);
	printf("    from it %12lu frames %14lu bytes\n", p->rx_frames,
	       p->rx_bytes);
	printf("    to it   %12lu frames %14lu bytes\n", p->tx_frames,
	       p->tx_bytes);
	for (uint32_t n = 0; n < status.entries; n++) {
		const struct net_status_entry *e = &status.entry[n];

		if (e->port != i)
			continue;
		if (e->is_text)
			printf("    %s: %s\n", e->name, e->text);
		else
			printf("    %-22s %10lu\n", e->name, e->value);
	}
}

static void show_switch(bool counters)
{
	char mac[18];

	net_mac(status.port[0].mac, mac);
	printf("net=%s, %s\n", status.mode, mac);
	for (unsigned int i = 0; i < NET_STATUS_PORTS; i++) {
		if (!status.port[i].name[0])
			continue;
		if (counters)
			show_port(i);
		else
			show_link(&status.port[i]);
	}
	if (counters && status.left_out)
		printf("  %u more, for which there is no room\n",
		       status.left_out);
}

static void json_link(struct json *j, const struct net_status_port *p)
{
	char mac[18];

	net_mac(p->mac, mac);
	json_text(j, "name", p->name);
	json_bool(j, "link", p->link);
	json_text(j, "mac", mac);
	if (p != &status.port[0])
		return;
	json_number(j, "mbit_s", p->speed);
	json_bool(j, "full_duplex", p->full_duplex);
}

static void json_port(struct json *j, unsigned int i)
{
	const struct net_status_port *p = &status.port[i];

	json_number(j, "rx_frames", p->rx_frames);
	json_number(j, "rx_bytes", p->rx_bytes);
	json_number(j, "tx_frames", p->tx_frames);
	json_number(j, "tx_bytes", p->tx_bytes);
	for (uint32_t n = 0; n < status.entries; n++) {
		const struct net_status_entry *e = &status.entry[n];

		if (e->port != i)
			continue;
		if (e->is_text)
			json_text(j, e->name, e->text);
		else
			json_number(j, e->name, e->value);
	}
}

static void json_switch(struct json *j, bool counters)
{
	json_open(j, NULL, '{');
	json_text(j, "mode", status.mode);
	json_open(j, "ports", '[');
	for (unsigned int i = 0; i < NET_STATUS_PORTS; i++) {
		if (!status.port[i].name[0])
			continue;
		json_open(j, NULL, '{');
		json_link(j, &status.port[i]);
		if (counters)
			json_port(j, i);
		json_close(j);
	}
	json_close(j);
	json_close(j);
}

static int show(struct json *j, bool counters)
{
	int error, n;

	if (j)
		json_open(j, "cards", '[');
	for (n = 0; read_switch(n, &error); n++) {
		if (j)
			json_switch(j, counters);
		else
			show_switch(counters);
	}
	if (j)
		json_close(j);
	else if (n == 0 && !error)
		printf("no shared network card\n");
	return error && !j ? command_failed("the core's answer", error) :
	       error ? COMMAND_FAILED : 0;
}

int net_ports(struct json *j)
{
	return show(j, true);
}

int net_link(struct json *j)
{
	return show(j, false);
}
