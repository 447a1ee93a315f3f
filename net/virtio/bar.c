// SPDX-License-Identifier: MIT
/*
 * Where the function's registers are. The card's own BAR stays where it is, for
 * the VMM, and is never visible to the guest: its pages are trapped all the
 * time, and answer as virtio registers only while the guest has its BAR there
 * and decoding on. A BAR that the guest moved is trapped at its new place.
 */
#define LOG_PREFIX "virtio-net: "

#include "virtio.h"

#include <errno.h>
#include <tandem/guest_mem.h>
#include <tandem/log.h>

/* Nothing is decoded beyond what nested page tables can map. */
#define ADDRESS_LIMIT	BIT(47)

/* ---- registers by offset ---- */

static uint64_t ones(unsigned int size)
{
	return size == 8 ? ~0ull : BIT(8 * size) - 1;
}

static uint32_t small_read(struct virtio_net *dev, unsigned int part,
			   unsigned int offset, unsigned int size)
{
	switch (part) {
	case BAR_COMMON:
		return virtio_common_read(dev, offset, size);
	case BAR_ISR:
		return offset == 0 ? virtio_isr_read(dev) : 0;
	case BAR_MSIX_TABLE:
		return size == 4 ? virtio_msix_read(dev, offset) : 0;
	case BAR_MSIX_PBA:
		return offset < 8 ? (uint32_t)(virtio_msix_pba(dev) >>
					       8 * offset) : 0;
	}
	return 0;
}

uint64_t virtio_bar_read(struct virtio_net *dev, uint64_t offset,
			 unsigned int size)
{
	unsigned int part, rest;
	uint64_t v;

	if (offset >= BAR_USED)
		return 0;
	part = (unsigned int)offset & ~(BAR_PART - 1u);
	rest = (unsigned int)offset & (BAR_PART - 1u);
	spin_lock(&dev->lock);
	if (part == BAR_DEVICE) {
		v = virtio_config_read(dev, rest, size);
	} else if (size == 8) {
		v = small_read(dev, part, rest, 4);
		v |= (uint64_t)small_read(dev, part, rest + 4, 4) << 32;
	} else {
		v = small_read(dev, part, rest, size);
	}
	spin_unlock(&dev->lock);
	return v & ones(size);
}

static void small_write(struct virtio_net *dev, unsigned int part,
			unsigned int offset, unsigned int size,
			uint32_t value)
{
	if (part == BAR_COMMON)
		virtio_common_write(dev, offset, size, value);
	else if (part == BAR_MSIX_TABLE && size == 4)
		virtio_msix_write(dev, offset, value);
	else
		dev->count.bad_access++;
}

static void notified(struct virtio_net *dev, unsigned int offset)
{
	net_count(&dev->count.notifies, 1);
	if (offset == QUEUE_TX * NOTIFY_MULTIPLIER) {
		virtio_tx_work(dev);
	} else if (offset == QUEUE_CTRL * NOTIFY_MULTIPLIER) {
		virtio_ctrl_work(dev);
	}
	/* RX buffers are looked for when a frame comes. */
}

void virtio_bar_write(struct virtio_net *dev, uint64_t offset,
		      unsigned int size, uint64_t value)
{
	unsigned int part, rest;

	if (offset >= BAR_USED)
		return;
	part = (unsigned int)offset & ~(BAR_PART - 1u);
	rest = (unsigned int)offset & (BAR_PART - 1u);
	if (part == BAR_NOTIFY) {
		notified(dev, rest);
		return;
	}
	spin_lock(&dev->lock);
	if (size == 8) {
		small_write(dev, part, rest, 4, (uint32_t)value);
		small_write(dev, part, rest + 4, 4, (uint32_t)(value >> 32));
	} else {
		small_write(dev, part, rest, size, (uint32_t)value);
	}
	spin_unlock(&dev->lock);
	/* What was given before DRIVER_OK, for one, was not announced. */
	virtio_tx_poll(dev);
}

/* ---- traps ---- */

static uint64_t hardware_read(void *ctx, uint64_t offset, unsigned int size)
{
	struct virtio_net *dev = ctx;

	return dev->decoded == dev->hardware_base ?
		virtio_bar_read(dev, offset, size) : ones(size);
}

static void hardware_write(void *ctx, uint64_t offset, unsigned int size,
			   uint64_t value)
{
	struct virtio_net *dev = ctx;

	if (dev->decoded == dev->hardware_base)
		virtio_bar_write(dev, offset, size, value);
}

static uint64_t moved_read(void *ctx, uint64_t offset, unsigned int size)
{
	return virtio_bar_read(ctx, offset, size);
}

static void moved_write(void *ctx, uint64_t offset, unsigned int size,
			uint64_t value)
{
	virtio_bar_write(ctx, offset, size, value);
}

static bool holds_ram(uint64_t base, uint64_t size)
{
	for (uint64_t at = 0; at < size; at += PAGE_SIZE)
		if (guest_ram(base + at, 1))
			return true;
	return false;
}

static void trap_moved(struct virtio_net *dev, uint64_t base)
{
	uint32_t left_out;
	int err = -EINVAL;

	dev->moved_trap.base = base;
	if (base < ADDRESS_LIMIT && !holds_ram(base, dev->bar_size))
		err = mmio_trap_add(&dev->moved_trap);
	if (!err) {
		dev->moved_trapped = true;
		dev->decoded = base;
	} else if (ratelimit_ok(&dev->bar_limit, &left_out)) {
		log_warn("BAR%u cannot be at %#llx (error %d): not decoded "
			 "(%u more)", dev->bar, (unsigned long long)base, err,
			 left_out);
	}
}

void virtio_bar_update(struct virtio_net *dev)
{
	uint64_t base = virtio_pci_memory_on(dev) ?
		virtio_pci_bar_base(dev) : 0;

	if (base == dev->wanted)
		return;
	dev->wanted = base;
	dev->decoded = 0;
	if (dev->moved_trapped) {
		mmio_trap_remove(&dev->moved_trap);
		dev->moved_trapped = false;
	}
	if (base == dev->hardware_base)
		dev->decoded = base;
	else if (base)
		trap_moved(dev, base);
}

/* Other memory of the card that the guest must not reach. */
static int hide_others(struct virtio_net *dev)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(dev->at->bar); i++) {
		const struct pci_bar *b = &dev->at->bar[i];
		struct mmio_trap *t = &dev->other_trap[dev->n_other];
		int err;

		if (i == dev->bar || !b->size || !b->base || b->io)
			continue;
		*t = (struct mmio_trap){
			.name = "virtio-net: other BAR",
			.base = ALIGN_DOWN(b->base, PAGE_SIZE),
			.size = ALIGN_UP(b->size, PAGE_SIZE),
			.read = mmio_absent_read,
			.write = mmio_absent_write,
		};
		err = mmio_trap_add(t);
		if (err)
			return err;
		dev->n_other++;
	}
	return 0;
}

void virtio_bar_destroy(struct virtio_net *dev)
{
	mmio_trap_remove(&dev->hardware_trap);
	while (dev->n_other)
		mmio_trap_remove(&dev->other_trap[--dev->n_other]);
}

int virtio_bar_create(struct virtio_net *dev)
{
	int err;

	dev->hardware_trap = (struct mmio_trap){
		.name = "virtio-net", .base = dev->hardware_base,
		.size = dev->bar_size, .read = hardware_read,
		.write = hardware_write, .ctx = dev,
	};
	dev->moved_trap = (struct mmio_trap){
		.name = "virtio-net, moved", .size = dev->bar_size,
		.read = moved_read, .write = moved_write, .ctx = dev,
	};
	err = mmio_trap_add(&dev->hardware_trap);
	if (!err) {
		err = hide_others(dev);
		if (err)
			virtio_bar_destroy(dev);
	}
	if (err)
		log_error("cannot trap the card's registers: error %d", err);
	return err;
}
