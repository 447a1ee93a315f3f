/* SPDX-License-Identifier: MIT */
/*
 * Operations on the virtio network function: its registers with any values,
 * and a driver that gets far enough for its queues to be read, and then lies
 * in them (virtio 1.2, 2.7 and 4.1.4). The layout of the BAR is that of
 * net/virtio; where it changes, the accesses land elsewhere.
 */
#include "fuzz.h"

#define COMMON_FEATURE_SELECT	0x08
#define COMMON_FEATURE		0x0c
#define COMMON_STATUS		0x14
#define COMMON_QUEUE		0x16
#define COMMON_SIZE		0x18
#define COMMON_VECTOR		0x1a
#define COMMON_ENABLE		0x1c
#define COMMON_DESC		0x20
#define COMMON_DRIVER		0x28
#define COMMON_DEVICE		0x30
#define COMMON_END		0x40
#define BAR_NOTIFY		0x3000
#define BAR_MSIX		0x4000
#define BAR_SIZE		0x6000

#define STATUS_STEPS		0x0f	/* up to DRIVER_OK */
#define QUEUES			3
#define RING			16	/* entries */
#define MSIX_ENABLE		0x8000
#define MSIX_ENTRIES		4

struct descriptor {
	uint64_t address;
	uint32_t length;
	uint16_t flags, next;
};

static volatile uint8_t *bar(unsigned int offset)
{
	return (volatile uint8_t *)(uintptr_t)(machine.virtio + offset);
}

static void write16(unsigned int offset, uint64_t v)
{
	*(volatile uint16_t *)bar(offset) = (uint16_t)v;
}

static void write32(unsigned int offset, uint64_t v)
{
	*(volatile uint32_t *)bar(offset) = (uint32_t)v;
}

static void write64(unsigned int offset, uint64_t v)
{
	write32(offset, v);
	write32(offset + 4, v >> 32);
}

void op_virtio_config(struct fuzz_cpu *c)
{
	unsigned int offset = chance(c, 2) ? below(c, COMMON_END) :
			      below(c, BAR_SIZE);
	uint64_t v = chance(c, 2) ? odd_value(c) : below(c, 16);
	unsigned int how = below(c, 8);

	if (!machine.virtio)
		return;
	note(c, offset, how, v, 0);
	switch (how) {
	case 0:
		*bar(offset) = (uint8_t)v;
		break;
	case 1:
		write16(offset, v);
		break;
	case 2:
		write32(offset & ~3u, v);
		break;
	case 3:
		*(volatile uint64_t *)bar(offset) = v;
		break;
	case 4:
		*(volatile uint16_t *)bar(offset & ~1u);
		break;
	case 5:
		*(volatile uint64_t *)bar(offset);
		break;
	case 6:
		write16(COMMON_QUEUE, below(c, QUEUES + 1));
		write16(COMMON_ENABLE, 1);
		break;
	default:
		*bar(COMMON_STATUS) = (uint8_t)v;
	}
}

/* ---- queues ---- */

static uint64_t odd_buffer(struct fuzz_cpu *c)
{
	return chance(c, 2) ? (uint64_t)(uintptr_t)c->scratch + below(c, 4096) :
	       odd_address(c);
}

static void lie(struct fuzz_cpu *c, struct descriptor *d, uint16_t *available,
		uint16_t *index)
{
	for (unsigned int i = 0; i < RING; i++) {
		d[i].address = odd_buffer(c);
		d[i].length = chance(c, 2) ? 12 + below(c, 1600) :
			      (uint32_t)odd_value(c);
		d[i].flags = (uint16_t)(chance(c, 8) ? rnd(c) : below(c, 4));
		d[i].next = (uint16_t)(chance(c, 16) ? rnd(c) :
				       below(c, RING));
		available[2 + i] = (uint16_t)(chance(c, 16) ? rnd(c) : i);
	}
	available[0] = (uint16_t)below(c, 2);
	*index = (uint16_t)(*index + (chance(c, 8) ? rnd(c) : below(c, RING)));
	available[1] = *index;
}

/* Messages that are interrupts, and such as a VMM must not send for a guest. */
static void messages(struct fuzz_cpu *c)
{
	for (unsigned int i = 0; i < MSIX_ENTRIES; i++) {
		unsigned int entry = BAR_MSIX + 16 * i;

		write64(entry, chance(c, 4) ? odd_value(c) :
			0xfee00000ull | (rnd(c) & 0xff00c));
		write32(entry + 8, chance(c, 4) ? rnd(c) :
			0x20u + below(c, 0xe0));
		write32(entry + 12, below(c, 2));
	}
	out32(0xcf8, machine.msix & ~3u);
	out16(0xcfc + (machine.msix & 2) + 0,
	      (uint16_t)(chance(c, 4) ? rnd(c) : MSIX_ENABLE));
}

static void reset_and_negotiate(struct fuzz_cpu *c)
{
	*bar(COMMON_STATUS) = 0;
	*bar(COMMON_STATUS) = 3;
	write32(COMMON_FEATURE_SELECT, 0);
	write32(COMMON_FEATURE, chance(c, 2) ? rnd(c) : 0x30078883);
	write32(COMMON_FEATURE_SELECT, 1);
	write32(COMMON_FEATURE, chance(c, 4) ? rnd(c) : 1);
	*bar(COMMON_STATUS) = 0x0b;
}

/* scratch: page 0 buffers, page 1 descriptors, 2 available, 3 used */
void op_virtio_queue(struct fuzz_cpu *c)
{
	struct descriptor *d = (struct descriptor *)(c->scratch + PAGE);
	uint16_t *available = (uint16_t *)(c->scratch + 2 * PAGE);
	uint64_t at[3] = {
		(uint64_t)(uintptr_t)d, (uint64_t)(uintptr_t)available,
		(uint64_t)(uintptr_t)c->scratch + 3 * PAGE,
	};
	unsigned int queue = below(c, QUEUES);
	uint16_t index = available[1];

	if (!machine.virtio)
		return;
	if (chance(c, 2)) {
		index = 0;
		reset_and_negotiate(c);
	}
	if (chance(c, 4) && machine.msix)
		messages(c);
	if (chance(c, 8))
		at[below(c, 3)] = odd_address(c);
	note(c, queue, at[0], at[1], at[2]);
	for (unsigned int i = 0; i < PAGE; i += 8)
		*(uint64_t *)(c->scratch + i) = rnd(c);
	lie(c, d, available, &index);
	write16(COMMON_QUEUE, queue);
	write16(COMMON_SIZE, chance(c, 8) ? rnd(c) : RING);
	write16(COMMON_VECTOR, chance(c, 2) ? rnd(c) : queue);
	write64(COMMON_DESC, at[0]);
	write64(COMMON_DRIVER, at[1]);
	write64(COMMON_DEVICE, at[2]);
	write16(COMMON_ENABLE, 1);
	*bar(COMMON_STATUS) = STATUS_STEPS;
	for (unsigned int i = below(c, 4) + 1; i; i--) {
		write16(BAR_NOTIFY + 4 * queue, queue);
		lie(c, d, available, &index);
	}
}
