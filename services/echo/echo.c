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
#include <tandem/kconfig.h>

/*
 * The server's port, 0 for "stopped", with its complement in the upper half: so
 * the next netd goes on as this one was told to.
 */
static void keep_server(uint16_t port)
{
	*netd_kept(NETD_KEPT_ECHO) = port | (uint32_t)(uint16_t)~port << 16;
}

/* Sets *port if an earlier netd was told anything. */
static void recall_server(uint16_t *port)
{
	uint32_t kept = *netd_kept(NETD_KEPT_ECHO);

	if ((uint16_t)kept == (uint16_t)~(kept >> 16))
		*port = (uint16_t)kept;
}

static int server_start(uint16_t port)
{
	int error = echo_server_start(port);

	if (!error)
		keep_server(port);
	return error;
}

static int server_stop(void)
{
	int error = echo_server_stop();

	if (!error)
		keep_server(0);
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

static int status(const struct msg_buf *buf)
{
	size_t len = 0;

	len += echo_server_status(buf->base, buf->len);
	len += echo_client_status((char *)buf->base + len, buf->len - len);
	return (int)len;
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
	return echo_client_send(r->total, pattern, len);
}

static int client_state(const struct msg_buf *buf)
{
	struct echo_client_state state;

	if (buf->len < sizeof(state))
		return -EINVAL;
	echo_client_state(&state);
	memcpy(buf->base, &state, sizeof(state));
	return 0;
}

MSG_HANDLER(echo_message);

int echo_message(int type, int value, struct msg_buf *bufs, size_t n)
{
	struct echo_request r;

	if (type != MSG_BUF)
		return -EINVAL;
	switch (value) {
	case ECHO_STATUS:
	case ECHO_CLIENT_STATE:
		if (n < 1 || !bufs[0].writable)
			return -EINVAL;
		return value == ECHO_STATUS ? status(bufs)
					    : client_state(bufs);
	case ECHO_SERVER_STOP:
		return server_stop();
	case ECHO_CLIENT_CLOSE:
		return echo_client_close();
	}
	if (get_request(bufs, n, &r))
		return -EINVAL;
	switch (value) {
	case ECHO_SERVER_START:
		return server_start(r.port);
	case ECHO_CLIENT_CONNECT:
		return echo_client_connect(r.address, r.port);
	case ECHO_CLIENT_SEND:
		return send(bufs, n, &r);
	}
	return -ENOSYS;
}

static int start(void)
{
	int error = msgregister(ECHO_HANDLER, echo_message_entry);
	uint16_t port = IS_ENABLED(CONFIG_ECHO_AUTOSTART) ?
		CONFIG_ECHO_PORT : 0;

	if (error < 0)
		return error;
	recall_server(&port);
	return port ? echo_server_start(port) : 0;
}

static const struct netd_service echo_service = {
	.name = "echo", .start = start,
};

NETD_SERVICE(echo_service);
