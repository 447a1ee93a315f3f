/* SPDX-License-Identifier: MIT */
/*
 * The sending half of a BCM5722 in miniature, see bnx_model.h: written from the
 * facts in docs/bcm57xx.md (send BDs, large sends), not from the driver, so
 * that both are checked.
 */
#include "bnx_model.h"

#include <string.h>

#define FLAG_CSUM	0x0001u
#define FLAG_VLAN	0x0040u
#define FLAG_LSO	0x0300u
#define FLAG_KNOWN	(FLAG_CSUM | FLAG_VLAN | FLAG_LSO | 0x0004u)
#define FLAG_TSO_3	0x7c10u

bool frame_copy(const struct frame *f, uint32_t offset, void *dst,
		uint32_t len)
{
	uint8_t *out = dst;

	if (offset > f->len || len > f->len - offset)
		return false;
	for (unsigned int i = 0; i < f->n_segments; i++) {
		const uint8_t *from = f->segment[i].virt;

		for (uint32_t j = 0; j < f->segment[i].len; j++) {
			if (offset) {
				offset--;
				continue;
			}
			if (!len)
				return true;
			*out++ = from[j];
			len--;
		}
	}
	return !len;
}

uint16_t model_checksum(const uint8_t *p, uint32_t n, uint32_t sum)
{
	for (uint32_t i = 0; i < n; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint32_t model_pseudo(const uint8_t *l3, uint8_t protocol, uint32_t l4_len)
{
	bool v6 = l3[0] >> 4 == 6;
	uint32_t sum = protocol + l4_len;

	for (unsigned int i = 0; i < (v6 ? 32 : 8); i += 2)
		sum += (uint32_t)l3[(v6 ? 8 : 12) + i] << 8 |
		       l3[(v6 ? 9 : 13) + i];
	return sum;
}

static void emit(struct model_wire *w, const uint8_t *bytes, uint32_t len,
		 uint16_t flags, uint16_t vlan)
{
	uint32_t tag = flags & FLAG_VLAN ? 4 : 0;
	struct model_packet *p = &w->packet[w->n++];

	CHECK(w->n < MODEL_PACKETS);
	CHECK(len + tag <= NET_FRAME_MAX + 4);
	p->len = len + tag;
	p->data = malloc(p->len);
	memcpy(p->data, bytes, 12);
	if (tag) {
		p->data[12] = 0x81;
		p->data[13] = 0x00;
		p->data[14] = (uint8_t)(vlan >> 8);
		p->data[15] = (uint8_t)vlan;
	}
	memcpy(p->data + 12 + tag, bytes + 12, len - 12);
}

void model_clear(struct model_wire *w)
{
	while (w->n)
		free(w->packet[--w->n].data);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* L4 offset as the hardware cracks it; the request must allow that. */
static uint32_t crack(const uint8_t *b, uint32_t len, uint8_t *protocol)
{
	uint32_t l4;

	if (b[12] == 0x08 && b[13] == 0x00) {
		CHECK(b[14] >> 4 == 4);
		CHECK(!((b[20] << 8 | b[21]) & 0x3fff));
		*protocol = b[23];
		l4 = 14 + 4 * (b[14] & 15);
	} else {
		CHECK(b[12] == 0x86 && b[13] == 0xdd && b[14] >> 4 == 6);
		*protocol = b[20];
		l4 = 54;
	}
	CHECK(*protocol == 6 || *protocol == 17);
	CHECK(l4 + (*protocol == 6 ? 20 : 8) <= len);
	return l4;
}

static void send_large(struct model_wire *w, enum txoffload_lso lso,
		       const uint8_t *bytes, uint32_t len, uint16_t flags,
		       uint16_t mss, uint16_t vlan)
{
	uint8_t protocol, *p = malloc(len);
	uint32_t l4 = crack(bytes, len, &protocol), header, size, n;
	uint32_t end = l4 + 4 * (bytes[l4 + 12] >> 4);
	uint32_t seq, id;

	if (lso == TXOFFLOAD_HW_TSO_2) {
		header = (uint32_t)(mss >> 11) * 4;
		size = mss & 0x7ff;
	} else {
		header = (uint32_t)(mss >> 14) << 2 | (flags & 0x10) |
			 (uint32_t)(flags >> 10 & 0x1f) << 5;
		size = mss & 0x3fff;
	}
	CHECK(protocol == 6 && header == end - 14 && size);
	CHECK(bytes[l4 + 16] == 0 && bytes[l4 + 17] == 0);
	if (bytes[14] >> 4 == 4) {
		CHECK((uint32_t)(bytes[16] << 8 | bytes[17]) == header + size);
		CHECK(bytes[24] == 0 && bytes[25] == 0);
	}
	memcpy(p, bytes, end);
	id = (uint32_t)(bytes[18] << 8 | bytes[19]);
	seq = (uint32_t)bytes[l4 + 4] << 24 | (uint32_t)bytes[l4 + 5] << 16 |
	      (uint32_t)bytes[l4 + 6] << 8 | bytes[l4 + 7];
	for (uint32_t at = end; at < len; at += n) {
		n = len - at < size ? len - at : size;
		memcpy(p + end, bytes + at, n);
		if (p[14] >> 4 == 4) {
			put16(p + 16, end - 14 + n);
			put16(p + 18, id++);
			put16(p + 24, 0);
			put16(p + 24, model_checksum(p + 14, l4 - 14, 0));
		} else {
			put16(p + 18, end - 54 + n);
		}
		put16(p + l4 + 4, seq >> 16);
		put16(p + l4 + 6, seq);
		p[l4 + 13] = bytes[l4 + 13];
		if (at + n < len)
			p[l4 + 13] &= (uint8_t)~0x09;
		if (at > end)
			p[l4 + 13] &= (uint8_t)~0x80;
		put16(p + l4 + 16, 0);
		put16(p + l4 + 16,
		      model_checksum(p + l4, end - l4 + n,
				     model_pseudo(p + 14, 6, end - l4 + n)));
		emit(w, p, end + n, flags, vlan);
		seq += n;
	}
	free(p);
}

void model_send(struct model_wire *w, enum txoffload_lso lso,
		const uint8_t *bytes, uint32_t len, uint16_t flags,
		uint16_t mss, uint16_t vlan)
{
	uint8_t protocol, *p;
	uint32_t l4, field;

	CHECK(len >= 60);
	if (flags & FLAG_LSO) {
		CHECK((flags & FLAG_LSO) == FLAG_LSO && !(flags & FLAG_CSUM));
		CHECK(!(flags & ~(FLAG_KNOWN |
				  (lso == TXOFFLOAD_HW_TSO_3 ? FLAG_TSO_3 : 0))));
		send_large(w, lso, bytes, len, flags, mss, vlan);
		return;
	}
	CHECK(!(flags & ~FLAG_KNOWN) && !mss);
	if (!(flags & FLAG_CSUM)) {
		emit(w, bytes, len, flags, vlan);
		return;
	}
	/* the field holds the pseudo header's sum; the IP header says how far */
	l4 = crack(bytes, len, &protocol);
	field = l4 + (protocol == 6 ? 16 : 6);
	p = malloc(len);
	memcpy(p, bytes, len);
	put16(p + field, model_checksum(p + l4, (p[14] >> 4 == 4 ?
		14u + (p[16] << 8 | p[17]) : 54u + (p[18] << 8 | p[19])) - l4,
		0));
	if (!p[field] && !p[field + 1])
		put16(p + field, 0xffff);
	emit(w, p, len, flags, vlan);
	free(p);
}

void model_scatter(struct frame *f, uint8_t *data, uint32_t len,
		   unsigned int pieces)
{
	f->len = len;
	f->n_segments = 0;
	while (len) {
		struct frame_segment *s = &f->segment[f->n_segments++];
		uint32_t n = len;

		if (f->n_segments < pieces && len > 1)
			n = 1 + (uint32_t)rand() % (rand() % 4 ? len - 1 :
						    MIN(len - 1, 70u));
		s->virt = data;
		s->phys = (uintptr_t)data;
		s->len = n;
		data += n;
		len -= n;
	}
}
