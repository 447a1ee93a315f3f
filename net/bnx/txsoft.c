/* SPDX-License-Identifier: MIT */
/*
 * Transmit offload in software, see txoffload.h: frames whose checksum or
 * segmentation the hardware cannot do, or whose fragments it cannot fetch, are
 * copied into complete packets of their own (RFC 1071 sums; segments as RFC
 * 9293, lengths as RFC 791 and 8200). Rare, so plain rather than fast.
 */
#include "txoffload.h"

#include "headers.h"

#include <errno.h>
#include <string.h>

#define VLAN_TAGS_MAX		2
#define IPV6_EXTENSIONS_MAX	8

/* One's complement sum of n bytes, not folded; an odd byte counts as high. */
static uint32_t sum(const uint8_t *p, uint32_t n, uint32_t s)
{
	for (; n > 1; n -= 2, p += 2)
		s += get_be16(p);
	return n ? s + (uint32_t)(*p << 8) : s;
}

static uint16_t finish(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

/* Offset of the network header behind up to two tags; 0 if there is none. */
static uint32_t find_l3(const uint8_t *h, uint32_t n)
{
	uint32_t at = ETHERTYPE_OFFSET;

	for (unsigned int tags = 0; tags <= VLAN_TAGS_MAX; tags++) {
		if (n < at + 2)
			return 0;
		uint16_t type = get_be16(h + at);

		if (type != ETHERTYPE_VLAN && type != ETHERTYPE_SERVICE_VLAN)
			return at + 2;
		at += VLAN_TAG_LEN;
	}
	return 0;
}

/* Whether TCP is at l4 of the IPv6 packet at l3, with nothing odd before. */
static bool ipv6_reaches(const uint8_t *h, uint32_t l3, uint32_t l4)
{
	uint8_t next = h[l3 + IPV6_NEXT_HEADER];
	uint32_t at = l3 + IPV6_HEADER;

	for (unsigned int i = 0; i < IPV6_EXTENSIONS_MAX && at < l4; i++) {
		if (next != IPV6_HOP_BY_HOP && next != IPV6_DESTINATION &&
		    next != IPV6_ROUTING)
			return false;
		/* a segment list would change the pseudo header */
		if (next == IPV6_ROUTING && h[at + IPV6_SEGMENTS_LEFT])
			return false;
		next = h[at];
		at += 8 + 8u * h[at + 1];
	}
	return at == l4 && next == PROTOCOL_TCP;
}

static bool check_ip(const struct txoffload_soft *s, uint32_t n)
{
	const uint8_t *h = s->header;
	uint16_t type = get_be16(h + s->l3 - 2);

	if (n < s->l3 + (uint32_t)IPV4_HEADER_MIN || s->l4 < s->l3)
		return false;
	if (!s->ipv6)
		return type == ETHERTYPE_IPV4 && h[s->l3] >> 4 == 4 &&
		       IPV4_IHL(h[s->l3]) >= 5 &&
		       s->l4 == s->l3 + 4 * IPV4_IHL(h[s->l3]) &&
		       h[s->l3 + IPV4_PROTOCOL] == PROTOCOL_TCP &&
		       !(get_be16(h + s->l3 + IPV4_FRAGMENT) &
			 IPV4_FRAGMENTED);
	/* each extension header is at least 8 bytes and starts before l4 */
	return type == ETHERTYPE_IPV6 && h[s->l3] >> 4 == 6 &&
	       s->l4 >= s->l3 + IPV6_HEADER && n >= s->l4 + 8u &&
	       ipv6_reaches(h, s->l3, s->l4);
}

static int start_segmented(struct txoffload_soft *s, struct frame *f)
{
	uint32_t n = MIN(f->len, TXOFFLOAD_SLOT_SIZE), l3, tcp;

	if (!s->csum || f->csum_offset != TCP_CSUM || !f->mss ||
	    !frame_copy(f, 0, s->header, n))
		return -EINVAL;
	l3 = find_l3(s->header, n);
	if (!l3 || f->csum_start >= n || n - f->csum_start < TCP_HEADER_MIN)
		return -EINVAL;
	s->l3 = (uint16_t)l3;
	s->l4 = f->csum_start;
	s->ipv6 = f->flags & FRAME_TSO6;
	if (!check_ip(s, n))
		return -EINVAL;
	tcp = 4u * (s->header[s->l4 + TCP_DATA_OFFSET] >> 4);
	if (tcp < TCP_HEADER_MIN || tcp > n - s->l4)
		return -EINVAL;
	s->header_len = (uint16_t)(s->l4 + tcp);
	s->mss = f->mss;
	if ((uint32_t)s->header_len - s->l3 + s->mss > NET_MTU)
		return -EINVAL;
	if (s->header_len + (uint32_t)s->mss > TXOFFLOAD_PACKET_MAX)
		return -EINVAL;
	s->ip_id = get_be16(s->header + s->l3 + IPV4_ID);
	s->sequence = get_be32(s->header + s->l4 + TCP_SEQUENCE);
	s->offset = s->header_len;
	return 0;
}

int txoffload_soft_start(struct txoffload_soft *s, struct frame *f)
{
	s->frame = f;
	s->done = false;
	s->csum = f->flags & FRAME_CSUM_PARTIAL;
	s->segmented = f->flags & (FRAME_TSO4 | FRAME_TSO6);
	if (f->len < ETH_HEADER_LEN)
		return -EINVAL;
	if (s->segmented)
		return start_segmented(s, f);
	if (f->len > NET_FRAME_MAX)
		return -EINVAL;
	if (s->csum &&
	    (f->csum_start > f->len || f->csum_offset > f->len - f->csum_start ||
	     f->len - f->csum_start - f->csum_offset < 2))
		return -EINVAL;
	return 0;
}

static uint32_t pad(uint8_t *dst, uint32_t len)
{
	if (len >= TXOFFLOAD_PACKET_MIN)
		return len;
	memset(dst + len, 0, TXOFFLOAD_PACKET_MIN - len);
	return TXOFFLOAD_PACKET_MIN;
}

static void store_csum(uint8_t *field, uint16_t value)
{
	/* 0 would say "no checksum" in UDP; both mean the same otherwise */
	put_be16(field, value ? value : 0xffff);
}

/* A frame that is one packet: copy it and complete its checksum. */
static uint32_t next_whole(struct txoffload_soft *s, uint8_t *dst)
{
	const struct frame *f = s->frame;

	s->done = true;
	if (!frame_copy(f, 0, dst, f->len))
		return 0;
	if (s->csum)
		store_csum(dst + f->csum_start + f->csum_offset,
			   finish(sum(dst + f->csum_start,
				      f->len - f->csum_start, 0)));
	return pad(dst, f->len);
}

static void finish_ip(const struct txoffload_soft *s, uint8_t *dst,
		      uint32_t len)
{
	uint8_t *ip = dst + s->l3;

	if (s->ipv6) {
		put_be16(ip + IPV6_PAYLOAD_LENGTH, len - s->l3 - IPV6_HEADER);
		return;
	}
	put_be16(ip + IPV4_TOTAL_LENGTH, len - s->l3);
	put_be16(ip + IPV4_ID, s->ip_id);
	put_be16(ip + IPV4_CSUM, 0);
	put_be16(ip + IPV4_CSUM, finish(sum(ip, s->l4 - s->l3, 0)));
}

static void finish_tcp(const struct txoffload_soft *s, uint8_t *dst,
		       uint32_t len, bool first, bool last)
{
	uint8_t *tcp = dst + s->l4, flags = tcp[TCP_FLAGS];
	uint32_t total = len - s->l4, s0 = PROTOCOL_TCP + total;

	if (!last)
		flags &= (uint8_t)~(TCP_FIN | TCP_PSH);
	if (!first)
		flags &= (uint8_t)~TCP_CWR;
	tcp[TCP_FLAGS] = flags;
	put_be32(tcp + TCP_SEQUENCE, s->sequence);
	put_be16(tcp + TCP_CSUM, 0);
	s0 = s->ipv6 ? sum(dst + s->l3 + IPV6_SOURCE, 32, s0) :
		       sum(dst + s->l3 + IPV4_SOURCE, 8, s0);
	store_csum(tcp + TCP_CSUM, finish(sum(tcp, total, s0)));
}

static uint32_t next_segment(struct txoffload_soft *s, uint8_t *dst)
{
	uint32_t payload = MIN(s->frame->len - s->offset, (uint32_t)s->mss);
	uint32_t len = s->header_len + payload;
	bool first = s->offset == s->header_len;

	memcpy(dst, s->header, s->header_len);
	if (payload && !frame_copy(s->frame, s->offset, dst + s->header_len,
				   payload)) {
		s->done = true;
		return 0;
	}
	s->offset += payload;
	s->done = s->offset == s->frame->len;
	finish_ip(s, dst, len);
	finish_tcp(s, dst, len, first, s->done);
	s->sequence += payload;
	s->ip_id++;
	return pad(dst, len);
}

uint32_t txoffload_soft_next(struct txoffload_soft *s, uint8_t *dst)
{
	if (s->done)
		return 0;
	return s->segmented ? next_segment(s, dst) : next_whole(s, dst);
}
