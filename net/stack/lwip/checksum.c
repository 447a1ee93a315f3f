/* SPDX-License-Identifier: MIT */
/*
 * The checksum of TCP segments that netd sends is the NIC's to finish: lwIP leaves
 * it out, and here the sum of the pseudo header is put in its place (RFC 9293,
 * 3.1; RFC 8200, 8.1), from which the NIC goes on. Only a whole segment can be
 * finished like that: of a datagram in fragments (RFC 791, 3.2) each is sent as
 * it is.
 */
#include "stack.h"

#include <net/vlan.h>
#include <netring.h>

#define ETHERNET_HEADER	14u
#define ETHERTYPE_IPV4	0x0800u
#define ETHERTYPE_IPV6	0x86ddu
#define IP4_MIN		20u
#define IP6_HEADER	40u
#define TCP_MIN		20u
#define PROTOCOL_TCP	6u
#define IP4_FRAGMENT	0x3fffu		/* more follow, or an offset */

static uint32_t sum_words(const uint8_t *p, unsigned int bytes)
{
	uint32_t sum = 0;

	for (; bytes; p += 2, bytes -= 2)
		sum += (uint32_t)(p[0] << 8 | p[1]);
	return sum;
}

/* Bytes of the IPv4 header, if a whole TCP segment follows it; else 0. */
static uint32_t before_tcp4(const uint8_t *ip, uint32_t len)
{
	uint32_t header;

	if (len < IP4_MIN + TCP_MIN || ip[9] != PROTOCOL_TCP ||
	    (get16(ip + 6) & IP4_FRAGMENT))
		return 0;
	header = 4 * (ip[0] & 15u);
	return header >= IP4_MIN && len - TCP_MIN >= header ? header : 0;
}

uint16_t stack_leave_checksum(uint8_t *frame, uint32_t len)
{
	uint16_t type = len > ETHERNET_HEADER ? get16(frame + ETHERTYPE_OFFSET) :
						0;
	uint8_t *ip = frame + ETHERNET_HEADER, *tcp;
	uint32_t sum = PROTOCOL_TCP, header = 0;

	if (type == ETHERTYPE_IPV4) {
		header = before_tcp4(ip, len - ETHERNET_HEADER);
		sum += header ? sum_words(ip + 12, 8) : 0;
	} else if (type == ETHERTYPE_IPV6 &&
		   len >= ETHERNET_HEADER + IP6_HEADER + TCP_MIN &&
		   ip[6] == PROTOCOL_TCP) {
		header = IP6_HEADER;
		sum += sum_words(ip + 8, 32);
	}
	if (!header)
		return 0;
	tcp = ip + header;
	sum += (uint32_t)(frame + len - tcp);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	tcp[NETRING_TCP_CSUM] = (uint8_t)(sum >> 8);
	tcp[NETRING_TCP_CSUM + 1] = (uint8_t)sum;
	return (uint16_t)(NETRING_CSUM_TCP |
			  (tcp - frame) << NETRING_TCP_SHIFT);
}
