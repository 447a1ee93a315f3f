/* SPDX-License-Identifier: MIT */
/*
 * /api/v1/services: the echo servers, which run or not and at which port. A
 * change outlives netd, as one by echoctl does; it goes the same way.
 */
#include "api.h"
#include "sources.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <string.h>
#include <tandem/kconfig.h>

/* echo.c's message handler, which is in this program */
int echo_message(int type, int value, struct msg_buf *bufs, size_t n);

static const char *const names[] = {
	[ECHO_TCP] = "echo-tcp", [ECHO_UDP] = "echo-udp",
	[ECHO_TLS] = "echo-tls",
};

/* Those of this build: TLS comes last. */
#define SERVERS	(IS_ENABLED(CONFIG_ECHO_TLS) ? ECHO_TLS + 1 : ECHO_TLS)

static int ask_echo(enum echo_operation operation, void *buf, size_t len)
{
	struct msg_buf b = {
		.base = buf, .len = (uint32_t)len, .writable = 1,
	};

	if (!IS_ENABLED(CONFIG_ECHO))
		return -ENOENT;
	return echo_message(MSG_BUF, operation, &b, 1);
}

int source_echo(struct echo_servers *s)
{
	memset(s, 0, sizeof(*s));
	return ask_echo(ECHO_SERVERS, s, sizeof(*s));
}

/* ---- what there is ---- */

static void show_service(struct json *j, enum echo_protocol protocol,
			 const struct echo_server_state *s)
{
	json_open(j, NULL, '{');
	json_text(j, "name", names[protocol]);
	json_bool(j, "running", s->port);
	json_number(j, "port", s->port);
	json_open(j, "counters", '[');
	if (protocol != ECHO_UDP) {
		api_counter(j, "open", s->open);
		api_counter(j, "accepted", s->accepted);
		api_counter(j, "refused", s->refused);
		if (protocol == ECHO_TLS)
			api_counter(j, "failed_handshakes", s->failed);
		else
			api_counter(j, "evicted", s->evicted);
		api_counter(j, "reset", s->reset);
	} else {
		api_counter(j, "datagrams", s->datagrams);
		api_counter(j, "loops", s->loops);
		api_counter(j, "unsent", s->unsent);
	}
	api_counter(j, "bytes", s->bytes);
	json_close(j);
	json_close(j);
}

static void show_services(const struct mgmt_request *r, struct mgmt_answer *a)
{
	struct echo_servers s;
	struct json j;
	bool has_echo = source_echo(&s) == 0;

	(void)r;
	api_answer(&j, a);
	json_open(&j, "services", '[');
	if (has_echo) {
		show_service(&j, ECHO_TCP, &s.tcp);
		show_service(&j, ECHO_UDP, &s.udp);
		if (IS_ENABLED(CONFIG_ECHO_TLS))
			show_service(&j, ECHO_TLS, &s.tls);
	}
	json_close(&j);
	json_close(&j);
}

static const struct mgmt_route services_route = {
	.path = "/api/v1/services", .methods = MGMT_METHODS(MGMT_GET),
	.role = MGMT_READ, .handle = show_services,
};
MGMT_ROUTE(services_route);

/* ---- starting and stopping ---- */

/* To what is asked for, from whatever there is; 0 or -errno. */
static int change(enum echo_protocol protocol, bool run, uint16_t port)
{
	struct echo_request e = { .port = port, .protocol = protocol };
	struct echo_servers s;
	uint16_t now;
	int error = source_echo(&s);

	if (error)
		return error;
	now = protocol == ECHO_TCP ? s.tcp.port :
	      protocol == ECHO_UDP ? s.udp.port : s.tls.port;
	if (now && (!run || now != port)) {
		error = ask_echo(ECHO_SERVER_STOP, &e, sizeof(e));
		now = 0;
	}
	if (!error && run && !now)
		error = ask_echo(ECHO_SERVER_START, &e, sizeof(e));
	return error;
}

static void refuse(struct mgmt_answer *a, int error)
{
	switch (error) {
	case -EBUSY:
		api_error(a, 409, "the port is taken");
		break;
	case -ENOENT:
		api_error(a, 404, "there is no such service");
		break;
	default:
		api_no_answer(a, "the service", error);
	}
}

static void put_service(const struct mgmt_request *r, struct mgmt_answer *a)
{
	const char *name = strrchr(r->path, '/') + 1;
	uint64_t port = 0;
	bool running = false;
	struct input members[] = {
		{ "running", INPUT_BOOL, &running, 0, false },
		{ "port", INPUT_NUMBER, &port, UINT16_MAX, false },
	};
	enum echo_protocol protocol = ECHO_TCP;
	int error;

	while (protocol < SERVERS && strcmp(name, names[protocol]))
		protocol++;
	if (protocol >= SERVERS || !IS_ENABLED(CONFIG_ECHO)) {
		refuse(a, -ENOENT);
		return;
	}
	if (!api_body(r, a, members, 2, 1))
		return;
	if (running && !port) {
		api_error(a, 400, "port: expected 1 to 65535");
		return;
	}
	error = change(protocol, running, (uint16_t)port);
	if (error) {
		refuse(a, error);
		return;
	}
	domain_log(LOG_INFO, "mgmt: %s has %s %s", r->peer,
		   running ? "started" : "stopped", name);
	show_services(r, a);
}

static const struct mgmt_route put_route = {
	.path = "/api/v1/services/" "*", .methods = MGMT_METHODS(MGMT_PUT),
	.role = MGMT_OPERATE, .handle = put_service,
};
MGMT_ROUTE(put_route);
