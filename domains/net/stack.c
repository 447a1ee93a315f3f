/* SPDX-License-Identifier: MIT */
/* `net`: the VMM's TCP/IP stack, as netd tells (services/netd.h). */
#include "net.h"

#include <domain/command.h>
#include <domain/tty.h>
#include <domain/utc.h>
#include <errno.h>
#include <services/mdns.h>
#include <services/netbios.h>
#include <services/netd.h>
#include <services/sntp.h>
#include <services/syslog.h>
#include <stdio.h>
#include <string.h>

static char answer[NETD_ANSWER_MAX] __attribute__((aligned(8)));

static void tell_error(int error, struct json *j)
{
	if (j)
		return;
	if (error == -ENOENT || error == -EPIPE)
		printf("netd, the VMM's TCP/IP stack, does not answer\n");
	else
		command_failed("netd's answer", error);
}

/* How many structs of size bytes netd answered with; or -errno, told. */
static int ask(enum netd_question question, size_t size, struct json *j)
{
	int len = command_ask(NETD_HANDLER, question, answer, sizeof(answer));

	if (len >= 0)
		return len / (int)size;
	tell_error(len, j);
	return len;
}

static const char *dotted(uint32_t address, char text[16])
{
	const uint8_t *b = (const uint8_t *)&address;

	snprintf(text, 16, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
	return text;
}

static void show_lease(const struct netd_interface *i)
{
	char server[16];

	if (i->dhcp[0])
		printf("netd: dhcp %s\n", i->dhcp);
	if (i->lease_s == UINT32_MAX)
		printf("netd: lease from %s, for ever\n",
		       dotted(i->lease_server, server));
	else if (i->lease_s)
		printf("netd: lease from %s, %u s, %u s left\n",
		       dotted(i->lease_server, server), i->lease_s,
		       i->lease_left_s);
}

static void json_lease(struct json *j, const struct netd_interface *i)
{
	char server[16];

	json_text(j, "dhcp", i->dhcp);
	if (!i->lease_s)
		return;
	json_text(j, "lease_server", dotted(i->lease_server, server));
	json_number(j, "lease_s", i->lease_s);
	json_number(j, "lease_left_s", i->lease_left_s);
}

static void show_dns(const struct netd_interface *i)
{
	char first[16], second[16];

	if (!i->dns[0])
		printf("netd: DNS server none\n");
	else
		printf("netd: DNS server%s %s%s%s, %s\n", i->dns[1] ? "s" : "",
		       dotted(i->dns[0], first), i->dns[1] ? " " : "",
		       i->dns[1] ? dotted(i->dns[1], second) : "",
		       i->dns_by_dhcp ? "by DHCP" : "from the configuration");
}

static void json_dns(struct json *j, const struct netd_interface *i)
{
	char ip[16];

	json_open(j, "dns", '[');
	for (unsigned int n = 0; n < 2 && i->dns[n]; n++)
		json_text(j, NULL, dotted(i->dns[n], ip));
	json_close(j);
	if (i->dns[0])
		json_text(j, "dns_source", i->dns_by_dhcp ? "dhcp" :
			  "configuration");
}

static void show_addresses6(struct json *j)
{
	const struct netd_address6 *a = (const void *)answer;
	int n = ask(NETD_ADDRESSES6, sizeof(*a), j);

	if (j)
		json_open(j, "addresses6", '[');
	for (; n > 0; n--, a++) {
		if (!j) {
			printf("netd: address %s %s\n", a->address, a->state);
			continue;
		}
		json_open(j, NULL, '{');
		json_text(j, "address", a->address);
		json_text(j, "state", a->state);
		json_close(j);
	}
	if (j)
		json_close(j);
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
		printf("netd: address %s netmask %s gateway %s, %s\n", ip,
		       mask, gateway, i->dhcp[0] ? "by DHCP" :
		       "from the configuration");
		show_lease(i);
		show_dns(i);
		printf("netd: MAC %s mtu %u link %s\n", mac, i->mtu,
		       i->link ? "up" : "down");
		if (i->vlan)
			printf("netd: VLAN %u\n", i->vlan);
		printf("netd: heap %u of %u KiB used\n", i->heap_used_kib,
		       i->heap_kib);
		show_addresses6(j);
		return 0;
	}
	json_open(j, "address", '{');
	json_text(j, "address", ip);
	json_text(j, "netmask", mask);
	json_text(j, "gateway", gateway);
	json_text(j, "source", i->dhcp[0] ? "dhcp" : "configuration");
	if (i->dhcp[0])
		json_lease(j, i);
	json_dns(j, i);
	json_text(j, "mac", mac);
	json_number(j, "mtu", i->mtu);
	json_number(j, "vlan", i->vlan);
	json_bool(j, "link", i->link);
	json_number(j, "heap_used_kib", i->heap_used_kib);
	json_number(j, "heap_kib", i->heap_kib);
	show_addresses6(j);
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

static const char *syslog_state(const struct syslog_status *s)
{
	switch (s->state) {
	case SYSLOG_ASKS:	return "asks for its address";
	case SYSLOG_NO_NAME:	return netd_resolve_error(s->error);
	case SYSLOG_WAITS:	return "waits: there is no way to it";
	case SYSLOG_SENDS:	return "sends";
	case SYSLOG_NO_TRUST:	return syslog_no_trust(s->error);
	case SYSLOG_CONNECTS:	return "connects";
	case SYSLOG_REFUSED:
	case SYSLOG_BROKEN:	return s->why;
	default:		return "off";
	}
}

static void json_syslog(struct json *j, const struct syslog_status *s)
{
	json_open(j, "syslog", '{');
	json_text(j, "state", syslog_state(s));
	if (s->state != SYSLOG_OFF) {
		json_text(j, "server", s->server);
		json_text(j, "address", s->address);
		json_number(j, "port", s->port);
		json_number(j, "sent", s->sent);
		json_number(j, "lost_bytes", s->lost);
		json_number(j, "failed", s->failed);
		json_text(j, "transport", s->tls ? "tls" : "udp");
	}
	if (s->state != SYSLOG_OFF && s->tls) {
		json_number(j, "connections", s->connections);
		json_number(j, "refused", s->refused);
		json_number(j, "broken", s->broken);
	}
	json_close(j);
}

int net_syslog(struct json *j)
{
	struct syslog_status s = { 0 };
	int len = command_ask(SYSLOG_HANDLER, 0, &s, sizeof(s));

	if (len != sizeof(s)) {
		tell_error(len < 0 ? len : -EPROTO, j);
		return COMMAND_FAILED;
	}
	if (j) {
		json_syslog(j, &s);
		return 0;
	}
	if (s.state == SYSLOG_OFF)
		return 0;
	printf("netd: syslog to %s", s.server);
	if (s.address[0] && strcmp(s.address, s.server))
		printf(" (%s)", s.address);
	printf(" port %u%s: %s%s\n", s.port, s.tls ? " by TLS" : "",
	       s.state == SYSLOG_REFUSED || s.state == SYSLOG_BROKEN ?
	       "the server " : "", syslog_state(&s));
	printf("netd: syslog messages %10lu sent, %lu not sent at first, %lu "
	       "bytes lost\n", s.sent, s.failed, s.lost);
	if (s.tls)
		printf("netd: syslog connections %7lu made, %lu broken, %lu "
		       "refused\n", s.connections, s.broken, s.refused);
	return 0;
}

static void json_time(struct json *j, const struct sntp_status *s,
		      const char *text)
{
	json_open(j, "time", '{');
	json_text(j, "server", s->server);
	if (s->utc) {
		json_text(j, "utc", text);
		json_number(j, "age_s", s->age / 1000000);
	}
	json_number(j, "asked", s->asked);
	json_number(j, "taken", s->taken);
	json_number(j, "refused", s->refused);
	json_close(j);
}

int net_time(struct json *j)
{
	struct sntp_status s = { 0 };
	int len = command_ask(SNTP_HANDLER, 0, &s, sizeof(s));
	char text[UTC_TEXT];

	if (len != sizeof(s)) {
		tell_error(len < 0 ? len : -EPROTO, j);
		return COMMAND_FAILED;
	}
	utc_text(s.utc, text);
	if (j) {
		json_time(j, &s, text);
		return 0;
	}
	if (!s.server[0])
		return 0;
	if (s.utc)
		printf("netd: time %s, set %lu s ago by %s\n", text,
		       s.age / 1000000, s.server);
	else
		printf("netd: time not known, %s is asked\n", s.server);
	printf("netd: time answers %10lu taken, %lu refused, %lu questions\n",
	       s.taken, s.refused, s.asked);
	return 0;
}

static const char *mdns_state(const struct mdns_status *s)
{
	switch (s->state) {
	case MDNS_PROBES:	return "asks whether anybody has the name";
	case MDNS_ANSWERS:	return "answers";
	case MDNS_NO_NAME:	return "others have the name";
	default:		return "off";
	}
}

/* What is told of a service that runs at that port. */
static void show_told(struct json *j, const char *type, uint16_t port)
{
	if (!port)
		return;
	if (j)
		json_number(j, type, port);
	else
		printf(" %s port %u", type, port);
}

static void show_all_told(struct json *j, const struct mdns_status *s)
{
	show_told(j, "_https._tcp", s->https);
	show_told(j, "_echo._tcp", s->echo_tcp);
	show_told(j, "_echo._udp", s->echo_udp);
}

static void json_mdns(struct json *j, const struct mdns_status *s)
{
	json_open(j, "mdns", '{');
	json_text(j, "state", mdns_state(s));
	if (s->state != MDNS_OFF) {
		json_text(j, "name", s->name);
		json_open(j, "services", '{');
		show_all_told(j, s);
		json_close(j);
		json_number(j, "messages", s->messages);
		json_number(j, "malformed", s->malformed);
		json_number(j, "ignored", s->ignored);
		json_number(j, "conflicts", s->conflicts);
	}
	json_close(j);
}

int net_mdns(struct json *j)
{
	struct mdns_status s = { 0 };
	int len = command_ask(MDNS_HANDLER, 0, &s, sizeof(s));

	if (len != sizeof(s)) {
		tell_error(len < 0 ? len : -EPROTO, j);
		return COMMAND_FAILED;
	}
	if (j) {
		json_mdns(j, &s);
		return 0;
	}
	if (s.state == MDNS_OFF)
		return 0;
	printf("netd: mDNS %s.local: %s", s.name, mdns_state(&s));
	show_all_told(NULL, &s);
	printf("\nnetd: mDNS messages %10lu taken, %lu malformed, %lu ignored, "
	       "%lu conflicts\n", s.messages, s.malformed, s.ignored,
	       s.conflicts);
	return 0;
}

static void json_netbios(struct json *j, const struct netbios_status *s)
{
	json_open(j, "netbios", '{');
	json_text(j, "state", s->name[0] ? "answers" : "off");
	if (s->name[0]) {
		json_text(j, "name", s->name);
		json_number(j, "messages", s->messages);
		json_number(j, "malformed", s->malformed);
		json_number(j, "ignored", s->ignored);
	}
	json_close(j);
}

int net_netbios(struct json *j)
{
	struct netbios_status s = { 0 };
	int len = command_ask(NETBIOS_HANDLER, 0, &s, sizeof(s));

	if (len != sizeof(s)) {
		tell_error(len < 0 ? len : -EPROTO, j);
		return COMMAND_FAILED;
	}
	if (j) {
		json_netbios(j, &s);
		return 0;
	}
	if (s.name[0])
		printf("netd: NetBIOS %s: %lu messages taken, %lu malformed, "
		       "%lu ignored\n", s.name, s.messages, s.malformed,
		       s.ignored);
	return 0;
}

int net_neighbours(struct json *j)
{
	const struct netd_neighbour *e = (const void *)answer;
	int n = ask(NETD_NEIGHBOURS, sizeof(*e), j);
	char mac[18];

	if (n < 0)
		return COMMAND_FAILED;
	if (j)
		json_open(j, "neighbours", '[');
	else
		printf("%-16s %s\n", "address", "MAC");
	for (; n > 0; n--, e++) {
		net_mac(e->mac, mac);
		if (!j) {
			printf("%-16s %s\n", e->address, mac);
			continue;
		}
		json_open(j, NULL, '{');
		json_text(j, "address", e->address);
		json_text(j, "mac", mac);
		json_close(j);
	}
	if (j)
		json_close(j);
	return 0;
}

/* "10.0.2.50:7" or "[fe80::1]:7"; "*" for what may be any. */
static const char *end(const char *ip, uint16_t port, char text[64])
{
	bool brackets = strchr(ip, ':');
	char number[8] = "*";

	if (port)
		snprintf(number, sizeof(number), "%u", port);
	snprintf(text, 64, "%s%s%s:%s", brackets ? "[" : "", *ip ? ip : "*",
		 brackets ? "]" : "", number);
	return text;
}

static void json_connection(struct json *j, const struct netd_connection *c)
{
	json_open(j, NULL, '{');
	json_text(j, "protocol", c->protocol == NETD_TCP ? "tcp" : "udp");
	json_text(j, "local", *c->local ? c->local : "any");
	json_number(j, "local_port", c->local_port);
	json_text(j, "remote", *c->remote ? c->remote : "any");
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
	char local[64], remote[64];

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
