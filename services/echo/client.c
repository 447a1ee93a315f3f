/* SPDX-License-Identifier: MIT */
/*
 * The echo client: one connection to an echo server, over which a repeated
 * pattern is sent and compared with what comes back. It never stops reading,
 * so that it cannot lock up with a server that stops when its echo is not
 * read.
 */
#include "echo.h"

#include <domain/syscall.h>
#include <errno.h>
#include <lwip/tcp.h>
#include <services/netd.h>
#include <stdbool.h>

static struct {
	struct tcp_pcb *pcb;
	struct echo_client_state state;
	uint64_t started_at;
	size_t pattern_len;
	uint8_t pattern[ECHO_PATTERN_MAX];
} client;

static void count_wrong(uint64_t offset)
{
	if (client.state.wrong++ == 0)
		client.state.wrong_at = offset;
}

static void closed(int error)
{
	client.pcb = NULL;
	client.state.phase = ECHO_CLIENT_CLOSED;
	client.state.error = error;
}

static struct tcp_pcb *detach(void)
{
	struct tcp_pcb *pcb = client.pcb;

	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
	tcp_poll(pcb, NULL, 0);
	return pcb;
}

/* Give TCP as much of the rest as it takes. */
static void push(void)
{
	struct echo_client_state *s = &client.state;
	size_t offset, len;

	while (s->sent < s->total) {
		offset = (size_t)(s->sent % client.pattern_len);
		len = client.pattern_len - offset;
		if (len > s->total - s->sent)
			len = (size_t)(s->total - s->sent);
		if (len > tcp_sndbuf(client.pcb))
			len = tcp_sndbuf(client.pcb);
		if (len == 0 ||
		    tcp_write(client.pcb, client.pattern + offset, (u16_t)len,
			      TCP_WRITE_FLAG_COPY |
			      (len < s->total - s->sent ?
			       TCP_WRITE_FLAG_MORE : 0)) != ERR_OK)
			break;		/* again from sent() or poll() */
		s->sent += len;
	}
	tcp_output(client.pcb);
}

static void compare(const uint8_t *data, size_t len)
{
	struct echo_client_state *s = &client.state;
	size_t i, place;

	place = client.pattern_len ? s->received % client.pattern_len : 0;
	for (i = 0; i < len; i++) {
		/* more than was sent so far cannot be an echo */
		if (s->received >= s->sent ||
		    data[i] != client.pattern[place])
			count_wrong(s->received);
		s->received++;
		if (++place >= client.pattern_len)
			place = 0;
	}
}

static err_t on_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p,
			err_t error)
{
	struct echo_client_state *s = &client.state;
	const struct pbuf *q;
	bool complete = s->received >= s->total;

	(void)arg, (void)error;
	if (!p) {
		if (tcp_close(detach()) != ERR_OK) {
			tcp_abort(pcb);
			closed(-ECONNABORTED);
			return ERR_ABRT;
		}
		closed(-ECONNABORTED);
		return ERR_OK;
	}
	for (q = p; q; q = q->next)
		compare(q->payload, q->len);
	if (!complete && s->received >= s->total)
		s->microseconds = sys_time() - client.started_at;
	tcp_recved(pcb, p->tot_len);
	pbuf_free(p);
	return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	(void)arg, (void)pcb, (void)len;
	push();
	return ERR_OK;
}

static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
	(void)arg, (void)pcb;
	push();
	return ERR_OK;
}

static void on_error(void *arg, err_t error)
{
	bool connecting = client.state.phase == ECHO_CLIENT_CONNECTING;

	(void)arg;
	if (connecting && error == ERR_RST)
		closed(-ECONNREFUSED);
	else if (connecting)
		closed(-ETIMEDOUT);
	else
		closed(netd_error(error));
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t error)
{
	(void)arg, (void)pcb, (void)error;	/* always ERR_OK */
	client.state.phase = ECHO_CLIENT_CONNECTED;
	return ERR_OK;
}

int echo_client_connect(uint32_t address, uint16_t port)
{
	ip_addr_t ip = IPADDR4_INIT(lwip_htonl(address));
	err_t error;

	if (client.pcb)
		return -EBUSY;
	if (address == 0 || port == 0)
		return -EINVAL;
	client.pcb = tcp_new();
	if (!client.pcb)
		return -ENOMEM;
	memset(&client.state, 0, sizeof(client.state));
	client.state.phase = ECHO_CLIENT_CONNECTING;
	client.state.address = address;
	client.state.port = port;
	client.pattern_len = 0;
	tcp_recv(client.pcb, on_receive);
	tcp_sent(client.pcb, on_sent);
	tcp_err(client.pcb, on_error);
	tcp_poll(client.pcb, on_poll, 1);
	tcp_nagle_disable(client.pcb);
	error = tcp_connect(client.pcb, &ip, port, on_connected);
	if (error != ERR_OK) {
		tcp_abort(detach());
		closed(netd_error(error));
	}
	return netd_error(error);
}

int echo_client_send(uint64_t total, const void *pattern, size_t len)
{
	struct echo_client_state *s = &client.state;

	if (s->phase != ECHO_CLIENT_CONNECTED)
		return -ENOTCONN;
	if (total == 0 || len == 0 || len > ECHO_PATTERN_MAX)
		return -EINVAL;
	if (s->received < s->total)
		return -EBUSY;
	memcpy(client.pattern, pattern, len);
	client.pattern_len = len;
	s->total = total;
	s->sent = s->received = 0;
	s->wrong = s->wrong_at = s->microseconds = 0;
	client.started_at = sys_time();
	push();
	return 0;
}

int echo_client_close(void)
{
	struct tcp_pcb *pcb;

	if (!client.pcb)
		return -ENOTCONN;
	pcb = detach();
	if (client.state.received < client.state.total ||
	    tcp_close(pcb) != ERR_OK)
		tcp_abort(pcb);
	closed(0);
	return 0;
}

void echo_client_state(struct echo_client_state *state)
{
	*state = client.state;
}
