/* SPDX-License-Identifier: MIT */
/*
 * The echo service's message handler, by which echoctl controls it. Messages
 * come from other domains: each buffer's length is checked, and a copy is
 * made before it is used.
 */
#include "echo.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <services/netd.h>
#include <stdbool.h>
#include <tandem/kconfig.h>

static const struct server {
	enum netd_kept kept;
	int (*start)(uint16_t port);
	int (*stop)(void);
} servers[] = {
	[ECHO_TCP] = { NETD_KEPT_ECHO, echo_server_start, echo_server_stop },
	[ECHO_UDP] = { NETD_KEPT_ECHO_UDP, echo_udp_start, echo_udp_stop },
#ifdef CONFIG_ECHO_TLS
	[ECHO_TLS] = { NETD_KEPT_ECHO_TLS, echo_tls_start, echo_tls_stop },
#endif
};

#define SERVERS (sizeof(servers) / sizeof(servers[0]))

static bool udp_client;		/* the protocol of the last connection */

/*
 * The server's port, 0 for "stopped", with its complement in the upper half: so
 * the next netd goes on as this one was told to.
 */
static void keep_server(const struct server *s, uint16_t port)
{
	*netd_kept(s->kept) = port | (uint32_t)(uint16_t)~port << 16;
}

/* Sets *port if an earlier netd was told anything. */
static void recall_server(const struct server *s, uint16_t *port)
{
	uint32_t kept = *netd_kept(s->kept);

	if ((uint16_t)kept == (uint16_t)~(kept >> 16))
		*port = (uint16_t)kept;
}

static int server_start(const struct echo_request *r)
{
	int error;

	if (r->protocol >= ECHO_ALL)
		return -EINVAL;
	if (r->protocol >= SERVERS)
		return -ENOSYS;
	error = servers[r->protocol].start(r->port);
	if (!error)
		keep_server(&servers[r->protocol], r->port);
	return error;
}

static int server_stop(const struct echo_request *r)
{
	int result = -ENOENT;
	unsigned int i;

	if (r->protocol > ECHO_ALL)
		return -EINVAL;
	for (i = 0; i < SERVERS; i++) {
		if ((r->protocol != ECHO_ALL && r->protocol != i) ||
		    servers[i].stop())
			continue;
		keep_server(&servers[i], 0);
		result = 0;
	}
	return result;
}

static int client_connect(const struct echo_request *r)
{
	struct echo_client_state tcp, udp;
	int error;

	if (r->protocol > ECHO_UDP)
		return -EINVAL;
	echo_client_state(&tcp);
	echo_udp_client_state(&udp);
	if (tcp.phase != ECHO_CLIENT_CLOSED || udp.phase != ECHO_CLIENT_CLOSED)
		return -EBUSY;
	error = r->protocol == ECHO_UDP ?
		echo_udp_client_connect(r->address, r->port, r->datagram) :
		echo_client_connect(r->address, r->port);
	if (!error)
		udp_client = r->protocol == ECHO_UDP;
	return error;
}

static int get_request(const struct msg_buf *bufs, size_t n,
		       struct echo_request *r)
{
	if (n < 1 || bufs[0].len < sizeof(*r))
		return -EINVAL;
	memcpy(r, bufs[0].base, sizeof(*r));
	return 0;
}

static int send(const struct msg_buf *bufs, size_t n,
		const struct echo_request *r)
{
	uint8_t pattern[ECHO_PATTERN_MAX];
	size_t len;

	if (n < 2 || bufs[1].len > sizeof(pattern))
		return -EINVAL;
	len = bufs[1].len;
	memcpy(pattern, bufs[1].base, len);
	return (udp_client ? echo_udp_client_send : echo_client_send)(
		r->total, pattern, len);
}

static int client_state(const struct msg_buf *buf)
{
	struct echo_client_state state;

	if (buf->len < sizeof(state))
		return -EINVAL;
	(udp_client ? echo_udp_client_state : echo_client_state)(&state);
	memcpy(buf->base, &state, sizeof(state));
	return 0;
}

static int server_states(const struct msg_buf *buf)
{
	struct echo_servers s = { 0 };

	if (buf->len < sizeof(s))
		return -EINVAL;
	echo_server_state(&s.tcp);
	echo_udp_state(&s.udp);
	if (IS_ENABLED(CONFIG_ECHO_TLS))
		echo_tls_state(&s.tls);
	memcpy(buf->base, &s, sizeof(s));
	return 0;
}

MSG_HANDLER(echo_message);

int echo_message(int type, int value, struct msg_buf *bufs, size_t n)
{
	struct echo_request r;

	if (type != MSG_BUF)
		return -EINVAL;
	switch (value) {
	case ECHO_CLIENT_STATE:
	case ECHO_SERVERS:
		if (n < 1 || !bufs[0].writable)
			return -EINVAL;
		return value == ECHO_SERVERS ? server_states(bufs) :
					       client_state(bufs);
	case ECHO_CLIENT_CLOSE:
		return udp_client ? echo_udp_client_close() :
				    echo_client_close();
	}
	if (get_request(bufs, n, &r))
		return -EINVAL;
	switch (value) {
	case ECHO_SERVER_START:
		return server_start(&r);
	case ECHO_SERVER_STOP:
		return server_stop(&r);
	case ECHO_CLIENT_CONNECT:
		return client_connect(&r);
	case ECHO_CLIENT_SEND:
		return send(bufs, n, &r);
	}
	return -ENOSYS;
}

static int start(void)
{
	int error = msgregister(ECHO_HANDLER, echo_message_entry);
	unsigned int i;

	for (i = 0; i < SERVERS; i++) {
		uint16_t port = i == ECHO_TCP ? netd_echo_port() : 0;
		int started;

		recall_server(&servers[i], &port);
		started = port ? servers[i].start(port) : 0;
		error = error ? error : started;
	}
	return error;
}

static const struct netd_service echo_service = {
	.name = "echo", .start = start,
};

NETD_SERVICE(echo_service);
