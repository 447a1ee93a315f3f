/* SPDX-License-Identifier: MIT */
/* `echoctl status`: servers and client as text, or as one JSON object. */
#include "echoctl.h"

#include <domain/json.h>
#include <domain/tty.h>
#include <stdbool.h>
#include <stdio.h>
#include <tandem/kconfig.h>

static const char *const phases[] = {
	[ECHO_CLIENT_CLOSED] = "closed",
	[ECHO_CLIENT_CONNECTING] = "connecting",
	[ECHO_CLIENT_CONNECTED] = "connected",
};

static const char *phase(const struct echo_client_state *c)
{
	return c->phase <= ECHO_CLIENT_CONNECTED ? phases[c->phase] : "unknown";
}

const char *echoctl_address(uint32_t address, char text[16])
{
	snprintf(text, 16, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
		 address >> 8 & 255, address & 255);
	return text;
}

/* ---- text ---- */

static void print_server(const char *name, const struct echo_server_state *s)
{
	if (s->port)
		printf("%s server: port %u, ", name, s->port);
	else
		printf("%s server: stopped, ", name);
}

static void print_client(const struct echo_client_state *c)
{
	bool udp = c->protocol == ECHO_UDP;
	char ip[16];

	printf("client: %s", udp ? "udp" : "tcp");
	if (c->port)
		printf(" to %s port %u", echoctl_address(c->address, ip),
		       c->port);
	printf(", %s", phase(c));
	if (udp)
		printf(", datagrams %lu sent %lu returned %lu lost %lu late "
		       "%lu changed", c->datagrams, c->returned, c->lost,
		       c->late, c->wrong);
	printf(", sent %lu received %lu", c->sent, c->received);
	if (!udp)
		printf(" wrong %lu", c->wrong);
	printf(" bytes\n");
}

void echoctl_text(const struct echo_servers *servers,
		  const struct echo_client_state *c)
{
	const struct echo_server_state *tcp = &servers->tcp;
	const struct echo_server_state *udp = &servers->udp;
	const struct echo_server_state *tls = &servers->tls;

	print_server("tcp", tcp);
	printf("connections %u open of %u, %lu accepted %lu refused %lu reset "
	       "%lu half-open evicted, %lu KiB of windows, %lu segments waited "
	       "for memory, %lu bytes echoed\n", tcp->open, tcp->limit,
	       tcp->accepted, tcp->refused, tcp->reset, tcp->evicted,
	       tcp->windows / 1024, tcp->no_memory, tcp->bytes);
	print_server("udp", udp);
	printf("datagrams %lu echoed %lu from a port that would loop %lu "
	       "without memory, %lu bytes echoed\n", udp->datagrams,
	       udp->loops, udp->unsent, udp->bytes);
	if (IS_ENABLED(CONFIG_ECHO_TLS)) {
		print_server("tls", tls);
		printf("connections %u open of %u, %lu accepted %lu refused "
		       "%lu reset, handshakes %lu done %lu failed, %lu times "
		       "waited for memory, %lu bytes echoed\n", tls->open,
		       tls->limit, tls->accepted, tls->refused, tls->reset,
		       tls->handshakes, tls->failed, tls->no_memory,
		       tls->bytes);
	}
	print_client(c);
}

/* ---- JSON ---- */

static void tcp(struct json *j, const struct echo_server_state *s)
{
	json_open(j, "tcp", '{');
	json_number(j, "port", s->port);
	json_number(j, "open", s->open);
	json_number(j, "accepted", s->accepted);
	json_number(j, "refused", s->refused);
	json_number(j, "limit", s->limit);
	json_number(j, "evicted", s->evicted);
	json_number(j, "windows", s->windows);
	json_number(j, "no_memory", s->no_memory);
	json_number(j, "reset", s->reset);
	json_number(j, "bytes", s->bytes);
	json_close(j);
}

static void udp(struct json *j, const struct echo_server_state *s)
{
	json_open(j, "udp", '{');
	json_number(j, "port", s->port);
	json_number(j, "datagrams", s->datagrams);
	json_number(j, "loops", s->loops);
	json_number(j, "unsent", s->unsent);
	json_number(j, "bytes", s->bytes);
	json_close(j);
}

static void tls(struct json *j, const struct echo_server_state *s)
{
	json_open(j, "tls", '{');
	json_number(j, "port", s->port);
	json_number(j, "open", s->open);
	json_number(j, "accepted", s->accepted);
	json_number(j, "refused", s->refused);
	json_number(j, "limit", s->limit);
	json_number(j, "handshakes", s->handshakes);
	json_number(j, "failed", s->failed);
	json_number(j, "no_memory", s->no_memory);
	json_number(j, "reset", s->reset);
	json_number(j, "bytes", s->bytes);
	json_close(j);
}

static void client(struct json *j, const struct echo_client_state *c)
{
	char ip[16];

	json_open(j, "client", '{');
	json_text(j, "phase", phase(c));
	json_text(j, "protocol", c->protocol == ECHO_UDP ? "udp" : "tcp");
	json_text(j, "address", echoctl_address(c->address, ip));
	json_number(j, "port", c->port);
	json_number(j, "total", c->total);
	json_number(j, "sent", c->sent);
	json_number(j, "received", c->received);
	json_number(j, "wrong", c->wrong);
	json_number(j, "lost", c->lost);
	json_number(j, "microseconds", c->microseconds);
	json_close(j);
}

void echoctl_json(const struct echo_servers *servers,
		  const struct echo_client_state *c)
{
	struct json j = { .out = tty_write };

	json_open(&j, NULL, '{');
	tcp(&j, &servers->tcp);
	udp(&j, &servers->udp);
	if (IS_ENABLED(CONFIG_ECHO_TLS))
		tls(&j, &servers->tls);
	client(&j, c);
	json_close(&j);
}
