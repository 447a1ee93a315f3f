/* SPDX-License-Identifier: MIT */
/* lwIP's TCP, as it is. */
#include <core/def.c>
#include <core/inet_chksum.c>
#include <core/init.c>
#include <core/ip.c>
#include <core/ipv4/ip4.c>
#include <core/ipv4/ip4_addr.c>
#include <core/ipv4/ip4_frag.c>
#include <core/mem.c>
#include <core/memp.c>
#include <core/netif.c>
#include <core/pbuf.c>
#include <core/stats.c>
#include <core/tcp.c>
#include <core/tcp_in.c>
#include <core/tcp_out.c>
#include <core/timeouts.c>
