/* SPDX-License-Identifier: MIT */
/* `net`: the VMM's TCP/IP stack, as netd tells (services/netd.h). */
#include "net.h"

#include <domain/command.h>
#include <domain/tty.h>
#include <errno.h>
#include <services/netd.h>
#include <stdio.h>

#define LIST_BYTES	8192

static char answer[LIST_BYTES] __attribute__((aligned(8)));

/* How many structs of size bytes netd answered with; or -errno, told. */
static int ask(enum netd_question question, size_t size, struct json *j)
{
	int len = command_ask(NETD_HANDLER, question, answer, sizeof(answer));

	if (len >= 0)
		return len / (int)size;
	if (len == -ENOENT || len == -EPIPE) {
		if (!j)
			printf("netd, the VMM's TCP/IP stack, does not "
			       "answer\n");
	} else if (!j) {
		command_failed("netd's answer", len);
	}
	return len;
}

static const char *dotted(uint32_t address, char text[16])
{
	const uint8_t *b = (const uint8_t *)&address;

	snprintf(text, 16, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	return text;
}

int net_address(struct json *j)
{
	const struct netd_interface *i = (const void *)answer;
	char ip[16], mask[16], gateway[16], mac[18];

	if (ask(NETD_INTERFACE, sizeof(*i), j) < 1)
		return COMMAND_FAILED;
	dotted(i->address, ip);
	dotted(i->netmask, mask);
	dotted(i->gateway, gateway);
	net_mac(i->mac, mac);
	if (!j) {
		printf("netd: address %s netmask %s gateway %s, from the "
		       "configuration\n", ip, mask, gateway);
		printf("netd: MAC %s mtu %u link %s\n", mac, i->mtu,
		       i->link ? "up" : "down");
		printf("netd: heap %u of %u KiB used\n", i->heap_used_kib,
		       i->heap_kib);
		return 0;
	}
	json_open(j, "address", '{');
	json_text(j, "address", ip);
	json_text(j, "netmask", mask);
	json_text(j, "gateway", gateway);
	json_text(j, "source", "configuration");
	json_text(j, "mac", mac);
	json_number(j, "mtu", i->mtu);
	json_bool(j, "link", i->link);
	json_number(j, "heap_used_kib", i->heap_used_kib);
	json_number(j, "heap_kib", i->heap_kib);
	json_close(j);
	return 0;
}

int net_counters(struct json *j)
{
	const struct netd_counter *c = (const void *)answer;
	int n = ask(NETD_COUNTERS, sizeof(*c), j);

	if (n < 0)
		return COMMAND_FAILED;
	if (j)
		json_open(j, "counters", '{');
	for (; n > 0; n--, c++) {
		if (j)
			json_number(j, c->name, c->value);
		else if (c->value)
			printf("netd: %-22s %10lu\n", c->name, c->value);
	}
	if (j)
		json_close(j);
	return 0;
}

int net_neighbours(struct json *j)
{
	const struct netd_neighbour *e = (const void *)answer;
	int n = ask(NETD_NEIGHBOURS, sizeof(*e), j);
	char ip[16], mac[18];

	if (n < 0)
		return COMMAND_FAILED;
	if (j)
		json_open(j, "neighbours", '[');
	else
		printf("%-16s %s\n", "address", "MAC");
	for (; n > 0; n--, e++) {
		dotted(e->address, ip);
		net_mac(e->mac, mac);
		if (!j) {
			printf("%-16s %s\n", ip, mac);
			continue;
		}
		json_open(j, NULL, '{');
		json_text(j, "address", ip);
		json_text(j, "mac", mac);
		json_close(j);
	}
	if (j)
		json_close(j);
	return 0;
}

/* "10.0.2.50:7", or "*" for what may be any. */
static const char *end(uint32_t address, uint16_t port, char text[24])
{
	char ip[16];

	if (address)
		dotted(address, ip);
	else
		snprintf(ip, sizeof(ip), "*");
	if (port)
		snprintf(text, 24, "%s:%u", ip, port);
	else
		snprintf(text, 24, "%s:*", ip);
	return text;
}

static void json_connection(struct json *j, const struct netd_connection *c)
{
	char ip[16];

	json_open(j, NULL, '{');
	json_text(j, "protocol", c->protocol == NETD_TCP ? "tcp" : "udp");
	json_text(j, "local", dotted(c->local, ip));
	json_number(j, "local_port", c->local_port);
	json_text(j, "remote", dotted(c->remote, ip));
	json_number(j, "remote_port", c->remote_port);
	if (c->protocol == NETD_TCP) {
		json_text(j, "state", c->state);
		json_number(j, "unsent", c->unsent);
	}
	json_close(j);
}

int net_connections(struct json *j)
{
	const struct netd_connection *c = (const void *)answer;
	int n = ask(NETD_CONNECTIONS, sizeof(*c), j);
	char local[24], remote[24];

	if (n < 0)
		return COMMAND_FAILED;
	if (j)
		json_open(j, "connections", '[');
	else
		printf("%-5s %-22s %-22s %8s  %s\n", "", "local", "remote",
		       "unsent", "state");
	for (; n > 0; n--, c++) {
		if (j) {
			json_connection(j, c);
			continue;
		}
		printf("%-5s %-22s %-22s %8u  %s\n",
		       c->protocol == NETD_TCP ? "tcp" : "udp",
		       end(c->local, c->local_port, local),
		       end(c->remote, c->remote_port, remote), c->unsent,
		       c->state);
	}
	if (j)
		json_close(j);
	return 0;
}
