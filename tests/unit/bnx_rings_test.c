/* SPDX-License-Identifier: MIT */
/*
 * Do the rings keep the hardware's rules and the frames' ownership, however
 * frames come and whenever the hardware goes on? A NIC in memory takes send BDs
 * and returns receive BDs at random; every frame must be released once and only
 * once, in time, every byte sent, no BD be too short or cross 4 GiB, no
 * mailbox write post more than 8 buffers, and no return ring overflow.
 */
#include "bnx_model.h"

#include <errno.h>
#include <string.h>

#include "../../net/bnx/bnx.h"

#define MANY		4000
#define ROUNDS		200000

/* ---- what the driver calls ---- */

static unsigned int rooms, input_frames, hold_one_in;
static struct frame *held[RX_BUFFERS];
static unsigned int n_held;

void *pages_alloc(size_t n)
{
	void *p = aligned_alloc(PAGE_SIZE, n * PAGE_SIZE);

	memset(p, 0, n * PAGE_SIZE);
	return p;
}

void pages_free(void *p, size_t n)
{
	free(p);
}

host_phys virt_to_phys(const void *p)
{
	return (uintptr_t)p;
}

void net_room(struct net_port *p)
{
	rooms++;
}

static uint32_t expected_len(const uint8_t *data)
{
	return (uint32_t)(data[12] << 8 | data[13]);
}

unsigned int net_input(struct net_port *p, struct frame **f, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const uint8_t *data = f[i]->segment[0].virt;

		CHECK(f[i]->refs == 1 && f[i]->n_segments == 1);
		CHECK(f[i]->len == f[i]->segment[0].len);
		CHECK(f[i]->len == expected_len(data));
		CHECK(data[0] == (uint8_t)input_frames);
		input_frames++;
		if (hold_one_in && !(rand() % hold_one_in)) {
			frame_get(f[i]);
			held[n_held++] = f[i];
		}
	}
	return n;
}

/* ---- the NIC ---- */

static uint8_t bar[BNX_BAR_SIZE];
static struct bnx nic;
static const struct bnx_chip chip = {
	.lso = TXOFFLOAD_HW_TSO_2, .return_entries = 512,
};

static uint32_t mailbox(uint32_t reg)
{
	return *(uint32_t *)(bar + reg);
}

static void setup(void)
{
	memset(&nic, 0, sizeof(nic));
	memset(bar, 0, sizeof(bar));
	nic.bar = bar;
	nic.chip = &chip;
	nic.port.priv = &nic;
	nic.port.link = nic.running = true;
	CHECK(!bnx_tx_alloc(&nic) && !bnx_rx_alloc(&nic));
	bnx_rx_reset(&nic);
	rooms = input_frames = n_held = hold_one_in = 0;
}

static void teardown(void)
{
	bnx_tx_free(&nic);
	bnx_rx_free(&nic);
}

/* ---- sending ---- */

static struct model_wire wire;
static unsigned int released;

static void release(struct frame *f)
{
	CHECK(!f->refs);
	released++;
}

/* As net_input's caller does it: its own reference around transmit(). */
static unsigned int transmit(struct frame **f, unsigned int n)
{
	unsigned int done;

	for (unsigned int i = 0; i < n; i++) {
		f[i]->refs = 1;
		f[i]->release = release;
	}
	done = bnx_transmit(&nic.port, f, n);
	for (unsigned int i = 0; i < done; i++)
		frame_put(f[i]);
	return done;
}

/* Send packets as the hardware, at most max; returns the new consumer. */
static uint16_t hardware_sends(uint16_t consumer, unsigned int max)
{
	static uint8_t bytes[70000];
	uint32_t len = 0;

	while (max && consumer != mailbox(SEND_HOST_PRODUCER_INDEX)) {
		struct send_bd *bd = &nic.tx.ring[consumer];
		uint64_t at = (uint64_t)bd->address_high << 32 |
			      bd->address_low;

		CHECK(bd->length > 8);
		CHECK(at >> 32 == (at + bd->length - 1) >> 32);
		memcpy(bytes + len, (void *)at, bd->length);
		len += bd->length;
		consumer = (consumer + 1) % SEND_ENTRIES;
		if (bd->flags & SEND_BD_END) {
			model_send(&wire, chip.lso, bytes, len, bd->flags,
				   bd->mss, bd->vlan);
			len = 0;
			max--;
		}
	}
	CHECK(!len);
	return consumer;
}

/* A frame of len bytes, in pieces of a given length (0: random). */
static void plain(struct frame *f, uint8_t *data, uint32_t len, uint32_t piece)
{
	memset(f, 0, sizeof(*f));
	f->origin = NET_GUEST;
	if (!piece) {
		model_scatter(f, data, len, 1 + rand() % NET_FRAME_SEGMENTS);
		return;
	}
	f->len = len;
	for (uint32_t at = 0; at < len; at += piece) {
		struct frame_segment *s = &f->segment[f->n_segments++];

		s->virt = data + at;
		s->phys = (uintptr_t)data + at;
		s->len = MIN(piece, len - at);
	}
}

static void one_doorbell_and_release_when_sent(void)
{
	static uint8_t data[4][1514];
	struct frame frame[4], *f[4];
	uint16_t consumer;

	setup();
	released = 0;
	for (unsigned int i = 0; i < 4; i++) {
		memset(data[i], 0x40 + (int)i, sizeof(data[i]));
		plain(&frame[i], data[i], 1514, 400);
		f[i] = &frame[i];
	}
	CHECK(transmit(f, 4) == 4);
	CHECK(!mailbox(SEND_HOST_PRODUCER_INDEX));
	bnx_flush(&nic.port);
	CHECK(mailbox(SEND_HOST_PRODUCER_INDEX) == 4 * 4);
	CHECK(!released);
	consumer = hardware_sends(0, 2);
	CHECK(!bnx_tx_reclaim(&nic, consumer) && released == 2);
	consumer = hardware_sends(consumer, 2);
	CHECK(!bnx_tx_reclaim(&nic, consumer) && released == 4);
	CHECK(wire.n == 4);
	for (unsigned int i = 0; i < 4; i++)
		CHECK(!memcmp(wire.packet[i].data, data[i], 1514));
	/* indices that cannot be are refused and change nothing */
	CHECK(bnx_tx_reclaim(&nic, consumer + 1) == -EINVAL);
	CHECK(bnx_tx_reclaim(&nic, SEND_ENTRIES) == -EINVAL);
	CHECK(!bnx_tx_reclaim(&nic, consumer));
	model_clear(&wire);
	teardown();
}

static void short_pieces_are_copied(void)
{
	static uint8_t data[1000];
	struct frame frame, *f = &frame;

	setup();
	released = 0;
	plain(f, data, 1000, 500);
	f->segment[0].len = 8;
	f->segment[1].len = 992;
	f->segment[1].virt = data + 8;
	f->segment[1].phys = (uintptr_t)data + 8;
	memset(data, 0x33, sizeof(data));
	CHECK(transmit(&f, 1) == 1 && released == 1);
	CHECK(nic.port.count.linearized == 1);
	bnx_flush(&nic.port);
	CHECK(hardware_sends(0, 9) == 1);
	CHECK(wire.n == 1 && !memcmp(wire.packet[0].data, data, 1000));
	CHECK(!bnx_tx_reclaim(&nic, 1) && !nic.tx.linear_used);
	model_clear(&wire);
	teardown();
}

static void pieces_are_split_at_4_gib(void)
{
	static uint8_t data[1000];
	struct frame frame, *f = &frame;
	struct send_bd *bd;

	setup();
	released = 0;
	plain(f, data, 1000, 1000);
	f->segment[0].phys = 0x2ffffff00;
	CHECK(transmit(&f, 1) == 1 && !released);
	bd = nic.tx.ring;
	CHECK(bd[0].address_high == 2 && bd[0].address_low == 0xffffff00);
	CHECK(bd[0].length == 0x100 && !(bd[0].flags & SEND_BD_END));
	CHECK(bd[1].address_high == 3 && !bd[1].address_low);
	CHECK(bd[1].length == 1000 - 0x100 && bd[1].flags & SEND_BD_END);
	/* a split that would leave a short piece */
	plain(f, data, 1000, 1000);
	f->segment[0].phys = 0x2fffffff8;
	CHECK(transmit(&f, 1) == 1 && released == 1);
	CHECK(nic.port.count.linearized == 1);
	bnx_tx_drop_all(&nic);
	teardown();
}

static void full_ring_pushes_back_and_spares_the_stack(void)
{
	static uint8_t data[1514];
	struct frame *frame = calloc(MANY, sizeof(*frame)), *f;
	unsigned int sent = 0, stack = 0;

	setup();
	released = 0;
	for (;; sent++) {
		f = &frame[sent];
		plain(f, data, 1514, 1514);
		if (!transmit(&f, 1))
			break;
		CHECK(sent < SEND_ENTRIES);
	}
	CHECK(sent >= SEND_ENTRIES - 1 - SEND_RESERVED - SEND_FRAME_BDS);
	for (;; stack++) {
		f = &frame[sent + 1 + stack];
		plain(f, data, 1514, 1514);
		f->origin = NET_STACK;
		if (!transmit(&f, 1))
			break;
	}
	CHECK(stack >= SEND_RESERVED);
	bnx_flush(&nic.port);
	CHECK(!rooms && !released);
	CHECK(!bnx_tx_reclaim(&nic, hardware_sends(0, 1)) && !rooms);
	CHECK(!bnx_tx_reclaim(&nic, hardware_sends(1, 400)) && rooms == 1);
	bnx_tx_drop_all(&nic);
	CHECK(released == sent + stack);
	model_clear(&wire);
	teardown();
	free(frame);
}

static void no_link_ends_frames(void)
{
	static uint8_t data[1514];
	struct frame frame, *f = &frame;

	setup();
	released = 0;
	nic.port.link = false;
	plain(f, data, 1514, 300);
	CHECK(transmit(&f, 1) == 1 && released == 1);
	bnx_flush(&nic.port);
	CHECK(!mailbox(SEND_HOST_PRODUCER_INDEX));
	CHECK(nic.port.count.tx_link_down == 1);
	teardown();
}

/* A large send that must be done in software, with more packets than slots. */
static void large_send_in_software_continues(void)
{
	static uint8_t data[20000];
	struct frame frame, *f = &frame, other, *o = &other;
	uint16_t consumer = 0;
	unsigned int rounds = 0;

	setup();
	released = 0;
	memset(data, 0, sizeof(data));
	data[12] = 8;
	data[14] = 0x45;
	data[23] = 6;
	data[14 + 20 + 12] = 0x50;
	plain(f, data, sizeof(data), 1000);
	f->flags = FRAME_CSUM_PARTIAL | FRAME_TSO4;
	f->csum_start = 34;
	f->csum_offset = 16;
	f->mss = 40;
	CHECK(transmit(&f, 1) == 1 && !released && nic.tx.soft_busy);
	plain(o, data, 60, 60);
	CHECK(!transmit(&o, 1));
	bnx_flush(&nic.port);
	while (nic.tx.soft_busy && rounds++ < 100) {
		consumer = hardware_sends(consumer, 7);
		CHECK(!bnx_tx_reclaim(&nic, consumer));
	}
	CHECK(released == 1 && rooms == 1);
	consumer = hardware_sends(consumer, 100);
	CHECK(!bnx_tx_reclaim(&nic, consumer) && !nic.tx.linear_used);
	CHECK(wire.n == (sizeof(data) - 54 + 39) / 40);
	model_clear(&wire);
	teardown();
}

/* Anything, for long. */
static void sending_soak(void)
{
	static uint8_t data[64][1514];
	static struct frame frame[64];
	unsigned int accepted = 0, sent = 0, first = 0;
	uint16_t consumer = 0;

	setup();
	released = 0;
	for (unsigned int i = 0; i < ROUNDS; i++) {
		unsigned int n = accepted % 64;
		struct frame *f = &frame[n];

		if (rand() % 3) {
			/* the slot's last frame must be on the wire */
			if (accepted - sent >= 64)
				goto hardware;
			for (unsigned int j = 0; j < 20; j++)
				data[n][rand() % 1514] = (uint8_t)rand();
			plain(f, data[n], 14 + (uint32_t)rand() % 1501, 0);
			accepted += transmit(&f, 1);
			if (!(rand() % 8))
				bnx_flush(&nic.port);
			continue;
		}
hardware:
		bnx_flush(&nic.port);
		consumer = hardware_sends(consumer, 1 + rand() % 40);
		while (first < wire.n) {
			struct frame *s = &frame[sent % 64];

			CHECK(!memcmp(wire.packet[first].data, data[sent % 64],
				      s->len));
			CHECK(wire.packet[first].len == MAX(s->len, 60u));
			sent++;
			first++;
		}
		first = 0;
		model_clear(&wire);
		CHECK(!bnx_tx_reclaim(&nic, consumer));
		CHECK(released >= sent);
	}
	bnx_flush(&nic.port);
	hardware_sends(consumer, SEND_ENTRIES);
	CHECK(!bnx_tx_reclaim(&nic, mailbox(SEND_HOST_PRODUCER_INDEX)));
	CHECK(released == accepted && accepted > ROUNDS / 4);
	CHECK(!nic.tx.linear_used && nic.port.count.linearized > 100);
	model_clear(&wire);
	teardown();
}

/* ---- receiving ---- */

/* The hardware's side of the receive rings. */
static struct {
	uint16_t std_consumer, ret_producer;
	unsigned int frames;
} hw;

/* Buffers posted; a mailbox write seen too late would be more than a step. */
static unsigned int std_available(void)
{
	return (mailbox(RX_STD_PRODUCER_INDEX) - hw.std_consumer) % STD_ENTRIES;
}

static bool hardware_receives(uint32_t len)
{
	struct rx_bd *from = &nic.rx.std[hw.std_consumer];
	struct rx_bd *to = &nic.rx.ret[hw.ret_producer];
	uint8_t *data = (uint8_t *)((uint64_t)from->address_high << 32 |
				    from->address_low);

	if (!std_available())
		return false;
	CHECK((hw.ret_producer + 1u) % 512 !=
	      mailbox(RX_RETURN_CONSUMER_INDEX));
	CHECK(from->length == RX_BUFFER_SIZE && from->length >= len + 4);
	memset(data, 0, len + 4);
	data[0] = (uint8_t)hw.frames++;
	data[12] = (uint8_t)(len >> 8);
	data[13] = (uint8_t)len;
	*to = *from;
	to->length = (uint16_t)(len + 4);
	hw.std_consumer = (hw.std_consumer + 1) % STD_ENTRIES;
	hw.ret_producer = (hw.ret_producer + 1) % 512;
	return true;
}

static void start_receiving(void)
{
	setup();
	memset(&hw, 0, sizeof(hw));
	bnx_rx_post(&nic);
	CHECK(std_available() == RX_BUFFERS);
}

static void receiving_soak(void)
{
	unsigned int full = 0;

	start_receiving();
	hold_one_in = 50;
	for (unsigned int i = 0; i < ROUNDS / 10; i++) {
		unsigned int burst = rand() % (rand() % 50 ? 20 : 600), n = 0;

		while (n < burst &&
		       hardware_receives(14 + (uint32_t)rand() % 1505))
			n++;
		full += n < burst;
		CHECK(bnx_rx_poll(&nic, hw.ret_producer) == (int)n);
		CHECK(input_frames == hw.frames);
		while (n_held && (n_held > 100 || rand() % 3))
			frame_put(held[--n_held]);
	}
	CHECK(full > 10 && !nic.port.count.rx_errors);
	while (n_held)
		frame_put(held[--n_held]);
	bnx_rx_post(&nic);
	CHECK(std_available() > RX_BUFFERS - STD_POST_STEP);
	teardown();
}

static void bad_descriptors_are_counted(void)
{
	struct rx_bd *bd;

	start_receiving();
	CHECK(hardware_receives(100));
	nic.rx.ret[0].flags |= RX_BD_ERROR;
	nic.rx.ret[0].errors = 1;
	CHECK(hardware_receives(100));
	nic.rx.ret[1].length = 4 + 13;
	CHECK(hardware_receives(100));
	nic.rx.ret[2].length = NET_FRAME_MAX + 5;
	CHECK(bnx_rx_poll(&nic, hw.ret_producer) == 3);
	CHECK(nic.port.count.rx_errors == 3 && !input_frames);
	CHECK(hardware_receives(100));
	bd = &nic.rx.ret[3];
	bd->opaque = 0x10000 + RX_BUFFERS;
	CHECK(hardware_receives(100));
	CHECK(hardware_receives(100));
	bd[2].opaque = bd[1].opaque;		/* told of twice */
	input_frames = 4;
	CHECK(bnx_rx_poll(&nic, hw.ret_producer) == 3);
	CHECK(nic.count.rx_bad_descriptor == 2);
	CHECK(bnx_rx_poll(&nic, 512) == -EINVAL);
	teardown();
}

static void checksums_are_passed_on(void)
{
	static const struct {
		uint16_t flags, l4, ip;
		bool good;
	} t[] = {
		{ 0, 0, 0, false },
		{ RX_BD_TCP_UDP_CSUM | RX_BD_IP_CSUM, 0xffff, 0xffff, true },
		{ RX_BD_TCP_UDP_CSUM | RX_BD_IP_CSUM, 0xffff, 0, true },
		{ RX_BD_TCP_UDP_CSUM | RX_BD_IP_CSUM, 0xffff, 0x1234, false },
		{ RX_BD_TCP_UDP_CSUM | RX_BD_IP_CSUM, 0xfffe, 0xffff, false },
		{ RX_BD_TCP_UDP_CSUM, 0xffff, 0xffff, false },
		{ RX_BD_TCP_UDP_CSUM | RX_BD_IPV6, 0xffff, 0, true },
		{ RX_BD_IP_CSUM, 0xffff, 0xffff, false },
	};

	start_receiving();
	hold_one_in = 1;
	for (unsigned int i = 0; i < ARRAY_SIZE(t); i++) {
		struct rx_bd *bd = &nic.rx.ret[hw.ret_producer];

		CHECK(hardware_receives(100));
		bd->flags |= t[i].flags;
		bd->tcp_udp_csum = t[i].l4;
		bd->ip_csum = t[i].ip;
		CHECK(bnx_rx_poll(&nic, hw.ret_producer) == 1);
		CHECK(held[n_held - 1]->flags ==
		      (t[i].good ? FRAME_CSUM_VALID : 0));
	}
	teardown();
}

/* A reset while other ports hold frames: their buffers come later. */
static void reset_leaves_held_buffers(void)
{
	start_receiving();
	hold_one_in = 1;
	for (unsigned int i = 0; i < 16; i++)
		CHECK(hardware_receives(100));
	CHECK(bnx_rx_poll(&nic, hw.ret_producer) == 16 && n_held == 16);
	memset(&hw, 0, sizeof(hw));
	memset(bar, 0, sizeof(bar));
	input_frames = 0;
	bnx_rx_reset(&nic);
	bnx_rx_post(&nic);
	CHECK(std_available() == RX_BUFFERS - 16);
	while (n_held)
		frame_put(held[--n_held]);
	bnx_rx_post(&nic);
	CHECK(std_available() == RX_BUFFERS);
	teardown();
}

int main(void)
{
	srand(2);
	one_doorbell_and_release_when_sent();
	short_pieces_are_copied();
	pieces_are_split_at_4_gib();
	full_ring_pushes_back_and_spares_the_stack();
	no_link_ends_frames();
	large_send_in_software_continues();
	sending_soak();
	bad_descriptors_are_counted();
	checksums_are_passed_on();
	reset_leaves_held_buffers();
	receiving_soak();
	printf("rings keep the rules\n");
	return 0;
}
