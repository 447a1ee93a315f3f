/* SPDX-License-Identifier: MIT */
/*
 * What is too much to be answered, seen before lwIP takes it up, which would
 * look through all its connections for each SYN and answer each ARP request.
 * What is refused here costs little, so a storm leaves the CPU to the guest:
 *
 * - SYNs (RFC 9293) to a listener whose half-open connections are all taken and
 *   too young to make room (listen.c): lwIP could only drop them;
 * - ARP requests (RFC 826) beyond a rate. Those for our address have a rate of
 *   their own: who asks in earnest asks again after a second.
 */
#include "stack.h"

#include <lwip/prot/etharp.h>
#include <lwip/prot/ethernet.h>
#include <lwip/prot/ip.h>
#include <lwip/prot/ip4.h>
#include <lwip/prot/tcp.h>
#include <lwip_hooks.h>
#include <string.h>

#define ARP_RATE	500u	/* requests a second */
#define ARP_BURST	100u
#define IP6_LEN		40u

static struct bucket {
	uint64_t filled_at;		/* VMM time, us */
	uint32_t left;
} for_us = { .left = ARP_BURST }, for_others = { .left = ARP_BURST };

static struct {
	uint64_t syn, arp;
} count;

static bool take(struct bucket *b)
{
	uint64_t now = stack_time();
	uint64_t more = (now - b->filled_at) * ARP_RATE / 1000000;

	if (more) {
		b->left = more > ARP_BURST - b->left ? ARP_BURST :
						       b->left + (uint32_t)more;
		b->filled_at = now;
	}
	if (!b->left)
		return false;
	b->left--;
	return true;
}

static bool arp_refused(const uint8_t *frame, uint16_t len, uint32_t our_ip)
{
	const struct etharp_hdr *arp = (const void *)(frame + SIZEOF_ETH_HDR);
	uint32_t target;

	if (len < SIZEOF_ETH_HDR + SIZEOF_ETHARP_HDR ||
	    arp->opcode != PP_HTONS(ARP_REQUEST))
		return false;
	memcpy(&target, &arp->dipaddr, sizeof(target));
	if (take(target == our_ip ? &for_us : &for_others))
		return false;
	count.arp++;
	return true;
}

static bool syn_refused(const uint8_t *frame, uint32_t len, uint32_t at)
{
	const struct tcp_hdr *tcp = (const void *)(frame + at);

	if (len < at + TCP_HLEN ||
	    (TCPH_FLAGS(tcp) & (TCP_SYN | TCP_ACK)) != TCP_SYN ||
	    !stack_tcp_full(lwip_ntohs(tcp->dest)))
		return false;
	count.syn++;
	return true;
}

bool stack_storm_refuses(const uint8_t *frame, uint16_t len, uint32_t our_ip)
{
	const uint8_t *ip = frame + SIZEOF_ETH_HDR;

	switch (frame[12] << 8 | frame[13]) {
	case ETHTYPE_ARP:
		return arp_refused(frame, len, our_ip);
	case ETHTYPE_IP:
		return len >= SIZEOF_ETH_HDR + IP_HLEN &&
		       ip[9] == IP_PROTO_TCP && !(ip[6] & 0x1f) && !ip[7] &&
		       syn_refused(frame, len,
				   SIZEOF_ETH_HDR + 4u * (ip[0] & 15));
	case ETHTYPE_IPV6:
		return len >= SIZEOF_ETH_HDR + IP6_LEN &&
		       ip[6] == IP_PROTO_TCP &&
		       syn_refused(frame, len, SIZEOF_ETH_HDR + IP6_LEN);
	}
	return false;
}

void stack_storm_counters(stack_counter add, void *to)
{
	add(to, "SYN refused", count.syn);
	add(to, "ARP refused", count.arp);
}
