/* SPDX-License-Identifier: MIT */
/*
 * The echo server (RFC 862) over TLS (services/tls.h), with the identity of the
 * management service. What a client has sent is copied out of lwIP's buffers, and
 * TCP's window opens as it is given to TLS again: who does not read has WINDOW
 * bytes here, SENT_MAX on their way, and stops by its own doing.
 *
 * Connections are refused before TLS has any memory for them, when there are
 * CONNECTIONS, handshakes among them, or little memory is left. A handshake may
 * take ten seconds; one that has lasted for one makes room for a newcomer. Nobody
 * whose handshake is done is ended for another.
 */
#include "echo.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <lwip/priv/altcp_priv.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
#include <lwip_hooks.h>
#include <services/netd.h>
#include <services/tls.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS	CONFIG_ECHO_TLS_CONNECTIONS
#define CHUNK		2048u
/* a record of 2^14 bytes has to fit, or it would never be complete */
#define WINDOW		(12u * TCP_MSS)
#define SENT_MAX	16384u
#define RECORD_MORE	64u		/* more than TLS adds to a record */
#define HEAP_RESERVE	(CONFIG_NETD_MEMORY_KIB * 1024 / 4)

#define SECOND		1000000ull
#define HANDSHAKE_US	(10 * SECOND)
#define GIVES_WAY_US	SECOND
#define TICK_MS		1000
#define POLL_INTERVAL	1		/* half seconds */

struct chunk {
	struct chunk *next;
	uint16_t filled, written;	/* bytes: received, given to TLS */
	uint8_t data[CHUNK];
};

struct session {
	struct session *next, **link;	/* whose next points here */
	struct altcp_pcb *tls;
	struct chunk *first, *last;
	uint64_t since;			/* VMM time of its TCP connection */
	bool secure;			/* the handshake is done */
	bool waits;			/* lwIP keeps what there was no room for */
	bool other_closed;
};

static struct tls_server server = { .window = WINDOW };
static struct altcp_pcb *listener;
static uint16_t listens_at;
static struct session *sessions;
static altcp_accept_fn tls_accept;	/* behind the door */

static struct {
	uint64_t accepted, refused, reset, bytes, no_memory;
	uint64_t handshakes, failed;
	unsigned int open;
} count;

static struct tcp_pcb *tcp_of(const struct altcp_pcb *tls)
{
	return tls->inner_conn->state;
}

static void forget(struct session *s)
{
	struct chunk *next;

	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	for (; s->first; s->first = next) {
		next = s->first->next;
		free(s->first);
	}
	if (!s->secure)
		count.failed++;
	count.open--;
	free(s);
}

/* ---- the stream ---- */

/* lwIP calls us about s no more. */
static struct altcp_pcb *detach(struct session *s)
{
	struct altcp_pcb *tls = s->tls;

	altcp_arg(tls, NULL);
	altcp_recv(tls, NULL);
	altcp_sent(tls, NULL);
	altcp_err(tls, NULL);
	altcp_poll(tls, NULL, 0);
	tls->connected = NULL;
	return tls;
}

static void attach(struct session *s);

/* The other side has closed and has everything: close, too. */
static void finish(struct session *s)
{
	if (!s->other_closed || s->first || tcp_of(s->tls)->snd_queuelen)
		return;
	detach(s);
	tls_end(s->tls);
	if (altcp_close(s->tls) == ERR_OK)
		forget(s);
	else
		attach(s);		/* no memory: poll() tries again */
}

/* May a record of len bytes go to TCP, too? */
static bool may_send(const struct session *s, size_t len)
{
	const struct tcp_pcb *tcp = tcp_of(s->tls);
	size_t on_its_way = (size_t)(TCP_SND_BUF - tcp->snd_buf);

	return on_its_way + len + RECORD_MORE <= SENT_MAX &&
	       tcp->snd_queuelen < TCP_SND_QUEUELEN / 2;
}

/* Give TLS what may go. false: that broke the connection, and s is no more. */
static bool push(struct session *s)
{
	struct chunk *c;
	size_t len;
	err_t error;

	while (s->secure && (c = s->first)) {
		len = (size_t)(c->filled - c->written);
		if (!may_send(s, len))
			break;
		error = altcp_write(s->tls, c->data + c->written, (u16_t)len,
				    TCP_WRITE_FLAG_COPY);
		if (error == ERR_MEM)
			break;		/* again from sent() or poll() */
		if (error != ERR_OK) {
			altcp_abort(s->tls);	/* on_error() forgets s */
			return false;
		}
		count.bytes += len;
		altcp_recved(s->tls, (u16_t)len);
		s->first = c->next;
		if (!s->first)
			s->last = NULL;
		free(c);
	}
	return true;
}

/* A copy of p behind what is held. All of it, or false. */
static bool keep(struct session *s, const struct pbuf *p)
{
	struct chunk *new = NULL, **at = &new, *c = NULL;
	u16_t done = 0;

	while (done < p->tot_len) {
		c = malloc(sizeof(*c));
		if (!c)
			goto err_memory;
		c->next = NULL;
		c->written = 0;
		c->filled = pbuf_copy_partial(p, c->data, CHUNK, done);
		done = (u16_t)(done + c->filled);
		*at = c;
		at = &c->next;
	}
	if (s->last)
		s->last->next = new;
	else
		s->first = new;
	if (c)
		s->last = c;
	return true;

err_memory:
	for (; new; new = c) {
		c = new->next;
		free(new);
	}
	return false;
}

static err_t on_receive(void *arg, struct altcp_pcb *tls, struct pbuf *p,
			err_t error)
{
	struct session *s = arg;

	(void)tls, (void)error;
	if (!p) {
		if (s->waits)
			return ERR_OK;	/* that comes first; polls ask again */
		s->other_closed = true;
		finish(s);
		return ERR_OK;
	}
	s->waits = !keep(s, p);
	if (s->waits) {
		count.no_memory++;
		return ERR_MEM;		/* lwIP keeps it, and asks again */
	}
	pbuf_free(p);
	return push(s) ? ERR_OK : ERR_ABRT;
}

static err_t on_sent(void *arg, struct altcp_pcb *tls, u16_t len)
{
	(void)tls, (void)len;
	if (!push(arg))
		return ERR_ABRT;
	finish(arg);
	return ERR_OK;
}

static err_t on_poll(void *arg, struct altcp_pcb *tls)
{
	struct session *s = arg;

	if (s->other_closed)
		return on_sent(s, tls, 0);
	return push(s) ? tls_go_on(tls) : ERR_ABRT;
}

/* The connection is gone already. */
static void on_error(void *arg, err_t error)
{
	struct session *s = arg;

	(void)error;
	if (s->secure)
		count.reset++;
	forget(s);
}

static err_t on_connected(void *arg, struct altcp_pcb *tls, err_t error)
{
	struct session *s = arg;

	(void)tls, (void)error;		/* always ERR_OK */
	s->secure = true;
	count.handshakes++;
	return ERR_OK;
}

static void attach(struct session *s)
{
	altcp_arg(s->tls, s);
	altcp_recv(s->tls, on_receive);
	altcp_sent(s->tls, on_sent);
	altcp_err(s->tls, on_error);
	altcp_poll(s->tls, on_poll, POLL_INTERVAL);
	s->tls->connected = on_connected;
}

/* ---- newcomers ---- */

/* TLS has a new connection. */
static err_t on_accept(void *arg, struct altcp_pcb *tls, err_t error)
{
	struct session *s = error == ERR_OK ? calloc(1, sizeof(*s)) : NULL;
	struct tcp_pcb *tcp;

	(void)arg;
	if (!s) {
		count.refused++;
		return ERR_MEM;
	}
	s->tls = tls;
	s->since = sys_time();
	s->next = sessions;
	s->link = &sessions;
	if (s->next)
		s->next->link = &s->next;
	sessions = s;
	count.open++;
	count.accepted++;
	attach(s);
	tls_begin(tls);
	altcp_nagle_disable(tls);
	/* a peer that vanished is noticed, and its connection ended */
	tcp = tcp_of(tls);
	ip_set_option(tcp, SOF_KEEPALIVE);
	tcp->keep_idle = 30000;
	tcp->keep_intvl = 5000;
	tcp->keep_cnt = 4;
	return ERR_OK;
}

/* Ends the oldest handshake, if it has lasted so long. */
static bool end_handshake(uint64_t us)
{
	struct session *s, *oldest = NULL;

	/* new ones are put in front */
	for (s = sessions; s; s = s->next)
		if (!s->secure)
			oldest = s;
	if (!oldest || sys_time() - oldest->since < us)
		return false;
	altcp_abort(oldest->tls);
	return true;
}

static bool memory_is_short(void)
{
	size_t used, total;

	malloc_usage(&used, &total);
	return total - used < HEAP_RESERVE;
}

/* TCP has a new connection: what refuses it is cheap. */
static err_t door(void *arg, struct altcp_pcb *tcp, err_t error)
{
	if (memory_is_short() ||
	    (count.open >= CONNECTIONS && !end_handshake(GIVES_WAY_US))) {
		count.refused++;
		return ERR_MEM;
	}
	return tls_accept(arg, tcp, error);
}

/* ---- the server ---- */

static void tick(void *unused)
{
	(void)unused;
	while (end_handshake(HANDSHAKE_US))
		;
	count.reset += tls_end_closed(listens_at);
	sys_timeout(TICK_MS, tick, NULL);
}

static void nothing_to_count(uint64_t us)
{
	(void)us;
}

static void nothing_to_tell(void)
{
}

static int listen(uint16_t port)
{
	struct altcp_pcb *tls = tls_new(&server, IPADDR_TYPE_ANY);
	err_t error;

	if (!tls)
		return -ENOMEM;
	ip_set_option(tcp_of(tls), SOF_REUSEADDR);
	error = altcp_bind(tls, IP_ANY_TYPE, port);
	if (error == ERR_OK)
		listener = altcp_listen_with_backlog_and_err(tls,
			CONNECTIONS, &error);
	if (error != ERR_OK || !listener) {
		altcp_close(tls);
		listener = NULL;
		return netd_error(error);
	}
	stack_tcp_windows(tcp_of(listener), WINDOW);
	altcp_accept(listener, on_accept);
	tls_accept = listener->inner_conn->accept;
	altcp_accept(listener->inner_conn, door);
	return 0;
}

int echo_tls_start(uint16_t port)
{
	int error;

	if (port == 0)
		return -EINVAL;
	if (listener)
		return -EEXIST;
	error = tls_identity(&server.certificate, &server.key);
	if (error)
		return error;
	server.worked = nothing_to_count;
	server.resumed = server.bad_record = server.delayed = nothing_to_tell;
	error = listen(port);
	if (error)
		return error;
	listens_at = port;
	sys_timeout(TICK_MS, tick, NULL);
	domain_log(LOG_INFO, "echo server on TLS port %u", port);
	return 0;
}

int echo_tls_stop(void)
{
	if (!listener)
		return -ENOENT;
	sys_untimeout(tick, NULL);
	stack_tcp_windows(tcp_of(listener), 0);
	/* lwIP's layer of TLS takes what is below it for a connection */
	altcp_close(listener->inner_conn);
	listener->inner_conn = NULL;
	altcp_close(listener);
	listener = NULL;
	listens_at = 0;
	while (sessions)
		altcp_abort(sessions->tls);	/* on_error() forgets it */
	domain_log(LOG_INFO, "echo server on TLS stopped");
	return 0;
}

void echo_tls_state(struct echo_server_state *s)
{
	s->port = listens_at;
	s->open = count.open;
	s->accepted = count.accepted;
	s->refused = count.refused;
	s->reset = count.reset;
	s->no_memory = count.no_memory;
	s->limit = CONNECTIONS;
	s->handshakes = count.handshakes;
	s->failed = count.failed;
	s->bytes = count.bytes;
}
