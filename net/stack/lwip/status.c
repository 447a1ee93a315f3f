/* SPDX-License-Identifier: MIT */
/*
 * What netd tells of its stack (services/netd.h). Message handlers run between
 * two turns of lwIP, so its lists stand still here.
 */
#include "stack.h"

#include <errno.h>
#include <lwip/etharp.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/stats.h>
#include <lwip/udp.h>
#include <stdlib.h>
#include <string.h>
#include <tandem/kconfig.h>

_Static_assert((MEMP_NUM_TCP_PCB_LISTEN + MEMP_NUM_UDP_PCB) *
	       sizeof(struct netd_connection) <= NETD_ANSWER_MAX / 2,
	       "room for all who listen, and many connections");

/* Structs of one kind, as many as fit. */
struct list {
	uint8_t *at;
	size_t left;
};

static void add(struct list *l, const void *entry, size_t size)
{
	if (l->left < size)
		return;
	memcpy(l->at, entry, size);
	l->at += size;
	l->left -= size;
}

static void interface(struct list *l)
{
	struct netd_interface i;
	size_t used, total;

	stack_netif_interface(&i);
	malloc_usage(&used, &total);
	i.heap_used_kib = (uint32_t)(used / 1024);
	i.heap_kib = (uint32_t)(total / 1024);
	add(l, &i, sizeof(i));
}

static void addresses6(struct list *l)
{
	struct netd_address6 a;

	if (!IS_ENABLED(CONFIG_IPV6))
		return;
	for (unsigned int i = 0; stack_ip6_address(i, &a); i++)
		if (a.address[0])
			add(l, &a, sizeof(a));
}

static void add_counter(void *to, const char *name, uint64_t value)
{
	struct netd_counter c = { .value = value };

	strlcpy(c.name, name, sizeof(c.name));
	add(to, &c, sizeof(c));
}

static void counters(struct list *l)
{
	stack_netif_counters(add_counter, l);
	if (IS_ENABLED(CONFIG_IPV6))
		stack_ip6_counters(add_counter, l);
	add_counter(l, "ARP received", lwip_stats.etharp.recv);
	add_counter(l, "ARP sent", lwip_stats.etharp.xmit);
	add_counter(l, "IP received", lwip_stats.ip.recv);
	add_counter(l, "IP dropped", lwip_stats.ip.drop);
	add_counter(l, "ICMP received", lwip_stats.icmp.recv);
	add_counter(l, "ICMP sent", lwip_stats.icmp.xmit);
	add_counter(l, "UDP received", lwip_stats.udp.recv);
	add_counter(l, "UDP sent", lwip_stats.udp.xmit);
	add_counter(l, "UDP dropped", lwip_stats.udp.drop);
	add_counter(l, "TCP received", lwip_stats.tcp.recv);
	add_counter(l, "TCP sent", lwip_stats.tcp.xmit);
	add_counter(l, "TCP dropped", lwip_stats.tcp.drop);
	add_counter(l, "TCP bad checksum", lwip_stats.tcp.chkerr);
	add_counter(l, "TCP no memory", lwip_stats.tcp.memerr);
}

static void neighbours6(struct list *l)
{
	struct netd_neighbour n;

	for (unsigned int i = 0; stack_ip6_neighbour(i, &n); i++)
		if (n.address[0])
			add(l, &n, sizeof(n));
}

static void neighbours(struct list *l)
{
	for (size_t i = 0; i < ARP_TABLE_SIZE; i++) {
		struct netd_neighbour n = { 0 };
		struct eth_addr *mac;
		struct netif *netif;
		ip4_addr_t *ip;

		if (!etharp_get_entry(i, &ip, &netif, &mac))
			continue;
		ip4addr_ntoa_r(ip, n.address, sizeof(n.address));
		memcpy(n.mac, mac->addr, sizeof(n.mac));
		add(l, &n, sizeof(n));
	}
	if (IS_ENABLED(CONFIG_IPV6))
		neighbours6(l);
}

/* Bytes that the service has handed over and the other side has not got. */
static uint32_t unsent(const struct tcp_pcb *p)
{
	return TCP_SND_BUF - p->snd_buf;
}

static void address(char text[NETD_IP_MAX], const ip_addr_t *ip)
{
	if (ip_addr_isany(ip))
		text[0] = '\0';
	else
		ipaddr_ntoa_r(ip, text, NETD_IP_MAX);
}

static void tcp_list(struct list *l, const struct tcp_pcb *p)
{
	for (; p; p = p->next) {
		struct netd_connection c = {
			.protocol = NETD_TCP,
			.local_port = p->local_port,
		};

		address(c.local, &p->local_ip);
		/* a listener's struct is shorter */
		if (p->state != LISTEN) {
			address(c.remote, &p->remote_ip);
			c.remote_port = p->remote_port;
			c.unsent = unsent(p);
		}
		strlcpy(c.state, tcp_debug_state_str(p->state),
			sizeof(c.state));
		add(l, &c, sizeof(c));
	}
}

static void udp_list(struct list *l)
{
	for (const struct udp_pcb *p = udp_pcbs; p; p = p->next) {
		struct netd_connection c = {
			.protocol = NETD_UDP,
			.local_port = p->local_port,
			.remote_port = p->remote_port,
		};

		address(c.local, &p->local_ip);
		address(c.remote, &p->remote_ip);
		add(l, &c, sizeof(c));
	}
}

static void connections(struct list *l)
{
	tcp_list(l, (const struct tcp_pcb *)tcp_listen_pcbs.listen_pcbs);
	udp_list(l);
	tcp_list(l, tcp_bound_pcbs);
	tcp_list(l, tcp_active_pcbs);
	tcp_list(l, tcp_tw_pcbs);
}

int stack_status(int question, void *to, size_t size)
{
	static void (*const answers[NETD_QUESTIONS])(struct list *l) = {
		[NETD_INTERFACE] = interface, [NETD_COUNTERS] = counters,
		[NETD_ADDRESSES6] = addresses6,
		[NETD_NEIGHBOURS] = neighbours,
		[NETD_CONNECTIONS] = connections,
	};
	struct list l = { to, size };

	if (question < 0 || question >= NETD_QUESTIONS)
		return -EINVAL;
	answers[question](&l);
	return (int)(size - l.left);
}
