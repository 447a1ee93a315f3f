/* SPDX-License-Identifier: MIT */
/*
 * `echoctl`: controls the echo server and client in netd. With arguments it
 * does one thing and ends; without, it asks for commands until `exit`.
 */
#include "echoctl.h"

#include <domain/args.h>
#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <errno.h>
#include <services/echo.h>
#include <services/netd.h>
#include <stdio.h>

#define POLL_US			20000
#define CONNECT_TIMEOUT_US	10000000
#define STALL_TIMEOUT_US	10000000
/* longer than netd asks two servers */
#define NAME_TIMEOUT_US		20000000

static const char help[] =
	"echoctl [command]: one command, or a prompt for more\n"
	"  server start [--udp|--tls] <port>\n"
	"                                listen for echo clients, by TCP, UDP\n"
	"                                or TLS\n"
	"  server stop [--tcp|--udp|--tls]\n"
	"                                end the servers, or one of them, and\n"
	"                                their connections\n"
	"  client connect <host> <port>  connect to an echo server by TCP\n"
	"  client connect --udp [--size <bytes>] <host> <port>\n"
	"                                by UDP, in datagrams of 1472 bytes;\n"
	"                                a host is an IPv4 address or a name\n"
	"  client send [bytes|text]      send, and compare what comes back; by\n"
	"                                UDP a datagram is lost after 1 s\n"
	"  client close                  end the client's connection\n"
	"  status [--json]               what servers and client do\n"
	"  help                          this text\n"
	"  exit                          leave echoctl\n";

static int ask(enum echo_operation what, struct msg_buf *bufs, size_t n)
{
	struct msg_buf none = { .base = (void *)help, .len = 0 };
	int desc = msgopen(ECHO_HANDLER), result;

	if (desc < 0)
		return desc == -ENOENT ? -EPIPE : desc;
	result = msgsendbuf(desc, what, n ? bufs : &none, n ? n : 1);
	msgclose(desc);
	return result;
}

static const char *error_text(int error)
{
	switch (-error) {
	case EPIPE:		return "netd, the VMM's TCP/IP stack, does not "
				       "run";
	case ECONNREFUSED:	return "refused by the other side";
	case ECONNRESET:	return "reset by the other side";
	case ECONNABORTED:	return "ended by the other side";
	case ETIMEDOUT:		return "no answer in time";
	case ENETUNREACH:	return "no route to that address";
	case ENOTCONN:		return "not connected; first \"client connect "
				       "<host> <port>\"";
	default:		return command_error(error);
	}
}

static int failed(const char *what, int error)
{
	printf("%s: %s (%d)\n", what, error_text(error), error);
	return COMMAND_FAILED;
}

static int client_state(struct echo_client_state *state)
{
	struct msg_buf buf = {
		.base = state, .len = sizeof(*state), .writable = 1,
	};

	return ask(ECHO_CLIENT_STATE, &buf, 1);
}

static int do_status(void (*show)(const struct echo_servers *servers,
				  const struct echo_client_state *client))
{
	struct echo_client_state client = { 0 };
	struct echo_servers servers = { 0 };
	struct msg_buf buf = {
		.base = &servers, .len = sizeof(servers), .writable = 1,
	};
	int error = ask(ECHO_SERVERS, &buf, 1);

	if (error >= 0)
		error = client_state(&client);
	if (error < 0)
		return failed("status", error);
	show(&servers, &client);
	return 0;
}

static int do_server(enum echo_operation what, const struct echoctl_command *c)
{
	struct echo_request request = {
		.port = c->port, .protocol = (uint16_t)c->protocol,
	};
	struct msg_buf buf = { .base = &request, .len = sizeof(request) };
	int error = ask(what, &buf, 1);

	switch (error) {
	case -EEXIST:
		printf("server start: it runs already; \"status\" shows "
		       "where\n");
		return COMMAND_FAILED;
	case -EBUSY:
		printf("server start: port %u is in use\n", c->port);
		return COMMAND_FAILED;
	case -ENOENT:
		printf("server stop: no server runs\n");
		return COMMAND_FAILED;
	case -ENODEV:
		printf("server start: no key for TLS: neither CPU nor firmware "
		       "has a random number generator to make one of\n");
		return COMMAND_FAILED;
	case -ENOSYS:
		printf("server start: this build has no TLS (ECHO_TLS)\n");
		return COMMAND_FAILED;
	}
	if (error < 0)
		return failed("server", error);
	if (what == ECHO_SERVER_START)
		printf("echo server listens on %sport %u\n",
		       c->protocol == ECHO_UDP ? "UDP " :
		       c->protocol == ECHO_TLS ? "TLS " : "", c->port);
	else
		printf("echo server stopped\n");
	return 0;
}

static int name_failed(const char *name, int error)
{
	printf("client connect: %s: %s (%d)\n", name, error == -EPIPE ?
	       error_text(error) : netd_resolve_error(error), error);
	return COMMAND_FAILED;
}

/* netd asks for itself and gives up in time; see services/netd.h. */
static int ask_for_address(const char *name, uint32_t *address)
{
	uint64_t end = sys_time() + NAME_TIMEOUT_US;
	char text[NETD_IP_MAX] = "";
	struct msg_buf bufs[2] = {
		{ .base = (void *)name, .len = (uint32_t)strlen(name) },
		{ .base = text, .len = sizeof(text), .writable = 1 },
	};
	int desc, error = -EAGAIN;

	while (error == -EAGAIN && sys_time() < end) {
		desc = msgopen(NETD_HANDLER);
		if (desc < 0)
			return desc == -ENOENT ? -EPIPE : desc;
		error = msgsendbuf(desc, NETD_RESOLVE, bufs, 2);
		msgclose(desc);
		if (error == -EAGAIN)
			sys_wait(sys_time() + POLL_US);
	}
	text[sizeof(text) - 1] = '\0';
	if (!error && args_ipv4(text, address))
		return -EPROTO;
	return error == -EAGAIN ? -ETIMEDOUT : error;
}

static int connect_to(const struct echoctl_command *c, uint32_t address)
{
	struct echo_request request = {
		.address = address, .port = c->port,
		.protocol = (uint16_t)c->protocol, .datagram = c->datagram,
	};
	struct msg_buf buf = { .base = &request, .len = sizeof(request) };
	struct echo_client_state state = { 0 };
	uint64_t end = sys_time() + CONNECT_TIMEOUT_US;
	char text[16];
	int error;

	error = ask(ECHO_CLIENT_CONNECT, &buf, 1);
	if (error == -EBUSY) {
		printf("client connect: there is a connection; first \"client "
		       "close\"\n");
		return COMMAND_FAILED;
	}
	if (error < 0)
		return failed("client connect", error);
	for (;;) {
		error = client_state(&state);
		if (error < 0)
			return failed("client connect", error);
		if (state.phase != ECHO_CLIENT_CONNECTING)
			break;
		if (sys_time() >= end) {
			ask(ECHO_CLIENT_CLOSE, NULL, 0);
			return failed("client connect", -ETIMEDOUT);
		}
		sys_wait(sys_time() + POLL_US);
	}
	if (state.phase != ECHO_CLIENT_CONNECTED)
		return failed("client connect", state.error);
	printf("%s %s port %u\n",
	       c->protocol == ECHO_UDP ? "datagrams go to" : "connected to",
	       echoctl_address(address, text), c->port);
	return 0;
}

static int do_connect(const struct echoctl_command *c)
{
	uint32_t address = c->address;
	int error = c->name ? ask_for_address(c->name, &address) : 0;

	return error ? name_failed(c->name, error) : connect_to(c, address);
}

/* Whether all came back depends on the network: failed is what is missing. */
static int report_datagrams(const struct echo_client_state *s)
{
	printf("%lu of %lu datagrams came back unchanged in %lu ms",
	       s->returned, s->datagrams, s->microseconds / 1000);
	if (s->lost || s->wrong)
		printf(", %lu lost (%lu came late), %lu changed", s->lost,
		       s->late, s->wrong);
	printf("\n");
	if (s->error)
		printf("client send: %lu of %lu bytes sent: %s\n", s->sent,
		       s->total, error_text(s->error));
	return s->error || s->lost || s->wrong ? COMMAND_FAILED : 0;
}

static int report(const struct echo_client_state *state)
{
	uint64_t ms = state->microseconds / 1000;

	if (state->protocol == ECHO_UDP)
		return report_datagrams(state);

	if (state->received < state->total) {
		printf("client send: %llu of %llu bytes came back: %s\n",
		       (unsigned long long)state->received,
		       (unsigned long long)state->total,
		       error_text(state->error ? state->error : -ETIMEDOUT));
		return COMMAND_FAILED;
	}
	if (state->wrong > 0) {
		printf("client send: %llu of %llu bytes came back changed, the "
		       "first at %llu\n", (unsigned long long)state->wrong,
		       (unsigned long long)state->total,
		       (unsigned long long)state->wrong_at);
		return COMMAND_FAILED;
	}
	printf("%llu bytes came back unchanged in %llu ms\n",
	       (unsigned long long)state->total, (unsigned long long)ms);
	return 0;
}

/* Watch a transfer for as long as it makes progress. */
static int wait_for_echo(void)
{
	struct echo_client_state state = { 0 };
	uint64_t last = 0, end = sys_time() + STALL_TIMEOUT_US;
	int error;

	for (;;) {
		error = client_state(&state);
		if (error < 0)
			return failed("client send", error);
		if ((state.protocol == ECHO_UDP ? !state.busy :
		     state.received == state.total) ||
		    state.phase != ECHO_CLIENT_CONNECTED)
			break;
		if (state.received + state.sent != last) {
			last = state.received + state.sent;
			end = sys_time() + STALL_TIMEOUT_US;
		}
		if (sys_time() >= end)
			break;
		sys_wait(sys_time() + POLL_US);
	}
	return report(&state);
}

static int do_send(uint64_t total, char *pattern, size_t len)
{
	struct echo_request request = { .total = total };
	struct msg_buf bufs[2] = {
		{ .base = &request, .len = sizeof(request) },
		{ .base = pattern, .len = (uint32_t)len },
	};
	int error = ask(ECHO_CLIENT_SEND, bufs, 2);

	if (error < 0)
		return failed("client send", error);
	return wait_for_echo();
}

/* A length that is no divisor of segment sizes, to notice misplaced bytes. */
static int do_send_bytes(uint64_t total)
{
	static char pattern[251];
	size_t i;

	for (i = 0; i < sizeof(pattern); i++)
		pattern[i] = (char)(i * 7 + 1);
	return do_send(total, pattern, sizeof(pattern));
}

static int do_send_text(int argc, char **argv, int first)
{
	static char text[COMMAND_LINE_MAX];
	size_t len = 0;
	int i;

	for (i = first; i < argc; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s",
					i > first ? " " : "", argv[i]);
	return do_send(len, text, len);
}

static int do_close(void)
{
	int error = ask(ECHO_CLIENT_CLOSE, NULL, 0);

	if (error < 0)
		return failed("client close", error);
	printf("connection closed\n");
	return 0;
}

static int run(const struct echoctl_command *c, int argc, char **argv)
{
	switch (c->action) {
	case ECHOCTL_WRONG:
		printf("echoctl: expected: %s\n", c->expected);
		return COMMAND_USAGE;
	case ECHOCTL_HELP:
		tty_write(help, sizeof(help) - 1);
		return 0;
	case ECHOCTL_STATUS:
		return do_status(echoctl_text);
	case ECHOCTL_STATUS_JSON:
		return do_status(echoctl_json);
	case ECHOCTL_SERVER_START:
		return do_server(ECHO_SERVER_START, c);
	case ECHOCTL_SERVER_STOP:
		return do_server(ECHO_SERVER_STOP, c);
	case ECHOCTL_CLIENT_CONNECT:
		return do_connect(c);
	case ECHOCTL_CLIENT_SEND_BYTES:
		return do_send_bytes(c->bytes);
	case ECHOCTL_CLIENT_SEND_TEXT:
		return do_send_text(argc, argv, c->text);
	case ECHOCTL_CLIENT_CLOSE:
		return do_close();
	case ECHOCTL_NOTHING:
	case ECHOCTL_EXIT:
		break;
	}
	return 0;
}

static bool run_line(int argc, char **argv)
{
	struct echoctl_command c = echoctl_parse(argc, argv);

	if (c.action == ECHOCTL_EXIT)
		return false;
	run(&c, argc, argv);
	return true;
}

int command(int argc, char **argv)
{
	struct echoctl_command c;

	if (argc == 0)
		return command_lines("echoctl> ", run_line);
	c = echoctl_parse(argc, argv);
	return run(&c, argc, argv);
}
