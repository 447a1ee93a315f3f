/* SPDX-License-Identifier: MIT */
/* lwIP's TCP alone, on the host; the hook is the domain's. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define LWIP_HOOK_FILENAME		"lwip_hooks.h"
#define NO_SYS				1
#define SYS_LIGHTWEIGHT_PROT		0
#define LWIP_NETCONN			0
#define LWIP_SOCKET			0
#define MEM_LIBC_MALLOC			1
#define MEM_ALIGNMENT			8
#define LWIP_ARP			0
#define LWIP_UDP			0
#define LWIP_ICMP			0
#define TCP_LISTEN_BACKLOG		1
#define LWIP_WND_SCALE			1
#define TCP_RCV_SCALE			2
#define TCP_MSS				1460
#define TCP_WND				(44 * TCP_MSS)
#define TCP_SND_BUF			TCP_WND
#define MEMP_NUM_TCP_SEG		256
#define LWIP_DISABLE_TCP_SANITY_CHECKS	1
#define CHECKSUM_CHECK_TCP		0
#define CHECKSUM_CHECK_IP		0

#endif
