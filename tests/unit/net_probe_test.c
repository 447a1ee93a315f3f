/* SPDX-License-Identifier: MIT */
/*
 * A window that stays shut, to lwIP itself: the byte of its probe is the last
 * there was, and is acknowledged. Do its timers go on?
 */
#include "check.h"

#include <lwip/init.h>
#include <lwip/ip.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/sys.h>
#include <string.h>

#include "../../net/stack/lwip/listen.c"

static unsigned int checks;
static unsigned int sent;
static struct netif netif;
static ip4_addr_t here, there, mask;

u32_t sys_now(void)
{
	return 0;
}

u32_t stack_tcp_isn(const ip_addr_t *local, u16_t local_port,
		    const ip_addr_t *remote, u16_t remote_port)
{
	(void)local, (void)local_port, (void)remote, (void)remote_port;
	return 1;
}

static err_t output(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
	(void)n, (void)p, (void)to;
	sent++;
	return ERR_OK;
}

static err_t set_up(struct netif *n)
{
	n->output = output;
	n->mtu = 1500;
	return ERR_OK;
}

/* A segment without data, and with the window shut. */
static void receive(u32_t seq, u32_t ack)
{
	struct pbuf *p = pbuf_alloc(PBUF_RAW, IP_HLEN + TCP_HLEN, PBUF_RAM);
	struct ip_hdr *ip = p->payload;
	struct tcp_hdr *tcp = (void *)((char *)p->payload + IP_HLEN);

	memset(ip, 0, IP_HLEN + TCP_HLEN);
	IPH_VHL_SET(ip, 4, IP_HLEN / 4);
	IPH_LEN_SET(ip, lwip_htons(IP_HLEN + TCP_HLEN));
	IPH_PROTO_SET(ip, IP_PROTO_TCP);
	ip->src.addr = there.addr;
	ip->dest.addr = here.addr;
	tcp->src = lwip_htons(1000);
	tcp->dest = lwip_htons(7);
	tcp->seqno = lwip_htonl(seq);
	tcp->ackno = lwip_htonl(ack);
	TCPH_HDRLEN_FLAGS_SET(tcp, TCP_HLEN / 4, TCP_ACK);
	ip_input(p, &netif);
	stack_tcp_end_probes();
}

int main(void)
{
	struct tcp_pcb *p;

	lwip_init();
	IP4_ADDR(&here, 10, 0, 0, 1);
	IP4_ADDR(&there, 10, 0, 0, 2);
	IP4_ADDR(&mask, 255, 255, 255, 0);
	CHECK(netif_add(&netif, &here, &mask, &there, NULL, set_up, ip_input));
	netif_set_default(&netif);
	netif_set_up(&netif);
	netif_set_link_up(&netif);
	p = tcp_new();
	p->local_ip = here;
	p->remote_ip = there;
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
	for (unsigned int i = 0; i < 20 && !sent; i++)
		tcp_slowtmr();
	CHECK(sent == 1 && p->unsent);
	receive(900, 501);
	CHECK(!p->unsent && !p->persist_backoff);
	for (unsigned int i = 0; i < 20; i++)
		tcp_slowtmr();
	/* and the next byte has its probe as well */
	CHECK(tcp_write(p, "y", 1, TCP_WRITE_FLAG_COPY) == ERR_OK);
	CHECK(tcp_output(p) == ERR_OK && p->persist_backoff);
	for (unsigned int i = 0; i < 20 && sent < 2; i++)
		tcp_slowtmr();
	CHECK(sent == 2);
	printf("%u checks\n", checks);
	return 0;
}
