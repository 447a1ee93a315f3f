/* SPDX-License-Identifier: MIT */
/*
 * The window of an idle connection is taken back: only if all of it is open, and
 * never while lwIP keeps segments that count on the part that goes.
 */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../services/echo/server.c"

static unsigned int checks;
static uint64_t now;

uint64_t netd_time(void)
{
	return now;
}

void tcp_free_ooseq(struct tcp_pcb *pcb)
{
	pcb->ooseq = NULL;
}

/* ---- what this test does not come to ---- */

void domain_log(int level, const char *fmt, ...)
{
	(void)level, (void)fmt;
}

void stack_tcp_windows(const void *l, u32_t window)
{
	(void)l, (void)window;
}

u64_t stack_tcp_half_open_evicted(void)
{
	return 0;
}

int netd_error(int error)
{
	return error;
}

const ip_addr_t ip_addr_any_type;

#define UNUSED(type, name, ...) \
	type name(__VA_ARGS__) \
	{ \
		CHECK(false); \
		return (type)0; \
	}
#define UNUSED_VOID(name, ...) \
	void name(__VA_ARGS__) \
	{ \
		CHECK(false); \
	}

#pragma GCC diagnostic ignored "-Wunused-parameter"
UNUSED(err_t, tcp_bind, struct tcp_pcb *p, const ip_addr_t *a, u16_t port)
UNUSED(err_t, tcp_close, struct tcp_pcb *p)
UNUSED(err_t, tcp_output, struct tcp_pcb *p)
UNUSED(err_t, tcp_write, struct tcp_pcb *p, const void *d, u16_t n, u8_t f)
UNUSED(struct tcp_pcb *, tcp_new_ip_type, u8_t type)
UNUSED(struct tcp_pcb *, tcp_listen_with_backlog_and_err, struct tcp_pcb *p,
       u8_t backlog, err_t *e)
UNUSED(u8_t, pbuf_free, struct pbuf *p)
UNUSED(u16_t, pbuf_copy_partial, const struct pbuf *p, void *d, u16_t n,
       u16_t at)
UNUSED(u32_t, lwip_htonl, u32_t n)
UNUSED_VOID(tcp_abort, struct tcp_pcb *p)
UNUSED_VOID(tcp_recved, struct tcp_pcb *p, u16_t n)
UNUSED_VOID(tcp_arg, struct tcp_pcb *p, void *arg)
UNUSED_VOID(tcp_recv, struct tcp_pcb *p, tcp_recv_fn fn)
UNUSED_VOID(tcp_sent, struct tcp_pcb *p, tcp_sent_fn fn)
UNUSED_VOID(tcp_err, struct tcp_pcb *p, tcp_err_fn fn)
UNUSED_VOID(tcp_poll, struct tcp_pcb *p, tcp_poll_fn fn, u8_t interval)
UNUSED_VOID(tcp_accept, struct tcp_pcb *p, tcp_accept_fn fn)

/* ---- tests ---- */

/* Idle, with all of its window open, while there is nothing left for others. */
static struct connection *idle(struct tcp_pcb *pcb)
{
	struct connection *c;

	memset(pcb, 0, sizeof(*pcb));
	c = new_connection(pcb);
	c->window = pcb->rcv_wnd = WINDOW_MAX;
	surplus = 0;
	now += IDLE_US;
	return c;
}

static void all_that_is_open_comes_back(void)
{
	struct tcp_pcb pcb;
	struct connection *c = idle(&pcb);

	on_poll(c, &pcb);
	CHECK(c->window == WINDOW_MIN && pcb.rcv_wnd == WINDOW_MIN);
	CHECK(surplus == WINDOW_MAX - WINDOW_MIN);
	on_poll(c, &pcb);
	CHECK(pcb.rcv_wnd == WINDOW_MIN);
	forget(c);
}

/* lwIP would take them out of a window that is too small for them. */
static void segments_out_of_order_go(void)
{
	struct tcp_seg beyond = { 0 };
	struct tcp_pcb pcb;
	struct connection *c = idle(&pcb);

	pcb.ooseq = &beyond;
	on_poll(c, &pcb);
	CHECK(pcb.rcv_wnd == WINDOW_MIN && !pcb.ooseq);
	forget(c);
}

/* There was no memory for it: a part of the window, though nothing is held. */
static void what_was_not_taken_yet_still_counts(void)
{
	struct tcp_pcb pcb;
	struct connection *c = idle(&pcb);

	pcb.rcv_wnd = WINDOW_MIN - 1;
	on_poll(c, &pcb);
	CHECK(c->window == WINDOW_MAX && pcb.rcv_wnd == WINDOW_MIN - 1);
	CHECK(surplus == 0);
	forget(c);
}

int main(void)
{
	all_that_is_open_comes_back();
	segments_out_of_order_go();
	what_was_not_taken_yet_still_counts();
	printf("%u checks\n", checks);
	return 0;
}
