// SPDX-License-Identifier: MIT
/*
 * Large receive: TCP segments that arrived in one batch and follow one another
 * go to the driver as one frame (virtio 1.2, 5.1.6.4, VIRTIO_NET_F_GUEST_TSO4).
 * The driver can cut it again into just the frames that came, so only what
 * such cutting would make is joined: the same headers throughout but for
 * lengths, sequence number, identification and checksums; all segments of one
 * size but the last; a push flag only there. Whoever handed the frames over
 * has found their checksums good.
 *
 * Only IPv4 without options and fragments (RFC 791), TCP (RFC 9293) with
 * nothing set but ACK and PSH. All else is handed over as it came.
 */
#include "virtio.h"

#include <net/bytes.h>
#include <net/segment.h>
#include <string.h>

#define ETHERTYPE_OFFSET	12
#define IP			ETH_HEADER_LEN
#define IP_LENGTH		(IP + 2)
#define IP_ID			(IP + 4)
#define IP_FRAGMENT		(IP + 6)
#define  FRAGMENT_DF		0x4000u
#define IP_TTL			(IP + 8)
#define IP_PROTOCOL		(IP + 9)
#define  PROTOCOL_TCP		6
#define IP_CSUM			(IP + 10)
#define IP_ADDRESSES		(IP + 12)
#define TCP			(IP + 20)
#define TCP_SEQ			(TCP + 4)
#define TCP_ACK			(TCP + 8)
#define TCP_DATA_OFFSET		(TCP + 12)
#define TCP_FLAGS		(TCP + 13)
#define  FLAG_PSH		0x08u
#define  FLAG_ACK		0x10u
#define TCP_WINDOW		(TCP + 14)
#define TCP_CSUM		(TCP + 16)
#define TCP_URGENT		(TCP + 18)
#define TCP_HEADER_MIN		20u
#define IP_LENGTH_MAX		65535u

/* The bytes of a frame that may be joined to others; NULL: it may not. */
static const uint8_t *segment_of(const struct frame *f)
{
	const uint8_t *p = f->segment[0].virt;
	uint32_t header_len;

	if (!(f->flags & FRAME_CSUM_VALID) || (f->flags & FRAME_VLAN) ||
	    f->n_segments != 1 || f->len < TCP + TCP_HEADER_MIN)
		return NULL;
	if (p[ETHERTYPE_OFFSET] != 0x08 || p[ETHERTYPE_OFFSET + 1] != 0x00 ||
	    p[IP] != 0x45 || p[IP_PROTOCOL] != PROTOCOL_TCP ||
	    (get16(p + IP_FRAGMENT) & ~FRAGMENT_DF) ||
	    get16(p + IP_LENGTH) != f->len - IP)
		return NULL;
	header_len = TCP + (p[TCP_DATA_OFFSET] >> 4) * 4u;
	if (header_len < TCP + TCP_HEADER_MIN || header_len >= f->len ||
	    (p[TCP_FLAGS] & ~FLAG_PSH) != FLAG_ACK)
		return NULL;
	return p;
}

/* Does q come right behind the l->frames frames that begin with p? */
static bool follows(const struct virtio_large *l, const uint8_t *p,
		    const uint8_t *q)
{
	/* type of service; then from the fragment field to the protocol */
	if (memcmp(p, q, IP + 2) ||
	    memcmp(p + IP_FRAGMENT, q + IP_FRAGMENT,
		   IP_CSUM - IP_FRAGMENT) ||
	    memcmp(p + IP_ADDRESSES, q + IP_ADDRESSES,
		   TCP_SEQ - IP_ADDRESSES))
		return false;
	/* without DF the identification matters (RFC 6864, 4.1) */
	if (!(get16(p + IP_FRAGMENT) & FRAGMENT_DF) &&
	    get16(q + IP_ID) != (uint16_t)(get16(p + IP_ID) + l->frames))
		return false;
	return get32(q + TCP_SEQ) == get32(p + TCP_SEQ) + l->payload &&
	       p[TCP_DATA_OFFSET] == q[TCP_DATA_OFFSET] &&
	       !memcmp(p + TCP_ACK, q + TCP_ACK, 4) &&
	       !memcmp(p + TCP_WINDOW, q + TCP_WINDOW, 2) &&
	       !memcmp(p + TCP_URGENT, q + TCP_URGENT,
		       l->header_len - TCP_URGENT);
}

/* The header of all: checksums as the driver would have to fill them in. */
static void make_header(struct virtio_large *l, const uint8_t *first,
			uint8_t last_flags)
{
	uint8_t *h = l->header;
	uint32_t tcp_len = l->header_len - TCP + l->payload;

	memcpy(h, first, l->header_len);
	h[TCP_FLAGS] = last_flags;
	put16(h + IP_LENGTH, (uint16_t)(TCP - IP + tcp_len));
	put16(h + IP_CSUM, 0);
	put16(h + IP_CSUM, net_sum_finish(net_sum(h + IP, TCP - IP, 0)));
	/* of the pseudo-header alone, and not inverted (5.1.6.2) */
	put16(h + TCP_CSUM, (uint16_t)~net_sum_finish(
		net_sum(h + IP_ADDRESSES, 8, PROTOCOL_TCP + tcp_len)));
}

unsigned int virtio_large(struct virtio_large *l, struct frame *const *f,
			  unsigned int n)
{
	const uint8_t *first = n > 1 ? segment_of(f[0]) : NULL, *p = first;

	l->frames = 1;
	if (!first)
		return 1;
	l->header_len = TCP + (first[TCP_DATA_OFFSET] >> 4) * 4u;
	l->mss = l->payload = f[0]->len - l->header_len;
	while (l->frames < n && !(p[TCP_FLAGS] & FLAG_PSH)) {
		const struct frame *next = f[l->frames];
		const uint8_t *q = segment_of(next);

		if (!q || next->len > f[0]->len || !follows(l, first, q) ||
		    next->len - IP + l->payload > IP_LENGTH_MAX)
			break;
		p = q;
		l->payload += next->len - l->header_len;
		l->frames++;
		if (next->len < f[0]->len)
			break;
	}
	if (l->frames > 1)
		make_header(l, first, p[TCP_FLAGS]);
	return l->frames;
}

struct virtio_net_hdr virtio_large_hdr(const struct virtio_large *l)
{
	return (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
		.hdr_len = (uint16_t)l->header_len,
		.gso_size = (uint16_t)l->mss,
		.csum_start = TCP,
		.csum_offset = TCP_CSUM - TCP,
		.num_buffers = 1,
	};
}
