// SPDX-License-Identifier: MIT
/*
 * Looks at the headers of one frame and decides which ports it is for (the
 * table in docs/network.md). Only fixed offsets: Ethernet II, one 802.1Q
 * tag, ARP (RFC 826), IPv4 (RFC 791), IPv6 (RFC 8200), neighbour discovery
 * (RFC 4861), the UDP port of DHCP clients (RFC 2131). IP fragments and ICMP errors carry their own destination
 * address and follow it.
 */
#include "classify.h"

#include <net/vlan.h>
#include <string.h>

#define ETHERTYPE_IP4		0x0800
#define ETHERTYPE_ARP		0x0806
#define ETHERTYPE_IP6		0x86dd

#define ARP_LEN			28
#define ARP_REQUEST		1
#define IP4_HEADER_MIN		20
#define IP4_FRAGMENT_OFFSET	0x1fff
#define IPPROTO_UDP		17
#define UDP_DHCP_CLIENT		68
#define IP6_HEADER_LEN		40
#define ND_LEN			24	/* up to the end of the target */
#define IPPROTO_ICMP6		58
#define ICMP6_ND_SOLICIT	135
#define ICMP6_ND_ADVERT		136

static void parse_arp(const uint8_t *p, size_t len, struct ippass_headers *h)
{
	/* Ethernet and IPv4 with their lengths, whatever the operation */
	static const uint8_t shape[6] = { 0, 1, 8, 0, 6, 4 };

	if (len < ARP_LEN || memcmp(p, shape, sizeof(shape)))
		return;
	h->kind = IPPASS_ARP;
	h->arp_request = get16(p + 6) == ARP_REQUEST;
	memcpy(h->sender_mac, p + 8, ETH_ALEN);
	memcpy(&h->ip4_from, p + 14, 4);
	memcpy(&h->ip4_to, p + 24, 4);
}

static void parse_ip4(const uint8_t *p, size_t len, struct ippass_headers *h)
{
	size_t header;

	if (len < IP4_HEADER_MIN || p[0] >> 4 != 4)
		return;
	header = (size_t)(p[0] & 0xf) * 4;
	h->kind = IPPASS_IP4;
	memcpy(&h->ip4_from, p + 12, 4);
	memcpy(&h->ip4_to, p + 16, 4);
	h->to_dhcp_client = p[9] == IPPROTO_UDP && header >= IP4_HEADER_MIN &&
			    !(get16(p + 6) & IP4_FRAGMENT_OFFSET) &&
			    len >= header + 4 &&
			    get16(p + header + 2) == UDP_DHCP_CLIENT;
}

static void parse_ip6(const uint8_t *p, size_t len, struct ippass_headers *h)
{
	const uint8_t *icmp = p + IP6_HEADER_LEN;

	if (len < IP6_HEADER_LEN || p[0] >> 4 != 6)
		return;
	h->kind = IPPASS_IP6;
	memcpy(h->ip6_from, p + 8, 16);
	memcpy(h->ip6_to, p + 24, 16);
	if (len - IP6_HEADER_LEN < ND_LEN || p[6] != IPPROTO_ICMP6)
		return;
	h->nd_solicit = icmp[0] == ICMP6_ND_SOLICIT;
	h->nd_advert = icmp[0] == ICMP6_ND_ADVERT;
	memcpy(h->nd_target, icmp + 8, 16);
}

bool ippass_parse(const uint8_t *p, size_t len, struct ippass_headers *h)
{
	uint16_t type;

	memset(h, 0, sizeof(*h));
	if (len < ETH_HEADER_LEN)
		return false;
	memcpy(h->dst, p, ETH_ALEN);
	memcpy(h->sender_mac, p + ETH_ALEN, ETH_ALEN);
	type = get16(p + ETHERTYPE_OFFSET);
	if (type == ETHERTYPE_VLAN) {
		h->vlan = net_vlan(p, len);
		if (len < ETH_HEADER_LEN + VLAN_TAG_LEN)
			return true;
		p += VLAN_TAG_LEN;
		len -= VLAN_TAG_LEN;
		type = get16(p + ETHERTYPE_OFFSET);
	}
	p += ETH_HEADER_LEN;
	len -= ETH_HEADER_LEN;
	switch (type) {
	case ETHERTYPE_ARP:
		parse_arp(p, len, h);
		break;
	case ETHERTYPE_IP4:
		parse_ip4(p, len, h);
		break;
	case ETHERTYPE_IP6:
		parse_ip6(p, len, h);
		break;
	}
	return true;
}

static bool is_vmm_ip4(const struct ippass_view *v, uint32_t ip)
{
	for (unsigned int i = 0; i < v->vmm.n_ip4; i++)
		if (v->vmm.ip4[i] == ip)
			return true;
	return false;
}

static bool is_vmm_ip6(const struct ippass_view *v, const uint8_t ip[16])
{
	for (unsigned int i = 0; i < v->vmm.n_ip6; i++)
		if (!memcmp(v->vmm.ip6[i], ip, 16))
			return true;
	return false;
}

/* Is the VMM the one this packet or ARP message is addressed to? */
static bool for_vmm_ip(const struct ippass_view *v,
		       const struct ippass_headers *h)
{
	switch (h->kind) {
	case IPPASS_ARP:
	case IPPASS_IP4:
		return is_vmm_ip4(v, h->ip4_to);
	case IPPASS_IP6:
		return is_vmm_ip6(v, h->ip6_to);
	case IPPASS_OTHER:
		break;
	}
	return false;
}

/*
 * Unicast for the VMM: on its VLAN, by MAC if it has its own, else by IP too.
 */
static bool unicast_for_vmm(const struct ippass_view *v,
			    const struct ippass_headers *h)
{
	if (h->vlan != v->vlan || memcmp(h->dst, v->stack_mac, ETH_ALEN))
		return false;
	return memcmp(v->guest_mac, v->stack_mac, ETH_ALEN) ||
	       for_vmm_ip(v, h);
}

/*
 * To the MAC address that guest and stack share, at a time when the VMM may have
 * no address to be told by: a DHCP server's answer (which client it is for is
 * known to the clients alone, by xid), and an answer to a probe (RFC 5227).
 */
static bool unicast_for_both(const struct ippass_view *v,
			     const struct ippass_headers *h)
{
	if (!v->dhcp || h->vlan != v->vlan ||
	    memcmp(h->dst, v->stack_mac, ETH_ALEN) ||
	    memcmp(h->dst, v->guest_mac, ETH_ALEN))
		return false;
	return h->to_dhcp_client ||
	       (h->kind == IPPASS_ARP && !h->arp_request && !h->ip4_to);
}

/* Does the VMM listen to this broadcast or multicast address? */
static bool group_for_vmm(const struct ippass_view *v,
			  const struct ippass_headers *h)
{
	static const uint8_t broadcast[ETH_ALEN] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff
	};
	static const uint8_t all_nodes[ETH_ALEN] = { 0x33, 0x33, 0, 0, 0, 1 };

	if (h->vlan != v->vlan)
		return false;
	if (!memcmp(h->dst, broadcast, ETH_ALEN))
		return true;
	for (unsigned int i = 0; i < v->vmm.n_multicast; i++)
		if (!memcmp(h->dst, v->vmm.multicast[i], ETH_ALEN))
			return true;
	if (v->vmm.n_ip6 && !memcmp(h->dst, all_nodes, ETH_ALEN))
		return true;
	/* solicited-node address of one of ours (RFC 4291, 2.7.1) */
	for (unsigned int i = 0; i < v->vmm.n_ip6; i++)
		if (h->dst[0] == 0x33 && h->dst[1] == 0x33 &&
		    h->dst[2] == 0xff &&
		    !memcmp(h->dst + 3, v->vmm.ip6[i] + 13, 3))
			return true;
	return false;
}

static uint8_t from_wire(const struct ippass_view *v,
			 const struct ippass_headers *h, bool group)
{
	if (group)
		return BIT(NET_GUEST) |
		       (group_for_vmm(v, h) ? BIT(NET_STACK) : 0);
	if (unicast_for_both(v, h))
		return BIT(NET_STACK) | BIT(NET_GUEST);
	if (unicast_for_vmm(v, h))
		return BIT(NET_STACK) | (v->filter ? 0 : BIT(NET_GUEST));
	return BIT(NET_GUEST);
}

static uint8_t from_guest(const struct ippass_view *v,
			  const struct ippass_headers *h, bool group)
{
	if (group)
		return BIT(NET_WIRE) |
		       (group_for_vmm(v, h) ? BIT(NET_STACK) : 0);
	if (unicast_for_vmm(v, h) || unicast_for_both(v, h))
		return BIT(NET_STACK);
	/* To our own MAC, but not for the VMM: nobody out there has it. */
	if (!memcmp(h->dst, v->guest_mac, ETH_ALEN) ||
	    !memcmp(h->dst, v->stack_mac, ETH_ALEN))
		return 0;
	return BIT(NET_WIRE);
}

static uint8_t from_stack(const struct ippass_view *v,
			  const struct ippass_headers *h, bool group)
{
	/* netd has no business elsewhere, whoever may have got into it */
	if (h->vlan != v->vlan)
		return 0;
	if (group)
		return BIT(NET_WIRE) | BIT(NET_GUEST);
	if (!memcmp(h->dst, v->guest_mac, ETH_ALEN))
		return BIT(NET_GUEST);
	return BIT(NET_WIRE);
}

uint8_t ippass_targets(const struct ippass_view *v,
		       const struct ippass_headers *h, enum net_port_id from)
{
	bool group = h->dst[0] & 1;

	switch (from) {
	case NET_WIRE:
		return from_wire(v, h, group);
	case NET_GUEST:
		return from_guest(v, h, group);
	case NET_STACK:
		return from_stack(v, h, group);
	case NET_PORTS:
		break;
	}
	return 0;
}

static enum ippass_claim claim4(const struct ippass_view *v,
				const struct ippass_headers *h,
				enum net_port_id from, const uint8_t **ip)
{
	*ip = (const uint8_t *)&h->ip4_from;
	if (h->ip4_from && is_vmm_ip4(v, h->ip4_from))
		return h->kind == IPPASS_ARP ? IPPASS_USES : IPPASS_SENDS;
	*ip = (const uint8_t *)&h->ip4_to;
	if (h->kind == IPPASS_ARP && from == NET_GUEST && !h->ip4_from &&
	    h->arp_request && is_vmm_ip4(v, h->ip4_to))
		return IPPASS_PROBES;
	return IPPASS_CLAIMS_NOTHING;
}

static enum ippass_claim claim6(const struct ippass_view *v,
				const struct ippass_headers *h,
				enum net_port_id from, const uint8_t **ip)
{
	static const uint8_t unspecified[16];

	*ip = h->nd_target;
	if (h->nd_advert && is_vmm_ip6(v, h->nd_target))
		return IPPASS_USES;
	if (h->nd_solicit && from == NET_GUEST &&
	    !memcmp(h->ip6_from, unspecified, 16) &&
	    is_vmm_ip6(v, h->nd_target))
		return IPPASS_PROBES;
	*ip = h->ip6_from;
	return is_vmm_ip6(v, h->ip6_from) ? IPPASS_SENDS :
					    IPPASS_CLAIMS_NOTHING;
}

enum ippass_claim ippass_claim(const struct ippass_view *v,
			       const struct ippass_headers *h,
			       enum net_port_id from, const uint8_t **ip)
{
	if (h->vlan != v->vlan)
		return IPPASS_CLAIMS_NOTHING;
	switch (h->kind) {
	case IPPASS_ARP:
	case IPPASS_IP4:
		return claim4(v, h, from, ip);
	case IPPASS_IP6:
		return claim6(v, h, from, ip);
	case IPPASS_OTHER:
		break;
	}
	return IPPASS_CLAIMS_NOTHING;
}
