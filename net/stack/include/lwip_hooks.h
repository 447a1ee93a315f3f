/* SPDX-License-Identifier: MIT */
/* Functions that lwIP calls where its options leave a hook. */
#ifndef LWIP_HOOKS_H
#define LWIP_HOOKS_H

#include "lwip/ip_addr.h"

/* net/stack/lwip/random.c: RFC 6528 */
u32_t stack_tcp_isn(const ip_addr_t *local, u16_t local_port,
		    const ip_addr_t *remote, u16_t remote_port);

#define LWIP_HOOK_TCP_ISN	stack_tcp_isn

#endif
