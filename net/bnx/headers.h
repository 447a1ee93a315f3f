/* SPDX-License-Identifier: MIT */
/*
 * Protocol constants and field access for txoffload.c. Fields are named as in
 * RFC 791, 8200, 9293 and 768; offsets are from the start of their header.
 */
#ifndef BNX_HEADERS_H
#define BNX_HEADERS_H

#include <tandem/types.h>

#define ETHERTYPE_OFFSET	12
#define ETHERTYPE_IPV4		0x0800
#define ETHERTYPE_IPV6		0x86dd
#define ETHERTYPE_VLAN		0x8100
#define ETHERTYPE_SERVICE_VLAN	0x88a8
#define VLAN_TAG_LEN		4

#define IPV4_HEADER_MIN		20
#define IPV4_IHL(b)		((b) & 0xfu)
#define IPV4_TOTAL_LENGTH	2
#define IPV4_ID			4
#define IPV4_FRAGMENT		6
#define   IPV4_FRAGMENTED	0x3fff	/* more fragments, or an offset */
#define IPV4_PROTOCOL		9
#define IPV4_CSUM		10
#define IPV4_SOURCE		12

#define IPV6_HEADER		40
#define IPV6_PAYLOAD_LENGTH	4
#define IPV6_NEXT_HEADER	6
#define IPV6_SOURCE		8
#define IPV6_HOP_BY_HOP		0
#define IPV6_ROUTING		43
#define   IPV6_SEGMENTS_LEFT	3
#define IPV6_DESTINATION	60

#define PROTOCOL_TCP		6
#define PROTOCOL_UDP		17

#define TCP_HEADER_MIN		20
#define TCP_SEQUENCE		4
#define TCP_DATA_OFFSET		12	/* upper half: dwords */
#define TCP_FLAGS		13
#define   TCP_FIN		0x01
#define   TCP_PSH		0x08
#define   TCP_CWR		0x80
#define TCP_CSUM		16
#define UDP_HEADER		8
#define UDP_CSUM		6

static inline uint16_t get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)get_be16(p) << 16 | get_be16(p + 2);
}

static inline void put_be16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put_be32(uint8_t *p, uint32_t v)
{
	put_be16(p, v >> 16);
	put_be16(p + 2, v);
}

#endif
