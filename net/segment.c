// SPDX-License-Identifier: MIT
/*
 * Offload requests done in software (net/segment.h). Checksums follow RFC
 * 1071; a TCP frame is cut as RFC 9293 would have sent it: sequence numbers
 * advance, FIN and PSH only on the last segment, CWR only on the first.
 *
 * The frame may lie in guest memory, which changes under us: headers are
 * parsed from a private copy, and what is copied out is summed where it
 * arrived.
 */
#include <net/segment.h>

#include <errno.h>
#include <net/vlan.h>
#include <string.h>

#define ETHERTYPE_IP4		0x0800
#define ETHERTYPE_IP6		0x86dd
#define IP4_HEADER_MIN		20
#define IP6_HEADER_LEN		40
#define TCP_HEADER_MIN		20
#define IPPROTO_TCP		6

#define TCP_SEQ			4
#define TCP_DATA_OFFSET		12
#define TCP_FLAGS		13
#define TCP_CSUM		16
#define TCP_FIN			0x01
#define TCP_PSH			0x08
#define TCP_CWR			0x80

static uint32_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)sum;
}

uint32_t net_sum(const void *data, uint32_t len, uint32_t start)
{
	const uint8_t *p = data;
	uint64_t sum = 0;

	/* In the machine's byte order, which RFC 1071 (2B) allows. */
	for (; len >= 4; p += 4, len -= 4) {
		uint32_t v;

		memcpy(&v, p, 4);
		sum += v;
	}
	if (len >= 2) {
		uint16_t v;

		memcpy(&v, p, 2);
		sum += v;
		p += 2;
		len -= 2;
	}
	if (len)
		sum += *p;
	sum = fold(sum);
	return fold((uint64_t)start + (uint16_t)(sum << 8 | sum >> 8));
}

uint16_t net_sum_finish(uint32_t sum)
{
	return (uint16_t)~fold(sum);
}

static int start_tso(struct net_segmenter *s)
{
	const struct frame *f = s->f;
	uint32_t want = MIN(f->len, (uint32_t)NET_HEADERS_MAX);
	uint32_t l3 = ETH_HEADER_LEN, l4, payload;
	uint8_t *h = s->header;
	uint16_t type;

	if (want < ETH_HEADER_LEN + VLAN_TAG_LEN + IP4_HEADER_MIN ||
	    !frame_copy(f, 0, h, want))
		return -EINVAL;
	type = get16(h + ETHERTYPE_OFFSET);
	if (type == ETHERTYPE_VLAN) {
		type = get16(h + ETHERTYPE_OFFSET + VLAN_TAG_LEN);
		l3 += VLAN_TAG_LEN;
	}
	l4 = f->csum_start;
	s->ipv6 = f->flags & FRAME_TSO6;
	if (type != (s->ipv6 ? ETHERTYPE_IP6 : ETHERTYPE_IP4))
		return -EINVAL;
	if (l4 < l3 + (s->ipv6 ? IP6_HEADER_LEN : IP4_HEADER_MIN) ||
	    l4 > want || want - l4 < TCP_HEADER_MIN)
		return -EINVAL;
	if (!s->ipv6 && (l4 - l3 != (h[l3] & 15) * 4u ||
			 h[l3 + 9] != IPPROTO_TCP))
		return -EINVAL;
	s->l3 = (uint16_t)l3;
	s->l4 = (uint16_t)l4;
	s->header_len = l4 + (h[l4 + TCP_DATA_OFFSET] >> 4) * 4u;
	if (s->header_len < l4 + TCP_HEADER_MIN || s->header_len > want)
		return -EINVAL;
	s->mss = f->mss;
	if (!s->mss)
		return -EINVAL;
	payload = f->len - s->header_len;
	s->n = payload ? (payload + s->mss - 1) / s->mss : 1;
	return (int)s->n;
}

int net_segment_start(struct net_segmenter *s, const struct frame *f)
{
	s->f = f;
	s->n = 1;
	s->header_len = 0;
	if (f->flags & (FRAME_TSO4 | FRAME_TSO6))
		return start_tso(s);
	if ((f->flags & FRAME_CSUM_PARTIAL) &&
	    (f->csum_start > f->len ||
	     f->len - f->csum_start < f->csum_offset + 2u))
		return -EINVAL;
	return 1;
}

/* Sum of the pseudo-header of a TCP segment of len bytes. */
static uint32_t pseudo_sum(const struct net_segmenter *s, uint32_t len)
{
	const uint8_t *ip = s->header + s->l3;
	uint32_t sum;

	if (s->ipv6)
		sum = net_sum(ip + 8, 32, 0);
	else
		sum = net_sum(ip + 12, 8, 0);
	return sum + IPPROTO_TCP + (len >> 16) + (len & 0xffff);
}

static int write_segment(const struct net_segmenter *s, unsigned int i,
			 uint8_t *dst, uint32_t size)
{
	uint32_t at = s->header_len + i * s->mss;
	uint32_t payload = MIN(s->mss, s->f->len - at);
	uint32_t len = s->header_len + payload;
	uint8_t *ip = dst + s->l3, *tcp = dst + s->l4;

	if (len > size)
		return -EMSGSIZE;
	memcpy(dst, s->header, s->header_len);
	if (!frame_copy(s->f, at, dst + s->header_len, payload))
		return -EINVAL;
	if (s->ipv6) {
		put16(ip + 4, (uint16_t)(len - s->l3 - IP6_HEADER_LEN));
	} else {
		put16(ip + 2, (uint16_t)(len - s->l3));
		put16(ip + 4, (uint16_t)(get16(ip + 4) + i));
		put16(ip + 10, 0);
		put16(ip + 10, net_sum_finish(net_sum(ip, s->l4 - s->l3, 0)));
	}
	put32(tcp + TCP_SEQ, get32(tcp + TCP_SEQ) + i * s->mss);
	if (i + 1 < s->n)
		tcp[TCP_FLAGS] &= (uint8_t)~(TCP_FIN | TCP_PSH);
	if (i > 0)
		tcp[TCP_FLAGS] &= (uint8_t)~TCP_CWR;
	put16(tcp + TCP_CSUM, 0);
	put16(tcp + TCP_CSUM,
	      net_sum_finish(net_sum(tcp, len - s->l4,
				     pseudo_sum(s, len - s->l4))));
	return (int)len;
}

int net_segment_write(const struct net_segmenter *s, unsigned int i,
		      uint8_t *dst, uint32_t size)
{
	const struct frame *f = s->f;
	uint8_t *field;
	uint16_t csum;

	if (i >= s->n)
		return -EINVAL;
	if (s->header_len)
		return write_segment(s, i, dst, size);
	if (f->len > size)
		return -EMSGSIZE;
	if (!frame_copy(f, 0, dst, f->len))
		return -EINVAL;
	if (f->flags & FRAME_CSUM_PARTIAL) {
		/* The field holds the pseudo-header's sum and is summed too. */
		field = dst + f->csum_start + f->csum_offset;
		csum = net_sum_finish(net_sum(dst + f->csum_start,
					      f->len - f->csum_start, 0));
		/* To UDP 0 means "none"; to others both mean the same. */
		put16(field, csum ? csum : 0xffff);
	}
	return (int)f->len;
}
