/* SPDX-License-Identifier: MIT */
/*
 * Does what a source asks for reach the wire, whichever way the driver takes?
 * Random TCP, UDP and other frames, tagged or not, in random pieces, go through
 * txoffload_prepare and a model of the hardware, or through the software path.
 * Each packet must have right lengths and checksums, and all of them together
 * the bytes of the frame. Frames that cannot be one must be refused.
 */
#include "bnx_model.h"

#include <errno.h>
#include <string.h>

#include "../../net/bnx/regs.h"

#define ROUNDS	60000

static struct model_wire wire;
static uint8_t data[70000], slot[TXOFFLOAD_SLOT_SIZE], joined[70000];
static unsigned int by_hardware, by_software;

struct shape {
	bool v6, tcp, tso, extension;
	unsigned int tags, options, ip_options;
	uint32_t payload;
	uint16_t mss;
	bool vlan_field;
};

static uint32_t random_below(uint32_t n)
{
	return (uint32_t)rand() % n;
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* A frame as a guest's stack would hand it over. */
static void build(struct frame *f, const struct shape *s)
{
	uint32_t l3 = 14 + 4 * s->tags, l4, end, len;

	memset(f, 0, sizeof(*f));
	for (unsigned int i = 0; i < 200; i++)
		data[random_below(i < 100 ? 200 : sizeof(data))] =
			(uint8_t)rand();
	for (unsigned int i = 0; i < s->tags; i++)
		put16(data + 12 + 4 * i, s->tags == 2 && !i ? 0x88a8 : 0x8100);
	put16(data + l3 - 2, s->v6 ? 0x86dd : 0x0800);
	l4 = s->v6 ? l3 + 40 + (s->extension ? 8 : 0) :
		     l3 + 20 + 4 * s->ip_options;
	end = l4 + (s->tcp ? 20 + 4 * s->options : 8);
	len = end + s->payload;
	if (s->v6) {
		data[l3] = 0x60;
		put16(data + l3 + 4, len - l3 - 40);
		data[l3 + 6] = s->extension ? 60 : s->tcp ? 6 : 17;
		if (s->extension) {
			data[l3 + 40] = s->tcp ? 6 : 17;
			data[l3 + 41] = 0;
		}
	} else {
		data[l3] = (uint8_t)(0x45 + s->ip_options);
		put16(data + l3 + 2, len - l3);
		put16(data + l3 + 6, 0x4000);
		data[l3 + 9] = s->tcp ? 6 : 17;
		put16(data + l3 + 10, 0);
		put16(data + l3 + 10, model_checksum(data + l3, l4 - l3, 0));
	}
	if (s->tcp)
		data[l4 + 12] = (uint8_t)((5 + s->options) << 4);
	else
		put16(data + l4 + 4, len - l4);
	f->csum_start = (uint16_t)l4;
	f->csum_offset = s->tcp ? 16 : 6;
	put16(data + l4 + f->csum_offset,
	      (uint16_t)~model_checksum(NULL, 0,
					model_pseudo(data + l3, s->tcp ? 6 : 17,
						     len - l4)));
	f->flags = FRAME_CSUM_PARTIAL;
	if (s->tso) {
		f->flags |= s->v6 ? FRAME_TSO6 : FRAME_TSO4;
		f->mss = s->mss;
	}
	if (s->vlan_field) {
		f->flags |= FRAME_VLAN;
		f->vlan = (uint16_t)rand();
	}
	model_scatter(f, data, len, 1 + random_below(NET_FRAME_SEGMENTS));
}

/* Send f as tx.c does, into wire. 0 or -EINVAL. */
static int transmit(struct frame *f, enum txoffload_lso lso, bool force_soft)
{
	static struct txoffload_soft soft;
	static uint8_t packet[TXOFFLOAD_PACKET_MAX];
	struct txoffload o;
	uint32_t n;
	int r = txoffload_prepare(f, lso, slot, &o);

	if (r < 0)
		return r;
	if (r == TXOFFLOAD_HARDWARE && !force_soft) {
		uint8_t *bytes = malloc(o.header_len + f->len - o.skip);

		CHECK(o.header_len <= TXOFFLOAD_SLOT_SIZE);
		memcpy(bytes, slot, o.header_len);
		CHECK(frame_copy(f, o.skip, bytes + o.header_len,
				 f->len - o.skip));
		model_send(&wire, lso, bytes, o.header_len + f->len - o.skip,
			   o.flags, o.mss, o.vlan);
		free(bytes);
		by_hardware++;
		return 0;
	}
	r = txoffload_soft_start(&soft, f);
	if (r)
		return r;
	by_software++;
	while ((n = txoffload_soft_next(&soft, packet)))
		model_send(&wire, lso, packet, n,
			   f->flags & FRAME_VLAN ? SEND_BD_VLAN : 0, 0, f->vlan);
	return 0;
}

/* Check one packet's own numbers; returns its payload's length. */
static uint32_t verify(const struct model_packet *p, const struct shape *s,
		       unsigned int number, uint32_t at, bool last,
		       uint32_t *payload_at)
{
	uint32_t tags = s->tags + s->vlan_field, l3 = 14 + 4 * tags, l4, end;
	uint32_t ip_len;
	uint8_t *d = p->data;

	if (s->v6) {
		l4 = l3 + 40 + (s->extension ? 8 : 0);
		ip_len = 40u + (d[l3 + 4] << 8 | d[l3 + 5]);
	} else {
		l4 = l3 + 20 + 4 * s->ip_options;
		ip_len = (uint32_t)(d[l3 + 2] << 8 | d[l3 + 3]);
		CHECK(!model_checksum(d + l3, l4 - l3, 0));
		CHECK((uint16_t)(d[l3 + 4] << 8 | d[l3 + 5]) ==
		      (uint16_t)((data[l3 - 4 * s->vlan_field + 4] << 8 |
				  data[l3 - 4 * s->vlan_field + 5]) + number));
	}
	/* longer only by padding, which a tag may come on top of */
	CHECK(p->len == l3 + ip_len || (p->len > l3 + ip_len && p->len >= 60 &&
					p->len <= 64));
	end = l4 + (s->tcp ? 20 + 4 * s->options : 8);
	CHECK(!model_checksum(d + l4, l3 + ip_len - l4,
			      model_pseudo(d + l3, s->tcp ? 6 : 17,
					   l3 + ip_len - l4)));
	if (s->tcp && s->tso) {
		uint32_t seq = (uint32_t)d[l4 + 4] << 24 | d[l4 + 5] << 16 |
			       d[l4 + 6] << 8 | d[l4 + 7];
		uint32_t o4 = l4 - 4 * s->vlan_field;
		uint32_t first = (uint32_t)data[o4 + 4] << 24 |
				 data[o4 + 5] << 16 | data[o4 + 6] << 8 |
				 data[o4 + 7];

		CHECK(seq == first + at);
		CHECK(!(d[l4 + 13] & 0x09) == !(last && data[o4 + 13] & 0x09));
	}
	*payload_at = end;
	return l3 + ip_len - end;
}

static void verify_all(const struct frame *f, const struct shape *s)
{
	uint32_t at = 0, from, n;

	for (unsigned int i = 0; i < wire.n; i++) {
		struct model_packet *p = &wire.packet[i];

		n = verify(p, s, i, at, i + 1 == wire.n, &from);
		CHECK(!s->tso || (i + 1 < wire.n ? n == s->mss :
						   n <= s->mss));
		memcpy(joined + at, p->data + from, n);
		at += n;
		if (s->tags || s->vlan_field) {
			const uint8_t *tag = s->vlan_field ? NULL : data + 12;
			CHECK(s->vlan_field ?
			      (p->data[14] << 8 | p->data[15]) == f->vlan :
			      !memcmp(p->data + 12, tag, 4 * s->tags));
		}
		CHECK(!memcmp(p->data, data, 12));
	}
	CHECK(at == s->payload);
	CHECK(!memcmp(joined, data + f->len - s->payload, at));
}

static void good_frames(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		enum txoffload_lso lso = random_below(2);
		struct frame f;
		struct shape s = {
			.v6 = random_below(2),
			.tcp = random_below(4),
			.extension = !random_below(8),
			.tags = random_below(3),
			.vlan_field = !random_below(8),
			.options = random_below(11),
			.ip_options = random_below(4) ? 0 : random_below(11),
		};

		if (s.vlan_field)
			s.tags = 0;
		s.tso = s.tcp && random_below(2);
		s.mss = (uint16_t)(random_below(4) ? 1300 :
				   64 + random_below(1200));
		s.payload = s.tso ? 1 + random_below(random_below(8) ? 8000 :
						    60000) :
				    random_below(random_below(2) ? 200 : 1340);
		build(&f, &s);
		CHECK(!transmit(&f, lso, !random_below(4)));
		CHECK(wire.n);
		verify_all(&f, &s);
		model_clear(&wire);
	}
	CHECK(by_hardware > ROUNDS / 3 && by_software > ROUNDS / 10);
}

/* Frames without a wish go out byte by byte as they are. */
static void plain_frames(void)
{
	for (uint32_t len = ETH_HEADER_LEN; len <= NET_FRAME_MAX; len++) {
		struct frame f = { 0 };

		memset(data, (int)len, sizeof(data));
		model_scatter(&f, data, len, 1 + random_below(8));
		CHECK(!transmit(&f, TXOFFLOAD_HW_TSO_2, len & 1));
		CHECK(wire.n == 1 && wire.packet[0].len == MAX(len, 60u));
		CHECK(!memcmp(wire.packet[0].data, data, len));
		for (uint32_t i = len; i < wire.packet[0].len; i++)
			CHECK(!wire.packet[0].data[i]);
		model_clear(&wire);
	}
}

/* No piece after the prepared header may be too short, if f's were not. */
static void no_new_short_piece(void)
{
	for (unsigned int rest = 1; rest <= 40; rest++) {
		struct shape s = { .tcp = true, .tso = true, .mss = 1400,
				   .payload = 9000 };
		struct txoffload o;
		struct frame f;

		build(&f, &s);
		f.n_segments = 2;
		f.segment[0].len = 54 + rest;
		f.segment[1].virt = data + 54 + rest;
		f.segment[1].len = f.len - 54 - rest;
		CHECK(!txoffload_prepare(&f, TXOFFLOAD_HW_TSO_2, slot, &o));
		CHECK(o.skip == 54 + rest);
	}
}

/* The request sums to the frame's end, the hardware to that of the packet. */
static void length_of_ip_counts_only_if_it_is_the_frames(void)
{
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct shape s = { .tcp = true, .v6 = v6, .payload = 500 };
		uint32_t l4 = v6 ? 54 : 34;
		struct txoffload o;
		struct frame f;

		build(&f, &s);
		data[v6 ? 19 : 17] -= 10;
		CHECK(txoffload_prepare(&f, TXOFFLOAD_HW_TSO_2, slot, &o) ==
		      TXOFFLOAD_SOFTWARE);
		CHECK(!transmit(&f, TXOFFLOAD_HW_TSO_2, false) && wire.n == 1);
		CHECK(!model_checksum(wire.packet[0].data + l4, f.len - l4,
				      model_pseudo(data + 14, 6, f.len - l4)));
		model_clear(&wire);
	}
}

static void refused(struct frame *f)
{
	CHECK(transmit(f, TXOFFLOAD_HW_TSO_2, false) == -EINVAL);
	CHECK(!wire.n);
}

static void bad_frames(void)
{
	struct shape tso = { .tcp = true, .tso = true, .mss = 1448,
			     .payload = 5000 };
	struct shape csum = { .tcp = true, .payload = 500 };
	struct frame f = { 0 };

	model_scatter(&f, data, ETH_HEADER_LEN - 1, 1);
	refused(&f);
	model_scatter(&f, data, NET_FRAME_MAX + 1, 1);
	refused(&f);
	build(&f, &csum);
	f.csum_start = (uint16_t)(f.len + 1);
	refused(&f);
	build(&f, &csum);
	f.csum_offset = 0xffff;
	refused(&f);
	build(&f, &csum);
	f.csum_start = (uint16_t)(f.len - 1);
	f.csum_offset = 0;
	refused(&f);
	build(&f, &tso);
	f.mss = 0;
	refused(&f);
	build(&f, &tso);
	f.mss = 1461;
	refused(&f);
	build(&f, &tso);
	f.flags &= (uint8_t)~FRAME_CSUM_PARTIAL;
	refused(&f);
	build(&f, &tso);
	data[23] = 17;			/* large send of UDP */
	refused(&f);
	build(&f, &tso);
	data[20] = 0x20;		/* ... of a fragment */
	refused(&f);
	build(&f, &tso);
	data[14] = 0x44;		/* IP header too short */
	refused(&f);
	build(&f, &tso);
	data[14 + 20 + 12] = 0x40;	/* TCP header too short */
	refused(&f);
	build(&f, &tso);
	f.csum_start += 4;
	refused(&f);
	build(&f, &tso);
	f.flags ^= FRAME_TSO4 | FRAME_TSO6;
	refused(&f);
}

int main(void)
{
	srand(1);
	for (uint32_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)rand();
	good_frames();
	plain_frames();
	no_new_short_piece();
	length_of_ip_counts_only_if_it_is_the_frames();
	bad_frames();
	printf("%u by hardware, %u by software\n", by_hardware, by_software);
	return 0;
}
