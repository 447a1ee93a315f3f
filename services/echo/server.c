/* SPDX-License-Identifier: MIT */
/*
 * The echo server (RFC 862, TCP): sends back every byte of a connection in
 * order, until the other side has closed and has got all of it.
 *
 * What arrives is copied into chunks of a segment's size, sent from there
 * without a further copy, and given back when TCP points to it no longer. So a
 * connection that has nothing on its way has no memory, and one that sends
 * without reading stops by its own doing, when its window is full.
 *
 * All windows come from one budget, WINDOWS. Of it each connection that may
 * still come has WINDOW_MIN, whatever the others do; the rest, the surplus, is for
 * those that use what they have. When little of it is left, those with more
 * than their share give back as they go on, or when they have been idle.
 * Nobody's connection is ended for another: what is too many is refused.
 */
#include "echo.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip_hooks.h>
#include <services/netd.h>
#include <stdbool.h>
#include <stdlib.h>

#define CONNECTIONS	CONFIG_ECHO_CONNECTIONS
/* most segments have a timestamp */
#define CHUNK		((size_t)(TCP_MSS - LWIP_TCP_OPT_LEN_TS_OUT))
#define WINDOWS		(CONFIG_NETD_MEMORY_KIB * 1024ul / 2)
#define WINDOW_MIN	(2ul * TCP_MSS)
#define WINDOW_MAX	((size_t)TCP_WND)
#define SURPLUS		(WINDOWS - CONNECTIONS * WINDOW_MIN)
#define SCARCE		(SURPLUS / 8)

_Static_assert(CONNECTIONS * WINDOW_MIN <= WINDOWS,
	       "ECHO_CONNECTIONS windows fit half of NETD_MEMORY_KIB");

/* An open window may be taken back without a word after so long. */
#define IDLE_US		10000000

/* tcp_poll() counts half seconds. */
#define POLL_INTERVAL	1

struct chunk {
	struct chunk *next;
	uint16_t filled, written;	/* bytes: received, given to TCP */
	uint8_t data[CHUNK];
};

struct connection {
	struct connection *next, **link;	/* whose next points here */
	struct tcp_pcb *pcb;
	/* oldest, newest, and the first that is not all given to TCP */
	struct chunk *first, *last, *unwritten;
	/* bytes of the stream so far: received, TCP is done with */
	uint64_t received, done;
	uint32_t start;			/* the first byte's sequence number */
	uint16_t freed;			/* bytes of first that are done */
	size_t window;			/* what it may have unread and held */
	uint64_t progress_at;		/* VMM time */
	bool pressed;			/* has used most of its window */
	bool other_closed;
};

static struct tcp_pcb *listener;
static struct connection *connections;

static size_t surplus = SURPLUS;

static struct {
	uint64_t accepted, refused, reset, bytes, no_memory;
	unsigned int open;
} count;

static void forget(struct connection *c)
{
	struct chunk *next;

	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	for (; c->first; c->first = next) {
		next = c->first->next;
		free(c->first);
	}
	surplus += c->window - WINDOW_MIN;
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
 * End c at once. lwIP still holds segments that point into its chunks: they
 * go with the pcb, before the chunks do.
 */
static void end(struct connection *c)
{
	tcp_abort(detach(c));
	forget(c);
}

/* Give TCP what fits. */
static void push(struct connection *c)
{
	struct chunk *k;
	size_t len;

	while ((k = c->unwritten)) {
		len = (size_t)(k->filled - k->written);
		if (len > tcp_sndbuf(c->pcb))
			len = tcp_sndbuf(c->pcb);
		if (len && tcp_write(c->pcb, k->data + k->written, (u16_t)len,
				     0) != ERR_OK)
			break;		/* again from sent() or poll() */
		k->written = (uint16_t)(k->written + len);
		if (k->written < k->filled)
			break;
		c->unwritten = k->next;
	}
	tcp_output(c->pcb);
}

/* ---- windows ---- */

/* More for one that uses what it has: how much more, at most so much. */
static size_t grow(struct connection *c, size_t most)
{
	size_t more = c->window;

	if (more > WINDOW_MAX - c->window)
		more = WINDOW_MAX - c->window;
	if (more > surplus)
		more = surplus;
	if (more > most)
		more = most;
	c->window += more;
	surplus -= more;
	c->pressed = false;
	return more;
}

/* Take back up to most bytes of what is beyond its share: how many. */
static size_t shrink(struct connection *c, size_t most)
{
	size_t share = WINDOW_MIN + SURPLUS / count.open;
	size_t less = c->window > share ? c->window - share : 0;

	if (less > most)
		less = most;
	c->window -= less;
	surplus += less;
	return less;
}

/* How much further the window is open than the other side has been told. */
static size_t untold(const struct tcp_pcb *pcb)
{
	return pcb->rcv_nxt + pcb->rcv_ann_wnd - pcb->rcv_ann_right_edge;
}

/*
 * n bytes are no longer held: open the window by as many, more or fewer. lwIP
 * tells so when it is worth it by TCP_WND; of a small window, half is.
 */
static void open_window(struct connection *c, size_t n)
{
	if (surplus < SCARCE)
		n -= shrink(c, n);
	else if (c->pressed)
		n += grow(c, 0xffff - n);
	if (n)
		tcp_recved(c->pcb, (u16_t)n);
	if (untold(c->pcb) >= c->window / 2)
		tcp_ack_now(c->pcb);	/* push() sends it */
}

/*
 * An idle peer's window is open, and would stay so. It is made smaller unsaid,
 * which a sender has to bear with (RFC 9293, 3.8.6): some of what it may send at
 * once is not taken, and comes again. So does what came out of order, which may
 * lie beyond the new end: lwIP takes it that it never does. Nor is that done to
 * one of whose window lwIP still holds a part for us (on_receive()).
 */
static void take_back(struct connection *c)
{
	if (surplus >= SCARCE || c->first || c->window == WINDOW_MIN ||
	    c->pcb->rcv_wnd < c->window ||
	    netd_time() - c->progress_at < IDLE_US)
		return;
	tcp_free_ooseq(c->pcb);
	c->pcb->rcv_wnd -= (tcpwnd_size_t)(c->window - WINDOW_MIN);
	surplus += c->window - WINDOW_MIN;
	c->window = WINDOW_MIN;
}

/* ---- the stream ---- */

/*
 * The other side has closed and has everything: close, too. Returns false if
 * that has to be tried again.
 */
static bool finished(struct connection *c)
{
	struct tcp_pcb *pcb = c->pcb;

	if (!c->other_closed || c->done != c->received)
		return false;
	/* all was read, or lwIP would reset it */
	pcb->rcv_wnd = TCP_WND_MAX(pcb);
	if (tcp_close(pcb) != ERR_OK)
		return false;		/* no memory: poll() tries again */
	detach(c);
	forget(c);
	return true;
}

/* Room for len bytes behind what is held. All of it, or false. */
static bool make_chunks(struct connection *c, size_t len)
{
	struct chunk *new = NULL, **at = &new, *k;
	size_t room = c->last ? CHUNK - c->last->filled : 0;

	for (; room < len; room += CHUNK) {
		*at = malloc(sizeof(**at));
		if (!*at)
			goto err_memory;
		(*at)->next = NULL;
		(*at)->filled = (*at)->written = 0;
		at = &(*at)->next;
	}
	if (c->last)
		c->last->next = new;
	else
		c->first = c->last = new;
	return true;

err_memory:
	for (; new; new = k) {
		k = new->next;
		free(new);
	}
	return false;
}

static void take(struct connection *c, struct pbuf *p)
{
	u16_t at = 0, n;

	while (at < p->tot_len) {
		if (c->last->filled == CHUNK)
			c->last = c->last->next;
		n = pbuf_copy_partial(p, c->last->data + c->last->filled,
				      (u16_t)(CHUNK - c->last->filled), at);
		c->last->filled = (uint16_t)(c->last->filled + n);
		if (!c->unwritten)
			c->unwritten = c->last;
		at = (u16_t)(at + n);
	}
}

static err_t on_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p,
			err_t error)
{
	struct connection *c = arg;

	(void)error;
	if (!p) {
		c->other_closed = true;
		finished(c);
		return ERR_OK;
	}
	if (!make_chunks(c, p->tot_len)) {
		count.no_memory++;
		return ERR_MEM;		/* lwIP keeps it, and asks again */
	}
	take(c, p);
	c->received += p->tot_len;
	c->progress_at = netd_time();
	if (pcb->rcv_wnd <= c->window / 2)
		c->pressed = true;
	pbuf_free(p);
	push(c);
	return ERR_OK;
}

static uint32_t older(uint32_t at, const struct tcp_seg *s)
{
	uint32_t seq = s ? lwip_ntohl(s->tcphdr->seqno) : at;

	return TCP_SEQ_LT(seq, at) ? seq : at;
}

/*
 * Sequence number of the first byte that TCP may still send (again). Either
 * queue may have it: lwIP takes what it repeats from one to the other.
 */
static uint32_t still_needed(const struct tcp_pcb *pcb)
{
	return older(older(pcb->snd_lbb, pcb->unsent), pcb->unacked);
}

/* TCP is done with n more bytes: give back the chunks that these fill. */
static void give_back(struct connection *c, size_t n)
{
	struct chunk *k;

	for (n += c->freed; (k = c->first) && n >= k->filled; free(k)) {
		n -= k->filled;
		c->first = k->next;
	}
	if (!c->first)
		c->last = NULL;
	c->freed = (uint16_t)n;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	struct connection *c = arg;
	uint32_t n = still_needed(pcb) - c->start;

	c->start += n;
	c->done += n;
	c->progress_at = netd_time();
	count.bytes += len;
	give_back(c, n);
	open_window(c, n);
	if (!finished(c))
		push(c);
	return ERR_OK;
}

static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
	struct connection *c = arg;

	(void)pcb;
	if (finished(c))
		return ERR_OK;
	take_back(c);
	if (c->unwritten)
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

static struct connection *new_connection(struct tcp_pcb *pcb)
{
	struct connection *c = NULL;

	if (count.open < CONNECTIONS)
		c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->pcb = pcb;
	c->start = pcb->snd_lbb;
	c->window = WINDOW_MIN;
	c->progress_at = netd_time();
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
	c = new_connection(pcb);
	if (!c) {
		count.refused++;
		tcp_abort(pcb);
		return ERR_ABRT;
	}
	count.accepted++;
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
			NETD_TCP_HALF_OPEN, &error);
		if (listening) {
			listener = listening;
			stack_tcp_windows(listener, WINDOW_MIN);
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
	stack_tcp_windows(listener, 0);
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
	s->evicted = stack_tcp_half_open_evicted();
	s->no_memory = count.no_memory;
	s->limit = CONNECTIONS;
	s->windows = count.open * WINDOW_MIN + SURPLUS - surplus;
	s->reset = count.reset;
	s->bytes = count.bytes;
}
