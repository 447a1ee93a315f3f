/* SPDX-License-Identifier: MIT */
/*
 * lwIP's own TCP on the host, with a network interface whose other side is the
 * test: it makes segments of 10.0.0.2 port 1000 to 10.0.0.1 port 7, and sees the
 * last one that lwIP sent.
 */
#ifndef NET_TCP_HOST_H
#define NET_TCP_HOST_H

#include <lwip/prot/tcp.h>
#include <lwip/tcp.h>

struct tcp_host_segment {
	u32_t seq, ack;
	u16_t window;			/* as it stands in the header */
	u8_t flags;			/* TCP_SYN ... */
	u8_t options_len;		/* bytes, a multiple of 4 */
	u8_t options[40];
};

/* What lwIP has sent: how many, and the last, without its data. */
extern unsigned int tcp_host_sent;
extern struct tcp_host_segment tcp_host_last;

extern u32_t tcp_host_ms;		/* lwIP's clock */

extern const ip4_addr_t tcp_host_here, tcp_host_there;

/* lwIP with its interface up. */
void tcp_host_start(void);

/* s comes from the wire, without data. */
void tcp_host_receive(const struct tcp_host_segment *s);

#endif
