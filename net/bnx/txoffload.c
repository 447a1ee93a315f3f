/* SPDX-License-Identifier: MIT */
/*
 * Transmit offload, see txoffload.h: what the hardware is asked to do
 * (5722-PG101-R, send BDs and large sends). All decisions are made on a private
 * copy of the headers. What the hardware cannot do is in txsoft.c.
 *
 * The hardware cracks IPv4 and IPv6 without extension headers, TCP and UDP,
 * not fragmented, without an 802.1Q tag in the bytes. One tag is therefore
 * taken out of the header and put into the BD.
 */
#include "txoffload.h"

#include "headers.h"
#include "regs.h"

#include <errno.h>
#include <string.h>

/* Ethernet, the longest IPv4 and the longest TCP header, and a tag */
#define PARSE_BYTES	(ETH_HEADER_LEN + 60 + 60 + VLAN_TAG_LEN)

_Static_assert(PARSE_BYTES + TXOFFLOAD_SHORT_DMA <= TXOFFLOAD_SLOT_SIZE,
	       "a header and a short rest fit into a slot");

/* the MSS field's share of a BD, per encoding */
#define TSO_2_HEADER_SHIFT	9
#define TSO_3_MSS_HEADER(h)	(((h) & 0x00cu) << 12)
#define TSO_3_FLAG_HEADER(h)	(((h) & 0x010u) | ((h) & 0x3e0u) << 5)

/* Segments smaller than this are not worth the hardware's trouble. */
#define TSO_MSS_MIN		64u
#define TSO_LEN_MAX		(ETH_HEADER_LEN + VLAN_TAG_LEN + 65535u)

struct headers {
	uint16_t l3, l4, end;	/* offsets; end of the L4 header */
	bool ipv6, tcp;
};

/*
 * Find the headers in the n bytes at h, as the hardware would. len is the
 * frame's. Returns false if the hardware would not find them, or not the same.
 */
static bool crack(const uint8_t *h, uint32_t n, uint32_t len, uint16_t l3,
		  struct headers *out)
{
	uint8_t protocol;
	uint32_t l4, need;

	if (n < l3 + (uint32_t)IPV4_HEADER_MIN)
		return false;
	out->l3 = l3;
	switch (get_be16(h + l3 - 2)) {
	case ETHERTYPE_IPV4:
		out->ipv6 = false;
		if (h[l3] >> 4 != 4 || IPV4_IHL(h[l3]) < 5 ||
		    get_be16(h + l3 + IPV4_FRAGMENT) & IPV4_FRAGMENTED)
			return false;
		l4 = l3 + 4 * IPV4_IHL(h[l3]);
		protocol = h[l3 + IPV4_PROTOCOL];
		break;
	case ETHERTYPE_IPV6:
		out->ipv6 = true;
		if (h[l3] >> 4 != 6 || n < l3 + (uint32_t)IPV6_HEADER)
			return false;
		l4 = l3 + IPV6_HEADER;
		protocol = h[l3 + IPV6_NEXT_HEADER];
		break;
	default:
		return false;
	}
	out->tcp = protocol == PROTOCOL_TCP;
	if (!out->tcp && protocol != PROTOCOL_UDP)
		return false;
	need = out->tcp ? TCP_HEADER_MIN : UDP_HEADER;
	if (n < l4 + need)
		return false;
	if (out->tcp) {
		need = 4u * (h[l4 + TCP_DATA_OFFSET] >> 4);
		if (need < TCP_HEADER_MIN || n < l4 + need)
			return false;
	}
	out->l4 = (uint16_t)l4;
	out->end = (uint16_t)(l4 + need);
	return true;
}

/* Whether the IP header's length is that of the frame. */
static bool length_agrees(const uint8_t *h, const struct headers *at,
			  uint32_t len)
{
	if (at->ipv6)
		return get_be16(h + at->l3 + IPV6_PAYLOAD_LENGTH) ==
		       len - at->l3 - IPV6_HEADER;
	return get_be16(h + at->l3 + IPV4_TOTAL_LENGTH) == len - at->l3;
}

static bool request_agrees(const struct frame *f, const struct headers *at)
{
	return f->csum_start == at->l4 &&
	       f->csum_offset == (at->tcp ? TCP_CSUM : UDP_CSUM);
}

static int prepare_tso(const struct frame *f, enum txoffload_lso lso,
		       uint8_t *h, const struct headers *at,
		       struct txoffload *o)
{
	uint32_t header = at->end - at->l3;
	uint32_t payload = f->len - at->end;

	if (f->mss < TSO_MSS_MIN || payload <= f->mss)
		return TXOFFLOAD_SOFTWARE;
	if (header + f->mss > NET_MTU)
		return -EINVAL;
	o->flags |= SEND_BD_CPU_PRE_DMA | SEND_BD_CPU_POST_DMA;
	if (lso == TXOFFLOAD_HW_TSO_2) {
		o->mss = (uint16_t)(f->mss | header << TSO_2_HEADER_SHIFT);
	} else {
		o->mss = (uint16_t)(f->mss | TSO_3_MSS_HEADER(header));
		o->flags |= TSO_3_FLAG_HEADER(header);
	}
	if (!at->ipv6) {
		put_be16(h + at->l3 + IPV4_TOTAL_LENGTH, f->mss + header);
		put_be16(h + at->l3 + IPV4_CSUM, 0);
	}
	put_be16(h + at->l4 + TCP_CSUM, 0);
	return TXOFFLOAD_HARDWARE;
}

/* Where the copied part should end so that no short buffer remains. */
static uint32_t header_end(const struct frame *f, uint32_t end)
{
	uint32_t at = 0;

	for (unsigned int i = 0; i < f->n_segments; i++) {
		at += f->segment[i].len;
		if (at >= end)
			break;
	}
	/* the rest of the segment too if there is room for it */
	return at <= TXOFFLOAD_SLOT_SIZE ? at : end;
}

static int prepare_offload(const struct frame *f, enum txoffload_lso lso,
			   uint8_t *slot, uint32_t copied, struct txoffload *o)
{
	bool tso = f->flags & (FRAME_TSO4 | FRAME_TSO6);
	bool tagged = copied >= ETH_HEADER_LEN + VLAN_TAG_LEN &&
		      get_be16(slot + ETHERTYPE_OFFSET) == ETHERTYPE_VLAN;
	struct headers at;
	uint32_t end;
	int r;

	if ((tagged && (f->flags & FRAME_VLAN)) ||
	    !crack(slot, copied, f->len,
		   ETH_HEADER_LEN + (tagged ? VLAN_TAG_LEN : 0), &at) ||
	    !request_agrees(f, &at))
		return TXOFFLOAD_SOFTWARE;
	if (tso) {
		if (!at.tcp || at.ipv6 != !!(f->flags & FRAME_TSO6))
			return TXOFFLOAD_SOFTWARE;
		r = prepare_tso(f, lso, slot, &at, o);
		if (r)
			return r;
	} else {
		if (!length_agrees(slot, &at, f->len))
			return TXOFFLOAD_SOFTWARE;
		o->flags |= SEND_BD_TCP_UDP_CSUM;
	}

	end = f->len == copied ? copied : header_end(f, at.end);
	if (end > copied && !frame_copy(f, copied, slot + copied, end - copied))
		return -EINVAL;
	o->skip = end;
	o->header_len = (uint16_t)end;
	if (tagged) {
		o->vlan = get_be16(slot + ETH_HEADER_LEN);
		o->flags |= SEND_BD_VLAN;
		memmove(slot + ETHERTYPE_OFFSET,
			slot + ETHERTYPE_OFFSET + VLAN_TAG_LEN,
			end - ETHERTYPE_OFFSET - VLAN_TAG_LEN);
		o->header_len -= VLAN_TAG_LEN;
	}
	return TXOFFLOAD_HARDWARE;
}

int txoffload_prepare(const struct frame *f, enum txoffload_lso lso,
		      uint8_t *slot, struct txoffload *o)
{
	bool whole = f->len <= TXOFFLOAD_SLOT_SIZE;
	bool tso = f->flags & (FRAME_TSO4 | FRAME_TSO6);
	bool offload = f->flags & (FRAME_CSUM_PARTIAL | FRAME_TSO4 | FRAME_TSO6);
	uint32_t copied = 0;

	memset(o, 0, sizeof(*o));
	if (f->len < ETH_HEADER_LEN ||
	    f->len > (tso ? TSO_LEN_MAX : NET_FRAME_MAX) ||
	    (tso && !(f->flags & FRAME_CSUM_PARTIAL)))
		return -EINVAL;
	if (f->flags & FRAME_VLAN) {
		o->vlan = f->vlan;
		o->flags |= SEND_BD_VLAN;
	}
	if (whole || offload) {
		copied = whole ? f->len : MIN(f->len, (uint32_t)PARSE_BYTES);
		if (!frame_copy(f, 0, slot, copied))
			return -EINVAL;
	}
	if (offload) {
		int r = prepare_offload(f, lso, slot, copied, o);

		if (r)
			return r;
	} else if (whole) {
		o->header_len = (uint16_t)f->len;
		o->skip = f->len;
	}
	if (whole && o->header_len < TXOFFLOAD_PACKET_MIN) {
		memset(slot + o->header_len, 0,
		       TXOFFLOAD_PACKET_MIN - o->header_len);
		o->header_len = TXOFFLOAD_PACKET_MIN;
	}
	return TXOFFLOAD_HARDWARE;
}
