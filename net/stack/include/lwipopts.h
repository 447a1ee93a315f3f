/* SPDX-License-Identifier: MIT */
/*
 * lwIP's options (its src/include/lwip/opt.h explains each): raw API in one
 * thread, IPv4 static or by DHCP, IPv6, TCP for many connections, of which each
 * service bounds what it keeps (services/echo/server.c).
 */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#include <tandem/hostname.h>

#define LWIP_HOOK_FILENAME		"lwip_hooks.h"

/* ---- one thread, no operating system ---- */
#define NO_SYS				1
#define SYS_LIGHTWEIGHT_PROT		0
#define LWIP_NETCONN			0
#define LWIP_SOCKET			0
#define LWIP_TIMERS			1
/* lwIP's own, of a short lease (dhcp.c), the echo client's, syslog's, mgmt's 5,
 * SNTP's 3, mDNS's 2, the TLS echo server's */
#define MEMP_NUM_SYS_TIMEOUT		(LWIP_NUM_SYS_TIMEOUT_INTERNAL + 14)

/* ---- memory: pools for fixed things, the domain's heap for the rest ---- */
#define MEM_ALIGNMENT			8
#define MEM_LIBC_MALLOC			1
#define MEMP_MEM_MALLOC			0
#define MEMP_OVERFLOW_CHECK		0

/* Connections of the echo server; half-open ones; those of other services. */
#ifdef CONFIG_ECHO_CONNECTIONS
#define NETD_TCP_CONNECTIONS		CONFIG_ECHO_CONNECTIONS
#else
#define NETD_TCP_CONNECTIONS		0
#endif
#ifdef CONFIG_ECHO_TLS_CONNECTIONS
#define NETD_TLS_CONNECTIONS		CONFIG_ECHO_TLS_CONNECTIONS
#else
#define NETD_TLS_CONNECTIONS		0
#endif
#define NETD_TCP_HALF_OPEN		250	/* lwIP counts up to 255 */
#define MEMP_NUM_TCP_PCB		(NETD_TCP_CONNECTIONS + \
					 NETD_TLS_CONNECTIONS + \
					 NETD_TCP_HALF_OPEN + 64)
#define MEMP_NUM_TCP_PCB_LISTEN		8
/* DHCP, echo server and client, syslog, SNTP, mDNS, NetBIOS, one for each name
 * asked for */
#define MEMP_NUM_UDP_PCB		15
#define MEMP_NUM_TCP_SEG		(2048 + 4 * NETD_TCP_CONNECTIONS)
#define MEMP_NUM_PBUF			MEMP_NUM_TCP_SEG
#define MEMP_NUM_ARP_QUEUE		32
#define MEMP_NUM_REASSDATA		8
#define MEMP_NUM_FRAG_PBUF		64

/* Copies of received frames, when too many slots are held (netif.c). */
#define PBUF_POOL_SIZE			64
#define PBUF_POOL_BUFSIZE		1536

/*
 * What is queued must not point into memory that a service may free: only
 * pbufs that hold their own data are queued as they are.
 */
#define PBUF_NEEDS_COPY(p) \
	(!((p)->type_internal & PBUF_TYPE_FLAG_STRUCT_DATA_CONTIGUOUS))

/* ---- link ---- */
#define LWIP_ETHERNET			1
#define LWIP_ARP			1
#define ARP_TABLE_SIZE			32
#define ARP_QUEUEING			1
#define ARP_QUEUE_LEN			8
#define ETHARP_TRUST_IP_MAC		0
#define ETH_PAD_SIZE			0
#define LWIP_SINGLE_NETIF		0
#define LWIP_HAVE_LOOPIF		0
#define LWIP_NETIF_LOOPBACK		1	/* a client of our own server */
#define LWIP_LOOPBACK_MAX_PBUFS		128
#define LWIP_NETIF_LINK_CALLBACK	0
#define LWIP_NETIF_TX_SINGLE_PBUF	0

/* ---- IP ---- */
#define SO_REUSE			1	/* a server may start again */
#define LWIP_IPV4			1
#ifdef CONFIG_IPV6
#define LWIP_IPV6			1
#else
#define LWIP_IPV6			0
#endif
#define LWIP_IPV6_DHCP6			0
#define LWIP_IPV6_FORWARD		0
#define IPV6_FRAG_COPYHEADER		1	/* pointers of 8 bytes */
#define MEMP_NUM_MLD6_GROUP		7
#define LWIP_ND6_NUM_NEIGHBORS		32
#define LWIP_ND6_NUM_DESTINATIONS	32
#define IP_FORWARD			0
#define IP_REASSEMBLY			1
#define IP_REASS_MAX_PBUFS		24
#define IP_FRAG				1
#define IP_SOF_BROADCAST		1
#define IP_SOF_BROADCAST_RECV		1
#define LWIP_ICMP			1
#define LWIP_RAW			0
#define LWIP_DHCP			1	/* started if configured */
#define DHCP_DOES_ARP_CHECK		1
#define DHCP_OPTIONS_LEN		128	/* with client id and name */
#define LWIP_NETIF_HOSTNAME		1
#define LWIP_AUTOIP			0
#ifdef CONFIG_MDNS
#define LWIP_IGMP			1
#else
#define LWIP_IGMP			0
#endif
/* random source ports and identifiers: LWIP_DNS_SECURE, as lwIP has it */
#define LWIP_DNS			1
#define DNS_MAX_NAME_LENGTH		HOSTNAME_MAX
#define DNS_TABLE_SIZE			4
#define DNS_MAX_SERVERS			2
#define LWIP_UDP			1

/*
 * Software checks what the NIC did not: netif.c switches the checks off for
 * the frames that the core says were found good.
 */
#define LWIP_CHECKSUM_CTRL_PER_NETIF	1

#include "lwipopts_tcp.h"

/* ---- the management service: TLS and HTTP (services/mgmt) ---- */
#ifdef CONFIG_MGMT
#define LWIP_ALTCP			1
#define LWIP_ALTCP_TLS			1
#define LWIP_ALTCP_TLS_MBEDTLS		1
/* handshakes are shortened for a while; each entry has some 300 bytes */
#define ALTCP_MBEDTLS_USE_SESSION_CACHE	1
#define ALTCP_MBEDTLS_SESSION_CACHE_SIZE	32
#define ALTCP_MBEDTLS_SESSION_CACHE_TIMEOUT_SECONDS	3600

#define HTTPD_ENABLE_HTTPS		1
#define HTTPD_SERVER_PORT_HTTPS		mgmt_port()
#define HTTPD_FSDATA_FILE		"tandem_fsdata.h"
#define HTTPD_POLL_INTERVAL		2	/* half seconds */
#define HTTPD_MAX_RETRIES		255	/* gate.c has the time limits */
#define LWIP_HTTPD_CUSTOM_FILES		1
#define LWIP_HTTPD_DYNAMIC_FILE_READ	1
#define LWIP_HTTPD_FS_ASYNC_READ	1
#define LWIP_HTTPD_SUPPORT_11_KEEPALIVE	1
#define LWIP_HTTPD_SUPPORT_REQUESTLIST	0
#define LWIP_HTTPD_SUPPORT_V09		0
#define LWIP_HTTPD_MAX_REQUEST_URI_LEN	0

/* services/mgmt/tls.c: it has to know what was wrong, which lwIP tells nobody */
#define mbedtls_ssl_read		tls_read

/* services/mgmt/mgmt.c: where it listens */
unsigned short mgmt_port(void);

/* services/mgmt/tls.c: lwIP's layer goes on after a record that is wrong */
#define mbedtls_ssl_read		tls_read
#endif

/* ---- SNTP: services/sntp/sntp.c ---- */
#define SNTP_SERVER_DNS			1	/* addresses as text, too */
#define SNTP_MAX_SERVERS		1
#define SNTP_CHECK_RESPONSE		2	/* it has what was asked with */
#define SNTP_STARTUP_DELAY		0
#define SNTP_SUPPRESS_DELAY_CHECK
#define SNTP_UPDATE_DELAY		stack_sntp_delay()
#define SNTP_GET_SYSTEM_TIME_NTP(s, f)	stack_sntp_nonce(&(s), &(f))
#define SNTP_SET_SYSTEM_TIME_NTP(s, f)	stack_sntp_answer(s, f)

/* ---- names: services/mdns, services/netbios ---- */
#ifdef CONFIG_MDNS
#define LWIP_MDNS_RESPONDER		1
#define LWIP_NUM_NETIF_CLIENT_DATA	1
#define MDNS_MAX_SERVICES		3
#define MDNS_RESP_USENETIF_EXTCALLBACK	0	/* mdns.c looks by itself */
#endif
#define LWIP_NETBIOS_RESPOND_NAME_QUERY	1

/* ---- counters ---- */
#define LWIP_STATS			1
#define LWIP_STATS_LARGE		1
#define LWIP_STATS_DISPLAY		0
#define MEM_STATS			0
#define SYS_STATS			0

#endif
