/* SPDX-License-Identifier: MIT */
/* lwIP's TCP alone, on the host; its options and the hook are the domain's. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#include <lwipopts_tcp.h>

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
#define MEMP_NUM_TCP_SEG		256
#define CHECKSUM_CHECK_TCP		0
#define CHECKSUM_CHECK_IP		0

#endif
