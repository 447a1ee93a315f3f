/* SPDX-License-Identifier: MIT */
/*
 * A window that stays shut, to lwIP itself: the byte of its probe is the last
 * there was, and is acknowledged. Do its timers go on?
 */
#include "check.h"
#include "net_tcp_host.h"

#include <lwip/priv/tcp_priv.h>
#include <string.h>

#include "../../net/stack/lwip/listen.c"

static unsigned int checks;

/* A segment without data, and with the window shut. */
static void receive(u32_t seq, u32_t ack)
{
	tcp_host_receive(&(struct tcp_host_segment){
		.seq = seq, .ack = ack, .flags = TCP_ACK,
	});
	stack_tcp_end_probes();
}

int main(void)
{
	struct tcp_pcb *p;

	tcp_host_start();
	p = tcp_new();
	p->local_ip = tcp_host_here;
	p->remote_ip = tcp_host_there;
	p->local_port = 7;
	p->remote_port = 1000;
	p->state = ESTABLISHED;
	p->snd_nxt = p->lastack = p->snd_lbb = p->snd_wl2 = 500;
	p->rcv_nxt = p->rcv_ann_right_edge = 900;
	p->snd_wl1 = 899;
	p->cwnd = 10000;
	p->snd_wnd_max = 1000;
	p->snd_wnd = 0;
	TCP_REG(&tcp_active_pcbs, p);
	CHECK(tcp_write(p, "x", 1, TCP_WRITE_FLAG_COPY) == ERR_OK);
	CHECK(tcp_output(p) == ERR_OK && p->persist_backoff);
	for (unsigned int i = 0; i < 20 && !tcp_host_sent; i++)
		tcp_slowtmr();
	CHECK(tcp_host_sent == 1 && p->unsent);
	receive(900, 501);
	CHECK(!p->unsent && !p->persist_backoff);
	for (unsigned int i = 0; i < 20; i++)
		tcp_slowtmr();
	/* and the next byte has its probe as well */
	CHECK(tcp_write(p, "y", 1, TCP_WRITE_FLAG_COPY) == ERR_OK);
	CHECK(tcp_output(p) == ERR_OK && p->persist_backoff);
	for (unsigned int i = 0; i < 20 && tcp_host_sent < 2; i++)
		tcp_slowtmr();
	CHECK(tcp_host_sent == 2);
	printf("%u checks\n", checks);
	return 0;
}
