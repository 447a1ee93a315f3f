/* SPDX-License-Identifier: MIT */
/* Functions that lwIP calls where its options leave a hook. */
#ifndef LWIP_HOOKS_H
#define LWIP_HOOKS_H

#include "lwip/err.h"
#include "lwip/ip_addr.h"

/* net/stack/lwip/random.c: RFC 6528 */
u32_t stack_tcp_isn(const ip_addr_t *local, u16_t local_port,
		    const ip_addr_t *remote, u16_t remote_port);

#define LWIP_HOOK_TCP_ISN	stack_tcp_isn

struct netif;
struct dhcp_msg;

/* net/stack/lwip/dhcp.c: what each message to a server has besides lwIP's */
void stack_dhcp_append(struct netif *n, struct dhcp_msg *msg, u8_t type,
		       u16_t *len);

#define LWIP_HOOK_DHCP_APPEND_OPTIONS(netif, dhcp, state, msg, type, len) \
	stack_dhcp_append(netif, msg, type, len)

/* services/sntp/sntp.c: a question goes, an answer came, when to ask again */
void stack_sntp_nonce(s32_t *seconds, u32_t *fraction);
void stack_sntp_answer(s32_t seconds, u32_t fraction);
u32_t stack_sntp_delay(void);

/* ---- net/stack/lwip/listen.c ---- */

struct tcp_pcb;

/*
 * Connections to listener begin with a window of so many bytes, at most 65535 and
 * TCP_WND, instead of TCP_WND: tcp_recved() of more than was received makes it
 * larger. 0: as ever, which has to be said before the listener goes. At most
 * STACK_SMALL_LISTENERS have one.
 */
#define STACK_SMALL_LISTENERS	2
void stack_tcp_windows(const void *listener, u32_t window);

/* Half-open connections that were given up for newer ones. */
u64_t stack_tcp_half_open_evicted(void);

/*
 * Would a SYN to that port be dropped, since its listener has as many half-open
 * connections as it may, and none that is old enough to be given up?
 */
u8_t stack_tcp_full(u16_t port);

/* Between received frames and lwIP's timers. */
void stack_tcp_end_probes(void);

struct tcp_hdr;

/* options: those right behind hdr; more: NULL, or the rest of them. */
err_t stack_tcp_input(struct tcp_pcb *pcb, const struct tcp_hdr *hdr,
		      u16_t options, const u8_t *more);
u8_t stack_tcp_options(const struct tcp_pcb *pcb, u8_t length);

#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, hdr, len, len1, at2, p) \
	stack_tcp_input(pcb, hdr, len1, at2)
#define LWIP_HOOK_TCP_OUT_TCPOPT_LENGTH(pcb, length) \
	stack_tcp_options(pcb, length)

#endif
