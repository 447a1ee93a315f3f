/* SPDX-License-Identifier: MIT */
/*
 * The echo server (RFC 862, TCP): sends back every byte of a connection in
 * order, until the other side has closed and has got all of it.
 *
 * Each connection has one buffer of the size of TCP's receive window. What
 * arrives is copied there, sent from there without a further copy, and its
 * place given back, to the window also, when the other side has acknowledged
 * it. So memory is bounded, and a peer that sends without reading stops by
 * its own doing.
 */
#include "echo.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <lwip/tcp.h>
#include <services/netd.h>
#include <stdbool.h>
#include <stdlib.h>

#define BUFFER_SIZE	((size_t)TCP_WND)

/* A connection without progress for so long may be ended for a new one. */
#define IDLE_US		30000000

/* tcp_poll() counts half seconds. */
#define POLL_INTERVAL	1

struct connection {
	struct connection *next, **link;	/* whose next points here */
	struct tcp_pcb *pcb;
	/* bytes of the stream so far: received, given to TCP, acknowledged */
	uint64_t received, written, acknowledged;
	uint64_t progress_at;		/* VMM time */
	bool other_closed;
	uint8_t buffer[];
};

static struct tcp_pcb *listener;
static struct connection *connections;

static struct {
	uint64_t accepted, refused, evicted, reset, bytes;
	unsigned int open;
} count;

static void forget(struct connection *c)
{
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	count.open--;
	free(c);
}

/* Stop lwIP from calling us about c any more. */
static struct tcp_pcb *detach(struct connection *c)
{
	struct tcp_pcb *pcb = c->pcb;

	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
	tcp_poll(pcb, NULL, 0);
	return pcb;
}

/*
 * End c at once. lwIP still holds segments that point into its buffer: they
 * go with the pcb, before the buffer does.
 */
static void end(struct connection *c)
{
	tcp_abort(detach(c));
	forget(c);
}

/* Give TCP what fits. */
static void push(struct connection *c)
{
	size_t offset, len;
	err_t error;

	while (c->written < c->received) {
		offset = (size_t)(c->written % BUFFER_SIZE);
		len = (size_t)(c->received - c->written);
		if (len > BUFFER_SIZE - offset)
			len = BUFFER_SIZE - offset;
		if (len > tcp_sndbuf(c->pcb))
			len = tcp_sndbuf(c->pcb);
		if (len > 0xffff)
			len = 0xffff;
		if (len == 0)
			break;
		error = tcp_write(c->pcb, c->buffer + offset, (u16_t)len, 0);
		if (error != ERR_OK)
			break;		/* again from sent() or poll() */
		c->written += len;
	}
	tcp_output(c->pcb);
}

/*
 * The other side has closed and has everything: close, too. Returns false if
 * that has to be tried again.
 */
static bool finished(struct connection *c)
{
	struct tcp_pcb *pcb = c->pcb;

	if (!c->other_closed || c->acknowledged != c->received)
		return false;
	if (tcp_close(pcb) != ERR_OK)
		return false;		/* no memory: poll() tries again */
	detach(c);
	forget(c);
	return true;
}

static err_t on_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p,
			err_t error)
{
	struct connection *c = arg;
	size_t offset, first, len;

	(void)error;
	if (!p) {
		c->other_closed = true;
		finished(c);
		return ERR_OK;
	}
	len = p->tot_len;
	if (len > BUFFER_SIZE - (size_t)(c->received - c->acknowledged))
		return ERR_MEM;		/* beyond the window: lwIP keeps it */
	offset = (size_t)(c->received % BUFFER_SIZE);
	first = len < BUFFER_SIZE - offset ? len : BUFFER_SIZE - offset;
	pbuf_copy_partial(p, c->buffer + offset, (u16_t)first, 0);
	if (len > first)
		pbuf_copy_partial(p, c->buffer, (u16_t)(len - first),
				  (u16_t)first);
	c->received += len;
	c->progress_at = sys_time();
	pbuf_free(p);
	push(c);
	(void)pcb;
	return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	struct connection *c = arg;

	c->acknowledged += len;
	c->progress_at = sys_time();
	count.bytes += len;
	tcp_recved(pcb, len);
	if (!finished(c))
		push(c);
	return ERR_OK;
}

static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
	struct connection *c = arg;

	(void)pcb;
	if (!finished(c) && c->written < c->received)
		push(c);
	return ERR_OK;
}

/* The pcb is gone already. */
static void on_error(void *arg, err_t error)
{
	(void)error;
	count.reset++;
	forget(arg);
}

/* End the connection that has been idle longest. Returns false if none is. */
static bool make_room(void)
{
	struct connection *c, *oldest = NULL;

	for (c = connections; c; c = c->next)
		if (!oldest || c->progress_at < oldest->progress_at)
			oldest = c;
	if (!oldest || sys_time() - oldest->progress_at < IDLE_US)
		return false;
	count.evicted++;
	end(oldest);
	return true;
}

static struct connection *new_connection(void)
{
	struct connection *c = NULL;

	if (count.open < NETD_TCP_CONNECTIONS)
		c = malloc(sizeof(*c) + BUFFER_SIZE);
	if (!c && make_room())
		c = malloc(sizeof(*c) + BUFFER_SIZE);
	if (!c)
		return NULL;
	memset(c, 0, sizeof(*c));
	c->progress_at = sys_time();
	c->next = connections;
	c->link = &connections;
	if (c->next)
		c->next->link = &c->next;
	connections = c;
	count.open++;
	return c;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t error)
{
	struct connection *c;

	(void)arg;
	if (error != ERR_OK || !pcb) {
		count.refused++;
		return ERR_VAL;
	}
	c = new_connection();
	if (!c) {
		count.refused++;
		tcp_abort(pcb);
		return ERR_ABRT;
	}
	count.accepted++;
	c->pcb = pcb;
	tcp_arg(pcb, c);
	tcp_recv(pcb, on_receive);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_error);
	tcp_poll(pcb, on_poll, POLL_INTERVAL);
	tcp_nagle_disable(pcb);
	/* a peer that vanished is noticed, and its connection ended */
	ip_set_option(pcb, SOF_KEEPALIVE);
	pcb->keep_idle = 30000;
	pcb->keep_intvl = 5000;
	pcb->keep_cnt = 4;
	return ERR_OK;
}

int echo_server_start(uint16_t port)
{
	struct tcp_pcb *pcb, *listening;
	err_t error;

	if (port == 0)
		return -EINVAL;
	if (listener)
		return -EEXIST;
	pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
	if (!pcb)
		return -ENOMEM;
	ip_set_option(pcb, SOF_REUSEADDR);
	error = tcp_bind(pcb, IP_ANY_TYPE, port);
	if (error == ERR_OK) {
		listening = tcp_listen_with_backlog_and_err(pcb,
			NETD_TCP_CONNECTIONS, &error);
		if (listening) {
			listener = listening;
			tcp_accept(listener, on_accept);
			domain_log(LOG_INFO, "echo server on port %u", port);
			return 0;
		}
	}
	tcp_close(pcb);
	return netd_error(error);
}

int echo_server_stop(void)
{
	if (!listener)
		return -ENOENT;
	tcp_close(listener);
	listener = NULL;
	while (connections)
		end(connections);
	domain_log(LOG_INFO, "echo server stopped");
	return 0;
}

void echo_server_state(struct echo_server_state *s)
{
	s->port = listener ? listener->local_port : 0;
	s->open = count.open;
	s->accepted = count.accepted;
	s->refused = count.refused;
	s->evicted = count.evicted;
	s->reset = count.reset;
	s->bytes = count.bytes;
}
