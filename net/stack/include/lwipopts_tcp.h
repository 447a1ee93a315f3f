/* SPDX-License-Identifier: MIT */
/* lwIP's options of TCP, which netd and the unit tests of TCP have in common. */
#ifndef LWIPOPTS_TCP_H
#define LWIPOPTS_TCP_H

#define LWIP_TCP			1
#define TCP_MSS				1460
#define TCP_QUEUE_OOSEQ			1
#define TCP_OOSEQ_MAX_PBUFS		32
#define PBUF_POOL_FREE_OOSEQ		1
#define LWIP_TCP_SACK_OUT		1
/*
 * Who had to repeat its SYN can measure the round trip by these alone (RFC 7323);
 * without, it waits 3 s for an answer and twice as long after each loss (RFC
 * 6298, 5.7), and many begin again in step, to lose again.
 */
#define LWIP_TCP_TIMESTAMPS		1
#define LWIP_TCP_KEEPALIVE		1
#define LWIP_WND_SCALE			1
#define TCP_RCV_SCALE			2
#define TCP_LISTEN_BACKLOG		1
#define TCP_DEFAULT_LISTEN_BACKLOG	16

/*
 * The largest window: what the receive slots hold while netd waits for its
 * turn, and some. The echo server's begin smaller (lwip_hooks.h).
 */
#define TCP_WND				(44 * TCP_MSS)
#define TCP_SND_BUF			TCP_WND
#define TCP_SND_QUEUELEN		(4 * TCP_SND_BUF / TCP_MSS)
#define TCP_SNDLOWAT			(TCP_SND_BUF / 4)
#define LWIP_DISABLE_TCP_SANITY_CHECKS	1	/* frames are in slots, not in
						 * the pool they count */

#endif
