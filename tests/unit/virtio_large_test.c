// SPDX-License-Identifier: MIT
/*
 * Large receive. The judge is net/segment.c, which has tests of its own: what
 * the driver gets, cut by it as the driver's stack would, must be byte for byte
 * the frames that came; and what does not belong together must not be joined.
 */
#include "virtio_driver.h"

#include <net/segment.h>

#include <stdlib.h>
#include <string.h>

#define FRAMES		64u
#define MSS		1448u

static uint8_t wire[FRAMES][1518];
static struct frame frame[FRAMES];
static struct frame *list[FRAMES];

static uint8_t got[0x20000];
static struct virtio_net_hdr *hdr = (struct virtio_net_hdr *)got;

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static void sums(uint8_t *p)
{
	uint32_t len = get16(p + 16) - 20;

	put16(p + 24, 0);
	put16(p + 24, net_sum_finish(net_sum(p + 14, 20, 0)));
	put16(p + 50, 0);
	put16(p + 50, net_sum_finish(net_sum(p + 34, len, net_sum(
		p + 26, 8, 6 + len))));
}

/* Frame i of a connection, with 12 bytes of options, checksums and all. */
static void make(unsigned int i, uint32_t seq, uint32_t payload)
{
	uint8_t *p = wire[i];

	memset(p, 0, 66);
	memcpy(p, "\x52\x54\0\x12\x34\x56\x52\x54\0\xaa\xbb\xcc\x08\0", 14);
	p[14] = 0x45;
	put16(p + 16, 52 + payload);
	put16(p + 18, 0x1000 + i);
	p[22] = 64;
	p[23] = 6;
	memcpy(p + 26, "\x0a\0\x02\x02\x0a\0\x02\x0f", 8);
	put16(p + 34, 80);
	put16(p + 36, 4711);
	put32(p + 38, seq);
	put32(p + 42, 0x87654321);
	p[46] = 8 << 4;
	p[47] = 0x10;
	put16(p + 48, 0x1234);
	memcpy(p + 54, "\1\1\x08\x0a\1\2\3\4\5\6\7\x08", 12);
	for (uint32_t n = 0; n < payload; n++)
		p[66 + n] = (uint8_t)rand();
	sums(p);
	frame[i] = (struct frame){
		.segment = { { 0, p, 66 + payload } }, .n_segments = 1,
		.len = 66 + payload, .flags = FRAME_CSUM_VALID, .refs = 1,
	};
	list[i] = &frame[i];
}

/* n frames in sequence, all of MSS bytes but the last. */
static void stream(unsigned int n, uint32_t last)
{
	uint32_t seq = 0xffff0000;

	for (unsigned int i = 0; i < n; i++, seq += MSS)
		make(i, seq, i + 1 < n ? MSS : last);
}

static void start(uint64_t without, unsigned int buffers)
{
	driver_start(ALL_FEATURES & ~without, 256);
	for (uint16_t i = 0; i < buffers; i++) {
		put_desc(QUEUE_RX, i, BUFFER_AREA + i * 0x600u, 0x600,
			 VRING_DESC_F_WRITE, 0);
		offer(QUEUE_RX, i);
	}
}

static void deliver(unsigned int n)
{
	CHECK(port.ops->transmit(&port, list, n) == n);
	port.ops->flush(&port);
}

/* The next frame in the driver's buffers, put together. Its length. */
static uint32_t take(void)
{
	uint32_t id, len, total = 0, n = 1;

	for (uint32_t i = 0; i < n; i++) {
		if (!take_used(QUEUE_RX, &id, &len))
			return 0;
		memcpy(got + total, ram(BUFFER_AREA + id * 0x600u), len);
		total += len;
		n = hdr->num_buffers;
	}
	return total - HDR;
}

/* Frame number i came alone, as it was. */
static void check_single(unsigned int i)
{
	CHECK(take() == frame[i].len);
	CHECK(hdr->gso_type == 0 && hdr->flags == VIRTIO_NET_HDR_F_DATA_VALID);
	CHECK(!memcmp(got + HDR, wire[i], frame[i].len));
}

/* n frames from number i on came as one, and can be made of it again. */
static void check_joined(unsigned int i, unsigned int n)
{
	uint32_t len = take();
	struct net_segmenter s;
	uint8_t out[1600];
	struct frame f = {
		.segment = { { 0, got + HDR, len } }, .n_segments = 1,
		.len = len, .flags = FRAME_CSUM_PARTIAL | FRAME_TSO4,
		.csum_start = hdr->csum_start, .csum_offset = hdr->csum_offset,
		.header_len = hdr->hdr_len, .mss = hdr->gso_size,
	};
	uint32_t pseudo = net_sum(got + HDR + 26, 8, 6 + len - 34);

	CHECK(hdr->flags == VIRTIO_NET_HDR_F_NEEDS_CSUM);
	CHECK(hdr->gso_type == VIRTIO_NET_HDR_GSO_TCPV4);
	CHECK(hdr->csum_start == 34 && hdr->csum_offset == 16);
	CHECK(net_sum_finish(net_sum(got + HDR + 14, 20, 0)) == 0);
	CHECK(get16(got + HDR + 50) == (uint16_t)~net_sum_finish(pseudo));
	CHECK(net_segment_start(&s, &f) == (int)n);
	for (unsigned int k = 0; k < n; k++) {
		CHECK(net_segment_write(&s, k, out, sizeof(out)) ==
		      (int)frame[i + k].len);
		CHECK(!memcmp(out, wire[i + k], frame[i + k].len));
	}
}

static void joined(void)
{
	start(0, 128);
	stream(20, MSS);
	deliver(20);
	check_joined(0, 20);
	stream(7, 1);			/* a short one ends it */
	wire[6][47] |= 0x08;
	sums(wire[6]);
	deliver(7);
	check_joined(0, 7);
	stream(2, MSS);
	deliver(2);
	check_joined(0, 2);
	stream(1, MSS);
	deliver(1);
	check_single(0);
	CHECK(device->count.large == 3 && take() == 0);
}

/* What ends a frame ends it: 65535 bytes, PSH, a short segment. */
static void ended(void)
{
	start(0, 128);
	stream(64, MSS);
	deliver(64);
	check_joined(0, 45);
	check_joined(45, 19);
	start(0, 128);
	stream(6, MSS);
	wire[2][47] |= 0x08;
	sums(wire[2]);
	deliver(6);
	check_joined(0, 3);
	check_joined(3, 3);
	stream(3, 5);
	make(3, 0xffff0000 + 2 * MSS + 5, MSS);
	deliver(4);
	check_joined(0, 3);
	check_single(3);
	CHECK(take() == 0);
}

/* Byte at of the second of two frames differs: they stay two. */
static void one_byte_keeps_apart(void)
{
	for (unsigned int at = 0; at < 66; at++) {
		/* checksums may differ, and are not looked at */
		if (at == 24 || at == 25 || at == 50 || at == 51)
			continue;
		start(0, 8);
		stream(2, MSS);
		wire[1][at] ^= at == 47 ? 0x20 : 0x01;
		deliver(2);
		check_single(0);
		check_single(1);
	}
	/* a larger segment than the first cannot be made again */
	stream(2, MSS);
	make(0, 0xffff0000, MSS - 1);
	make(1, 0xffff0000 + MSS - 1, MSS);
	start(0, 8);
	deliver(2);
	check_single(0);
	check_single(1);
	/* without DF the identification counts, with it it does not */
	for (unsigned int df = 0; df < 2; df++) {
		stream(2, MSS);
		for (unsigned int i = 0; i < 2; i++) {
			wire[i][20] = df ? 0x40 : 0;
			put16(wire[i] + 18, 0x1000 + 2 * i);
			sums(wire[i]);
		}
		start(0, 8);
		deliver(2);
		CHECK(!!df == (device->queue[QUEUE_RX].chains &&
			       ((struct virtio_net_hdr *)
				ram(BUFFER_AREA))->gso_type));
	}
}

static void not_wanted(void)
{
	uint8_t set[10] = { VIRTIO_NET_CTRL_GUEST_OFFLOADS,
			    VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET };

	/* not negotiated */
	start(VIRTIO_NET_F_GUEST_TSO4, 8);
	stream(2, MSS);
	deliver(2);
	check_single(0);
	check_single(1);
	start(VIRTIO_NET_F_GUEST_CSUM, 8);	/* on which it depends */
	stream(2, MSS);
	deliver(2);
	CHECK(take() == frame[0].len && hdr->gso_type == 0);
	/* checksums not known to be good */
	start(0, 8);
	stream(2, MSS);
	frame[1].flags = 0;
	deliver(2);
	check_single(0);
	CHECK(take() == frame[1].len && hdr->flags == 0);
	/* switched off by the driver, and on again */
	start(0, 16);
	set[2] = (uint8_t)VIRTIO_NET_F_GUEST_CSUM;
	CHECK(control_command(set, sizeof(set)) == 0);
	stream(2, MSS);
	deliver(2);
	check_single(0);
	check_single(1);
	set[2] |= (uint8_t)VIRTIO_NET_F_GUEST_TSO4;
	CHECK(control_command(set, sizeof(set)) == 0);
	deliver(2);
	check_joined(0, 2);
	set[3] = 1;			/* an offload never negotiated */
	CHECK(control_command(set, sizeof(set)) == 1);
	set[3] = 0;
	set[2] = (uint8_t)VIRTIO_NET_F_GUEST_TSO4;	/* without CSUM */
	CHECK(control_command(set, sizeof(set)) == 1);
	CHECK(control_command(set, 9) == 1);
}

/* Too few buffers for all: single frames as far as they go. */
static void few_buffers(void)
{
	start(0, 3);
	stream(4, MSS);
	CHECK(port.ops->transmit(&port, list, 4) == 3);
	port.ops->flush(&port);
	for (unsigned int i = 0; i < 3; i++)
		check_single(i);
	CHECK(device->count.broken == 0);
}

/* Any mix of streams, lengths and damage: what comes out is what went in. */
static void random_batches(void)
{
	for (unsigned int round = 0; round < 2000; round++) {
		unsigned int n = 1 + (unsigned int)rand() % FRAMES;
		uint32_t seq = (uint32_t)rand();

		start(0, 128);
		for (unsigned int i = 0; i < n; i++) {
			uint32_t len = rand() % 8 ? MSS :
				1 + (uint32_t)rand() % MSS;

			make(i, seq, len);
			seq += len;
			if (rand() % 16 == 0)
				seq += (uint32_t)rand();
			if (rand() % 8 == 0)
				wire[i][14 + rand() % 52] ^=
					(uint8_t)(1 << rand() % 8);
		}
		deliver(n);
		for (unsigned int i = 0; i < n;) {
			struct virtio_net_hdr *h = (struct virtio_net_hdr *)
				ram(BUFFER_AREA + queue[QUEUE_RX].used->ring[
					queue[QUEUE_RX].seen].id * 0x600u);
			uint32_t total, k;

			if (!h->gso_type) {
				check_single(i++);
				continue;
			}
			total = get16((uint8_t *)h + HDR + 16) - 52;
			k = (total + h->gso_size - 1) / h->gso_size;
			for (unsigned int j = 0; j < k; j++)
				sums(wire[i + j]);
			check_joined(i, k);
			i += k;
		}
		CHECK(take() == 0);
	}
}

int main(void)
{
	device_create();
	srand(5722);
	joined();
	ended();
	one_byte_keeps_apart();
	not_wanted();
	few_buffers();
	random_batches();
	printf("%u checks\n", checks);
	return 0;
}
