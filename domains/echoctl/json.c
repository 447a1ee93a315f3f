/* SPDX-License-Identifier: MIT */
/* `echoctl status --json`: servers and client as one object. */
#include "echoctl.h"

#include <domain/json.h>
#include <domain/tty.h>
#include <stdio.h>

static void tcp(struct json *j, const struct echo_server_state *s)
{
	json_open(j, "tcp", '{');
	json_number(j, "port", s->port);
	json_number(j, "open", s->open);
	json_number(j, "accepted", s->accepted);
	json_number(j, "refused", s->refused);
	json_number(j, "evicted", s->evicted);
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

static void client(struct json *j, const struct echo_client_state *c)
{
	static const char *const phases[] = {
		[ECHO_CLIENT_CLOSED] = "closed",
		[ECHO_CLIENT_CONNECTING] = "connecting",
		[ECHO_CLIENT_CONNECTED] = "connected",
	};
	char ip[16];

	snprintf(ip, sizeof(ip), "%u.%u.%u.%u", c->address >> 24,
		 c->address >> 16 & 255, c->address >> 8 & 255,
		 c->address & 255);
	json_open(j, "client", '{');
	json_text(j, "phase", c->phase <= ECHO_CLIENT_CONNECTED ?
			      phases[c->phase] : "unknown");
	json_text(j, "protocol", c->protocol == ECHO_UDP ? "udp" : "tcp");
	json_text(j, "address", ip);
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
	client(&j, c);
	json_close(&j);
}
