/* SPDX-License-Identifier: MIT */
/*
 * The gate: a layer of lwIP's altcp between TLS and httpd. It reads requests
 * (reader.c), at most one at a time for each connection, and what httpd is given
 * for each is a line of its own making with the answer's number: httpd sees no
 * byte of the network. It also keeps the limits: how many connections, how many
 * of them in their handshake, and how long each step may take.
 *
 *	TCP ── TLS ── gate ── httpd ── answer.c
 *
 * Connections are counted and refused before TLS has any memory for them: the
 * door, which is TLS's own accept function on the listening side. Who gives way to
 * a newcomer is places.c's affair.
 */
#include "mgmt.h"
#include "places.h"

#include <domain/syscall.h>
#include <lwip/altcp_tcp.h>
#include <lwip/altcp_tls.h>
#include <lwip/priv/altcp_priv.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/tcp.h>
#include <mbedtls/platform_util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND		1000000ull
#define HANDSHAKE_US	(10 * SECOND)
#define REQUEST_US	(10 * SECOND)	/* from its first byte to its last */
#define IDLE_US		(60 * SECOND)	/* between two requests */
#define STUCK_US	(30 * SECOND)	/* without the client taking a byte */
#define WAIT_US		(60 * SECOND)	/* for an answer: long polls */

/* Heap that others of netd need: who would take it is refused. */
#define HEAP_RESERVE	(CONFIG_NETD_MEMORY_KIB * 1024 / 4)

struct gate {
	struct place place;
	struct altcp_pcb *conn;		/* our layer; NULL: not open yet */
	struct mgmt_reader *reader;	/* READING on, NULL before */
	struct mgmt_answer *answer;	/* ANSWERING */
	bool client;			/* has shown a certificate */
	bool more;			/* sent something before its time */
	bool counted;			/* why its handshake ended */
};

static const struct altcp_functions gate_functions;
static altcp_accept_fn tls_accept;	/* behind the door */
static struct tls_server *server;

void gate_server(struct tls_server *s)
{
	server = s;
}

/* ---- one connection ---- */

/* The other's address, as text. */
static void address_of(struct altcp_pcb *conn, char text[NETD_IP_MAX])
{
	ip_addr_t address;
	u16_t port;

	text[0] = '\0';
	if (altcp_get_tcp_addrinfo(conn, 0, &address, &port) == ERR_OK)
		ipaddr_ntoa_r(&address, text, NETD_IP_MAX);
}

static struct gate *gate_new(struct altcp_pcb *conn, struct altcp_pcb *tls)
{
	struct gate *g = calloc(1, sizeof(*g));
	char address[NETD_IP_MAX];

	if (!g)
		return NULL;
	g->conn = conn;
	address_of(tls, address);
	places_add(&g->place, address);
	return g;
}

/* There may be a password in it, or a session's secret. */
static void free_reader(struct gate *g)
{
	if (g->reader)
		mbedtls_platform_zeroize(g->reader, sizeof(*g->reader));
	free(g->reader);
	g->reader = NULL;
}

static void gate_free(struct gate *g)
{
	places_remove(&g->place);
	if (g->answer)
		answer_orphan(g->answer);
	free_reader(g);
	free(g);
}

/*
 * Has the request answered, or refused with status if that is not 0. g may be
 * gone afterwards.
 */
static void answer(struct gate *g, int status)
{
	struct altcp_pcb *conn = g->conn;
	char line[64];
	struct pbuf *p;
	int n;

	g->reader->request.client_certificate = g->client;
	address_of(conn, g->reader->request.peer);
	if (status) {
		if (status == 408)
			mgmt_status.late_requests++;
		else
			mgmt_status.bad_requests++;
		g->reader->keep_alive = false;
	} else {
		mgmt_status.requests++;
	}
	places_phase(&g->place, ANSWERING);
	g->place.asked = g->place.since;
	g->answer = answer_new(g, g->reader, status);
	n = snprintf(line, sizeof(line), "GET /%u HTTP/1.1\r\n"
		     "Connection: keep-alive\r\n\r\n",
		     g->answer ? answer_number(g->answer) : 0);
	p = g->answer ? pbuf_alloc(PBUF_RAW, (u16_t)n, PBUF_RAM) : NULL;
	if (!p || !conn->recv) {
		/* no memory: from tick, for a connection may not end here */
		if (p)
			pbuf_free(p);
		g->place.since = 0;
		return;
	}
	pbuf_take(p, line, (u16_t)n);
	conn->recv(conn->arg, conn, p, ERR_OK);
}

void gate_answered(struct gate *g, bool go_on)
{
	g->answer = NULL;
	free_reader(g);
	/* who sends two requests at once is not to be read on */
	places_phase(&g->place, go_on && !g->more ? IDLE : LAST);
}

/* Bytes of the client's, as many as make one request. */
static void take(struct gate *g, const struct pbuf *p)
{
	size_t used = 0, left = p->tot_len;
	int status = MGMT_READER_MORE;

	if (g->place.phase == IDLE) {
		g->reader = malloc(sizeof(*g->reader));
		if (!g->reader) {
			mgmt_status.refused_memory++;
			places_phase(&g->place, LAST);
			g->place.since = 0;
			return;
		}
		mgmt_reader_init(g->reader);
		places_phase(&g->place, READING);
	}
	if (g->place.phase != READING) {
		g->more = true;
		return;
	}
	for (; p && status == MGMT_READER_MORE; p = p->next) {
		status = mgmt_reader_feed(g->reader, p->payload, p->len,
					  &used);
		left -= used;
	}
	if (status == MGMT_READER_MORE)
		return;
	g->more = status != MGMT_READER_DONE || left > 0;
	answer(g, status == MGMT_READER_DONE ? 0 : status);
}

/* ---- from below ---- */

static err_t from_tls(void *arg, struct altcp_pcb *tls, struct pbuf *p,
		      err_t error)
{
	struct altcp_pcb *conn = arg;

	(void)error;
	if (!conn || !conn->state) {
		if (p)
			pbuf_free(p);
		return ERR_OK;
	}
	if (!p)		/* the client has no more: nor has httpd for it */
		return conn->recv ? conn->recv(conn->arg, conn, NULL, ERR_OK)
				  : ERR_OK;
	altcp_recved(tls, p->tot_len);
	take(conn->state, p);
	for (struct pbuf *q = p; q; q = q->next)
		mbedtls_platform_zeroize(q->payload, q->len);
	pbuf_free(p);
	return ERR_OK;
}

static err_t tls_sent(void *arg, struct altcp_pcb *tls, u16_t len)
{
	struct altcp_pcb *conn = arg;
	struct gate *g = conn ? conn->state : NULL;

	(void)tls;
	if (!g)
		return ERR_OK;
	/* of an answer before: what its client does now has a limit, too */
	if (g->place.phase == ANSWERING && g->place.since)
		g->place.since = sys_time();
	return conn->sent ? conn->sent(conn->arg, conn, len) : ERR_OK;
}

static err_t tls_poll(void *arg, struct altcp_pcb *tls)
{
	struct altcp_pcb *conn = arg;
	err_t error = conn && conn->poll ? conn->poll(conn->arg, conn) : ERR_OK;

	return error == ERR_OK ? tls_go_on(tls) : error;	/* it was read */
}

static void tls_error(void *arg, err_t error)
{
	struct altcp_pcb *conn = arg;
	struct gate *g = conn ? conn->state : NULL;

	if (!g)
		return;
	if (g->place.phase == HANDSHAKE && !g->counted)
		mgmt_status.failed_handshakes++;
	conn->inner_conn = NULL;
	if (conn->err)
		conn->err(conn->arg, error);
	altcp_free(conn);
}

/* The handshake is done. */
static err_t tls_connected(void *arg, struct altcp_pcb *tls, err_t error)
{
	struct altcp_pcb *conn = arg;
	struct gate *g = conn ? conn->state : NULL;

	if (!g || error != ERR_OK)
		return ERR_OK;
	mgmt_status.established++;
	g->client = tls_has_client(tls);
	places_phase(&g->place, IDLE);
	return ERR_OK;
}

static void join(struct altcp_pcb *conn, struct altcp_pcb *tls)
{
	conn->inner_conn = tls;
	altcp_arg(tls, conn);
	altcp_recv(tls, from_tls);
	altcp_sent(tls, tls_sent);
	altcp_err(tls, tls_error);
	tls->connected = tls_connected;
}

static void part(struct altcp_pcb *tls)
{
	altcp_arg(tls, NULL);
	altcp_recv(tls, NULL);
	altcp_sent(tls, NULL);
	altcp_err(tls, NULL);
	altcp_poll(tls, NULL, tls->pollinterval);
	tls->connected = NULL;
}

/* ---- newcomers ---- */

/* TLS has a new connection. */
static err_t accepted(void *arg, struct altcp_pcb *tls, err_t error)
{
	struct altcp_pcb *listener = arg, *conn;

	if (!listener || !listener->accept || error != ERR_OK)
		return ERR_ARG;
	conn = altcp_alloc();
	if (!conn)
		return ERR_MEM;
	conn->state = gate_new(conn, tls);
	if (!conn->state) {
		altcp_free(conn);
		return ERR_MEM;
	}
	conn->fns = &gate_functions;
	join(conn, tls);
	tls_begin(tls);
	mgmt_status.accepted++;
	return listener->accept(listener->arg, conn, ERR_OK);
}

void places_end(struct place *p)
{
	struct gate *g = (struct gate *)p;	/* its first member */

	g->counted = true;
	altcp_abort(g->conn);
}

bool places_is_strangers(const struct place *p)
{
	const struct gate *g = (const struct gate *)p;

	return g->answer && answer_is_for_stranger(g->answer);
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
	char address[NETD_IP_MAX];

	if (memory_is_short()) {
		mgmt_status.refused_memory++;
		return ERR_MEM;
	}
	address_of(tcp, address);
	switch (places_admit(address)) {
	case NO_HANDSHAKE:
		mgmt_status.refused_handshakes++;
		return ERR_MEM;
	case NO_PLACE:
		mgmt_status.refused_connections++;
		return ERR_MEM;
	case NO_PLACE_FOR_PEER:
		mgmt_status.refused_share++;
		return ERR_MEM;
	case PLACE_FREE:
		break;
	}
	return tls_accept(arg, tcp, error);
}

/* ---- from above: the layer's functions ---- */

static void gate_set_poll(struct altcp_pcb *conn, u8_t interval)
{
	if (conn && conn->inner_conn)
		altcp_poll(conn->inner_conn, tls_poll, interval);
}

/* What httpd is given came from here. */
static void gate_recved(struct altcp_pcb *conn, u16_t len)
{
	(void)conn, (void)len;
}

static struct altcp_pcb *gate_listen(struct altcp_pcb *conn, u8_t backlog,
				     err_t *error)
{
	struct altcp_pcb *tls = altcp_listen_with_backlog_and_err(
		conn->inner_conn, backlog, error);

	if (!tls)
		return NULL;
	conn->inner_conn = tls;
	altcp_arg(tls, conn);
	altcp_accept(tls, accepted);
	tls_accept = tls->inner_conn->accept;
	altcp_accept(tls->inner_conn, door);
	return conn;
}

static void gate_abort(struct altcp_pcb *conn)
{
	if (conn && conn->inner_conn)
		altcp_abort(conn->inner_conn);	/* tls_error frees conn */
}

static err_t gate_close(struct altcp_pcb *conn)
{
	struct altcp_pcb *tls;
	altcp_poll_fn poll;
	err_t error;

	if (!conn)
		return ERR_VAL;
	tls = conn->inner_conn;
	if (tls) {
		poll = tls->poll;
		part(tls);
		tls_end(tls);
		error = altcp_close(tls);
		if (error != ERR_OK) {
			join(conn, tls);
			altcp_poll(tls, poll, tls->pollinterval);
			return error;
		}
		conn->inner_conn = NULL;
	}
	altcp_free(conn);
	return ERR_OK;
}

/* Not more at once than a record holds: TLS could not say how much it took. */
static err_t gate_write(struct altcp_pcb *conn, const void *data, u16_t len,
			u8_t flags)
{
	if (len > MBEDTLS_SSL_OUT_CONTENT_LEN)
		return ERR_MEM;
	return altcp_default_write(conn, data, len, flags);
}

static void gate_dealloc(struct altcp_pcb *conn)
{
	struct gate *g = conn ? conn->state : NULL;

	if (!g)
		return;
	conn->state = NULL;
	gate_free(g);
}

static const struct altcp_functions gate_functions = {
	.set_poll = gate_set_poll,
	.recved = gate_recved,
	.bind = altcp_default_bind,
	.listen = gate_listen,
	.abort = gate_abort,
	.close = gate_close,
	.shutdown = altcp_default_shutdown,
	.write = gate_write,
	.output = altcp_default_output,
	.mss = altcp_default_mss,
	.sndbuf = altcp_default_sndbuf,
	.sndqueuelen = altcp_default_sndqueuelen,
	.nagle_disable = altcp_default_nagle_disable,
	.nagle_enable = altcp_default_nagle_enable,
	.nagle_disabled = altcp_default_nagle_disabled,
	.setprio = altcp_default_setprio,
	.dealloc = gate_dealloc,
	.addrinfo = altcp_default_get_tcp_addrinfo,
	.getip = altcp_default_get_ip,
	.getport = altcp_default_get_port,
	.keepalive_disable = altcp_default_keepalive_disable,
	.keepalive_enable = altcp_default_keepalive_enable,
};

/*
 * What lwIP's httpd listens with, in place of the function of that name in
 * lwIP's example altcp_alloc.c: TCP, TLS, the gate. gate_server() said whose.
 */
struct altcp_pcb *altcp_tls_new(struct altcp_tls_config *config, u8_t ip_type)
{
	struct altcp_pcb *tls = tls_new(server, ip_type);
	struct altcp_pcb *conn = tls ? altcp_alloc() : NULL;

	(void)config;
	if (!conn) {
		if (tls)
			altcp_close(tls);
		return NULL;
	}
	conn->inner_conn = tls;
	conn->fns = &gate_functions;
	return conn;
}

/* ---- time ---- */

static uint64_t limit(const struct gate *g)
{
	switch (g->place.phase) {
	case HANDSHAKE:	return HANDSHAKE_US;
	case IDLE:	return IDLE_US;
	case READING:	return REQUEST_US;
	case ANSWERING:	return altcp_sndqueuelen(g->conn) ? STUCK_US : WAIT_US;
	default:	return SECOND;
	}
}

/* As if the client had closed: httpd does the rest, now or when it can. */
static void leave(struct gate *g)
{
	g->place.since = sys_time();
	if (g->conn->recv)
		g->conn->recv(g->conn->arg, g->conn, NULL, ERR_OK);
	else
		altcp_abort(g->conn);
}

/* Time is up for g, which is gone or in another phase afterwards. */
static void late(struct gate *g)
{
	switch (g->place.phase) {
	case HANDSHAKE:
		mgmt_status.late_handshakes++;
		g->counted = true;
		altcp_abort(g->conn);
		break;
	case READING:
		answer(g, 408);
		break;
	case ANSWERING:
		mgmt_status.stuck++;
		altcp_abort(g->conn);
		break;
	case IDLE:
		mgmt_status.idle++;
		leave(g);
		break;
	default:
		leave(g);
	}
}

void gate_tick(void)
{
	struct gate *g = (struct gate *)places;
	uint64_t now = sys_time();

	mgmt_status.stuck += tls_end_closed(mgmt_settings()->port);
	while (g) {
		if (now - g->place.since < limit(g) &&
		    !(g->answer && answer_is_broken(g->answer))) {
			g = (struct gate *)g->place.next;
			continue;
		}
		/* more than g may have gone */
		late(g);
		g = (struct gate *)places;
	}
}
