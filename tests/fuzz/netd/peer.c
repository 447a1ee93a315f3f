/* SPDX-License-Identifier: MIT */
/* The stations of peer.h. */
#include "peer.h"

#include <string.h>

#define ETH		14u
#define IP4		20u
#define IP6		40u
#define TCP		6u
#define UDP		17u
#define ICMP		1u
#define ICMP6		58u
#define DNS_HEADER	12u

struct peer_seen peer_seen;

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t sum(const uint8_t *p, size_t len, uint32_t s)
{
	for (size_t i = 0; i < len; i++)
		s += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return s;
}

static uint16_t folded(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

/* Of TCP, UDP, ICMP: with the pseudo header, except for ICMP. */
static uint16_t checksum(const uint8_t *ip, const uint8_t *l4, size_t len)
{
	bool ip6 = ip[0] >> 4 == 6;
	uint8_t protocol = ip6 ? ip[6] : ip[9];
	uint32_t s = 0;

	if (protocol != ICMP)
		s = sum(ip + (ip6 ? 8 : 12), ip6 ? 32 : 8, 0) + protocol +
		    (uint32_t)len;
	return folded(sum(l4, len, s));
}

/* ---- what netd sends ---- */

static struct peer_flow *flow_of(bool ip6, uint16_t netd_port, uint16_t port)
{
	struct peer_flow *f;

	for (f = peer_seen.flow; f < peer_seen.flow + FLOWS; f++)
		if (f->used && f->ip6 == ip6 && f->port == port &&
		    f->netd_port == netd_port)
			return f;
	/* a connection that netd opens */
	f = &peer_seen.flow[FLOWS - 1];
	*f = (struct peer_flow){
		.used = true, .ip6 = ip6, .port = port,
		.netd_port = netd_port, .next = 0x1000,
	};
	return f;
}

static void look_tcp(bool ip6, const uint8_t *tcp, size_t len)
{
	struct peer_flow *f;
	size_t header;

	MUST(len >= 20);
	header = (tcp[12] >> 4) * 4u;
	MUST(header >= 20 && header <= len);
	f = flow_of(ip6, get16(tcp), get16(tcp + 2));
	f->netd_next = get32(tcp + 4) + (uint32_t)(len - header) +
		       !!(tcp[13] & TCP_SYN) + !!(tcp[13] & TCP_FIN);
	if (tcp[13] & TCP_ACK)
		f->next = get32(tcp + 8);
}

static void look_udp(const uint8_t *udp, size_t len)
{
	const uint8_t *data = udp + 8;

	MUST(len >= 8 && get16(udp + 4) == len);
	len -= 8;
	if (get16(udp + 2) == 67 && len >= 240)
		peer_seen.dhcp_id = get32(data + 4);
	if (get16(udp + 2) == 123 && len >= 48) {
		peer_seen.sntp_port = get16(udp);
		memcpy(peer_seen.sntp_nonce, data + 40, 8);
	}
	if (get16(udp + 2) != 53 || len < DNS_HEADER)
		return;
	peer_seen.dns_id = get16(data);
	peer_seen.dns_port = get16(udp);
	len -= DNS_HEADER;
	if (len > sizeof(peer_seen.dns_question))
		len = sizeof(peer_seen.dns_question);
	memcpy(peer_seen.dns_question, data + DNS_HEADER, len);
	peer_seen.dns_question_len = len;
}

static void look_inside(const uint8_t *ip, uint8_t protocol, const uint8_t *l4,
			size_t len)
{
	bool ip6 = ip[0] >> 4 == 6;

	MUST(protocol == TCP || protocol == UDP || protocol == ICMP ||
	     protocol == ICMP6 || protocol == 0 || protocol == 44 ||
	     protocol == 2);
	/* not of an answer to ping, which has what was asked with */
	if (protocol == TCP || (protocol == UDP && (ip6 || get16(l4 + 6))))
		MUST(checksum(ip, l4, len) == 0 ||
		     (protocol == UDP && checksum(ip, l4, len) == 0xffff));
	if (protocol == TCP)
		look_tcp(ip6, l4, len);
	else if (protocol == UDP)
		look_udp(l4, len);
}

static void look_ip4(const uint8_t *ip, size_t len)
{
	size_t header = (ip[0] & 15) * 4u;

	MUST(len >= IP4 && ip[0] >> 4 == 4 && header >= IP4);
	MUST(get16(ip + 2) <= len && get16(ip + 2) >= header);
	MUST(folded(sum(ip, header, 0)) == 0);
	len = get16(ip + 2);
	peer_seen.ip4_len = len < sizeof(peer_seen.ip4) ? len :
			    sizeof(peer_seen.ip4);
	memcpy(peer_seen.ip4, ip, peer_seen.ip4_len);
	if (!(get16(ip + 6) & 0x3fff))
		look_inside(ip, ip[9], ip + header, len - header);
}

static void look_ip6(const uint8_t *ip, size_t len)
{
	MUST(len >= IP6 && ip[0] >> 4 == 6);
	MUST(get16(ip + 4) <= len - IP6);
	len = IP6 + get16(ip + 4);
	peer_seen.ip6_len = len < sizeof(peer_seen.ip6) ? len :
			    sizeof(peer_seen.ip6);
	memcpy(peer_seen.ip6, ip, peer_seen.ip6_len);
	look_inside(ip, ip[6], ip + IP6, len - IP6);
}

void peer_look(const uint8_t *frame, size_t len)
{
	uint16_t vlan = host_area->config.vlan;

	MUST(len >= ETH && len <= 1518);
	if (get16(frame + 12) == 0x8100) {
		MUST(len >= ETH + 4 && (vlan || host_rings_wrong));
		frame += 4;
		len -= 4;
	}
	switch (get16(frame + 12)) {
	case 0x0800:
		look_ip4(frame + ETH, len - ETH);
		break;
	case 0x86dd:
		look_ip6(frame + ETH, len - ETH);
		break;
	default:
		MUST(get16(frame + 12) == 0x0806 && len >= ETH + 28);
	}
}

/* ---- who is who ---- */

void peer_reset(void)
{
	memset(&peer_seen, 0, sizeof(peer_seen));
}

void peer_netd_ip4(uint8_t ip[4])
{
	memcpy(ip, &host_area->addresses.ip4[0], 4);
	if (!host_area->addresses.n_ip4)
		memset(ip, 0, 4);
}

void peer_netd_ip6(unsigned int which, uint8_t ip[16])
{
	unsigned int n = host_area->addresses.n_ip6;

	if (n > NETRING_IP6_MAX)
		n = NETRING_IP6_MAX;
	memset(ip, 0, 16);
	if (n)
		memcpy(ip, host_area->addresses.ip6[which % n], 16);
}

void peer_ip4(unsigned int peer, uint8_t ip[4])
{
	static const uint8_t address[PEERS][4] = {
		{ 10, 0, 2, 2 }, { 10, 0, 2, 3 }, { 10, 0, 2, 16 },
		{ 192, 0, 2, 9 },
	};

	memcpy(ip, address[peer % PEERS], 4);
}

void peer_ip6(unsigned int peer, uint8_t ip[16])
{
	static const uint8_t address[PEERS][16] = {
		{ 0xfe, 0x80, [15] = 2 }, { 0xfe, 0x80, [15] = 3 },
		{ 0x20, 1, 0xd, 0xb8, [15] = 16 },
		{ 0x20, 1, 0xd, 0xb8, [5] = 9, [15] = 9 },
	};

	memcpy(ip, address[peer % PEERS], 16);
}

/* ---- what the stations send ---- */

void peer_add(struct peer_frame *f, const void *bytes, size_t n)
{
	if (n > sizeof(f->bytes) - f->len)
		n = sizeof(f->bytes) - f->len;
	memcpy(f->bytes + f->len, bytes, n);
	f->len += n;
}

void peer_add8(struct peer_frame *f, unsigned int v)
{
	uint8_t b = (uint8_t)v;

	peer_add(f, &b, 1);
}

void peer_add16(struct peer_frame *f, unsigned int v)
{
	peer_add8(f, v >> 8);
	peer_add8(f, v);
}

void peer_add32(struct peer_frame *f, uint32_t v)
{
	peer_add16(f, v >> 16);
	peer_add16(f, v & 0xffff);
}

void peer_ethernet(struct peer_frame *f, unsigned int peer, uint16_t type)
{
	f->len = 0;
	peer_add(f, host_area->config.mac, 6);
	peer_add32(f, 0x52540001);
	peer_add16(f, peer);
	if (host_area->config.vlan) {
		peer_add16(f, 0x8100);
		peer_add16(f, host_area->config.vlan);
	}
	peer_add16(f, type);
	f->ip = f->payload = f->len;
}

void peer_ip(struct peer_frame *f, unsigned int peer, bool ip6,
	     uint8_t protocol)
{
	uint8_t from[16], to[16];

	peer_ethernet(f, peer, ip6 ? 0x86dd : 0x0800);
	if (ip6) {
		peer_ip6(peer, from);
		/* on the link: from an address of the link to one */
		peer_netd_ip6(peer < 2 ? 0 : 1, to);
		peer_add32(f, 0x60000000);
		peer_add16(f, 0);
		peer_add8(f, protocol);
		peer_add8(f, 255);
	} else {
		peer_ip4(peer, from);
		peer_netd_ip4(to);
		peer_add32(f, 0x45000000);
		peer_add32(f, 0x12340000);
		peer_add8(f, 64);
		peer_add8(f, protocol);
		peer_add16(f, 0);
	}
	peer_add(f, from, ip6 ? 16 : 4);
	peer_add(f, to, ip6 ? 16 : 4);
	f->payload = f->len;
}

void peer_finish(struct peer_frame *f)
{
	uint8_t *ip = f->bytes + f->ip, *l4 = f->bytes + f->payload;
	size_t len = f->len - f->payload, at = 0;
	bool ip6 = ip[0] >> 4 == 6;
	uint8_t protocol = ip6 ? ip[6] : ip[9];

	if (f->len < f->ip + IP4)
		return;
	if (ip6) {
		put16(ip + 4, (uint32_t)(f->len - f->ip - IP6));
	} else {
		put16(ip + 2, (uint32_t)(f->len - f->ip));
		put16(ip + 10, 0);
		put16(ip + 10, folded(sum(ip, f->payload - f->ip, 0)));
	}
	if (protocol == TCP && len >= 20)
		at = 16;
	else if (protocol == UDP && len >= 8)
		at = 6;
	else if ((protocol == ICMP || protocol == ICMP6) && len >= 4)
		at = 2;
	if (protocol == UDP && len >= 8)
		put16(l4 + 4, (uint32_t)len);
	if (at) {
		put16(l4 + at, 0);
		put16(l4 + at, checksum(ip, l4, len));
	}
}
