/* SPDX-License-Identifier: MIT */
/* See net_tcp_host.h. */
#include "net_tcp_host.h"

#include <lwip/init.h>
#include <lwip/ip.h>
#include <lwip/netif.h>
#include <lwip/sys.h>
#include <lwip_hooks.h>
#include <stdlib.h>
#include <string.h>

unsigned int tcp_host_sent;
struct tcp_host_segment tcp_host_last;
u32_t tcp_host_ms;
const ip4_addr_t tcp_host_here = { PP_HTONL(0x0a000001) };
const ip4_addr_t tcp_host_there = { PP_HTONL(0x0a000002) };

static struct netif netif;

u32_t sys_now(void)
{
	return tcp_host_ms;
}

u32_t stack_tcp_isn(const ip_addr_t *local, u16_t local_port,
		    const ip_addr_t *remote, u16_t remote_port)
{
	(void)local, (void)local_port, (void)remote, (void)remote_port;
	return 1;
}

static err_t output(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
	struct tcp_host_segment *s = &tcp_host_last;
	struct tcp_hdr tcp;

	(void)n, (void)to;
	if (pbuf_copy_partial(p, &tcp, TCP_HLEN, IP_HLEN) != TCP_HLEN)
		abort();
	s->seq = lwip_ntohl(tcp.seqno);
	s->ack = lwip_ntohl(tcp.ackno);
	s->window = lwip_ntohs(tcp.wnd);
	s->flags = TCPH_FLAGS(&tcp);
	s->options_len = (u8_t)(TCPH_HDRLEN_BYTES(&tcp) - TCP_HLEN);
	pbuf_copy_partial(p, s->options, s->options_len, IP_HLEN + TCP_HLEN);
	tcp_host_sent++;
	return ERR_OK;
}

static err_t set_up(struct netif *n)
{
	n->output = output;
	n->mtu = 1500;
	return ERR_OK;
}

void tcp_host_start(void)
{
	ip4_addr_t mask = { PP_HTONL(0xffffff00) };

	lwip_init();
	if (!netif_add(&netif, &tcp_host_here, &mask, &tcp_host_there, NULL,
		       set_up, ip_input))
		abort();
	netif_set_default(&netif);
	netif_set_up(&netif);
	netif_set_link_up(&netif);
}

void tcp_host_receive(const struct tcp_host_segment *s)
{
	u16_t tcp_len = (u16_t)(TCP_HLEN + s->options_len);
	struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)(IP_HLEN + tcp_len),
				    PBUF_RAM);
	struct ip_hdr *ip = p->payload;
	struct tcp_hdr *tcp = (void *)((char *)p->payload + IP_HLEN);

	memset(ip, 0, IP_HLEN + TCP_HLEN);
	IPH_VHL_SET(ip, 4, IP_HLEN / 4);
	IPH_LEN_SET(ip, lwip_htons((u16_t)(IP_HLEN + tcp_len)));
	IPH_PROTO_SET(ip, IP_PROTO_TCP);
	ip->src.addr = tcp_host_there.addr;
	ip->dest.addr = tcp_host_here.addr;
	tcp->src = lwip_htons(1000);
	tcp->dest = lwip_htons(7);
	tcp->seqno = lwip_htonl(s->seq);
	tcp->ackno = lwip_htonl(s->ack);
	tcp->wnd = lwip_htons(s->window);
	TCPH_HDRLEN_FLAGS_SET(tcp, tcp_len / 4, s->flags);
	memcpy((char *)tcp + TCP_HLEN, s->options, s->options_len);
	ip_input(p, &netif);
}
