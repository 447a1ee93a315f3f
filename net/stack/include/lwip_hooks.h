/* SPDX-License-Identifier: MIT */
/* Functions that lwIP calls where its options leave a hook. */
#ifndef LWIP_HOOKS_H
#define LWIP_HOOKS_H

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

#endif
