// SPDX-License-Identifier: MIT
/*
 * Common configuration structure (virtio 1.2, 4.1.4.3), device configuration
 * (5.1.4), initialisation and reset (3.1, 2.4, 2.6.1). A reset is over when no
 * frame in guest memory is in the hands of the wire any more.
 */
#define LOG_PREFIX "virtio-net: "

#include "virtio.h"

#include <string.h>
#include <tandem/log.h>
#include <tandem/timer.h>

/*
 * The wire's watchdog ends what a stuck card holds long before; if not even
 * that happens, a driver that waits for ever is no help.
 */
#define RESET_TIMEOUT_US	10000000ull

/* ---- status ---- */

void virtio_update_live(struct virtio_net *dev)
{
	bool live = (dev->status & VIRTIO_STATUS_DRIVER_OK) &&
		    !(dev->status & (VIRTIO_STATUS_FAILED |
				     VIRTIO_STATUS_NEEDS_RESET)) &&
		    !dev->resetting && virtio_pci_master_on(dev);

	if (live && !dev->live)
		/* for the next look */
		__atomic_store_n(&dev->tx_again, 1, __ATOMIC_SEQ_CST);
	dev->live = live;
}

void virtio_broken(struct virtio_net *dev, const char *what)
{
	bool told = dev->status & VIRTIO_STATUS_NEEDS_RESET;
	uint32_t left_out;

	dev->count.broken++;
	__atomic_or_fetch(&dev->status, VIRTIO_STATUS_NEEDS_RESET,
			  __ATOMIC_SEQ_CST);
	dev->live = false;
	if (ratelimit_ok(&dev->broken_limit, &left_out))
		log_warn("driver broke the rules: %s; stopped until it resets "
			 "the device (%u more)", what, left_out);
	if (!told && (dev->status & VIRTIO_STATUS_DRIVER_OK))
		virtio_interrupt_config(dev);
}

static void reset_begin(struct virtio_net *dev)
{
	dev->live = false;
	for (unsigned int i = 0; i < VIRTIO_QUEUES; i++) {
		struct virtio_queue *q = &dev->queue[i];

		spin_lock(&q->lock);
		virtio_queue_reset(q);
		q->resetting = false;
		if (i == QUEUE_TX) {
			__atomic_store_n(&dev->tx_notify, true,
					 __ATOMIC_RELAXED);
			__atomic_store_n(&dev->tx_done, false,
					 __ATOMIC_RELAXED);
			__atomic_store_n(&dev->tx_signal, 0,
					 __ATOMIC_RELAXED);
		}
		spin_unlock(&q->lock);
	}
	dev->features = dev->offloads_off = 0;
	dev->device_feature_select = dev->driver_feature_select = 0;
	dev->queue_select = 0;
	dev->config_vector = VIRTIO_MSI_NO_VECTOR;
	virtio_interrupt_reset(dev);
	virtio_ctrl_reset(dev);
	/* status stays as it was until the last frame is back */
	dev->resetting = true;
	dev->reset_started = time_us();
}

/* Are all frames of before a reset back, or is waiting no longer useful? */
static bool drained(struct virtio_net *dev)
{
	if (__atomic_load_n(&dev->in_flight, __ATOMIC_ACQUIRE) == 0)
		return true;
	if (time_us() - dev->reset_started < RESET_TIMEOUT_US)
		return false;
	log_error("reset: the wire keeps %u frames, going on without them",
		  dev->in_flight);
	return true;
}

static void reset_check(struct virtio_net *dev)
{
	if (!dev->resetting || !drained(dev))
		return;
	dev->resetting = false;
	dev->status = 0;
}

void virtio_device_reset(struct virtio_net *dev)
{
	reset_begin(dev);
	reset_check(dev);
}

static uint8_t status_read(struct virtio_net *dev)
{
	reset_check(dev);
	/* Not 0 while it lasts, even if the driver resets twice in a row. */
	if (dev->resetting && !dev->status)
		return VIRTIO_STATUS_ACKNOWLEDGE;
	return dev->status;
}

static void status_write(struct virtio_net *dev, uint8_t value)
{
	if (!value) {
		virtio_device_reset(dev);
		return;
	}
	reset_check(dev);
	if (dev->resetting)
		return;
	if ((value & VIRTIO_STATUS_FEATURES_OK) &&
	    !(dev->status & VIRTIO_STATUS_FEATURES_OK) &&
	    ((dev->features & ~dev->offered) ||
	     !virtio_has(dev, VIRTIO_F_VERSION_1)))
		value &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
	/* another CPU may just find the driver's rings broken */
	__atomic_and_fetch(&dev->status, VIRTIO_STATUS_NEEDS_RESET,
			   __ATOMIC_SEQ_CST);
	__atomic_or_fetch(&dev->status, value, __ATOMIC_SEQ_CST);
	virtio_update_live(dev);
}

/* ---- queues ---- */

/* The control queue, which is the last, comes with its feature (5.1.2). */
static unsigned int queues(const struct virtio_net *dev)
{
	return dev->offered & VIRTIO_NET_F_CTRL_VQ ? VIRTIO_QUEUES : QUEUE_CTRL;
}

static struct virtio_queue *selected(struct virtio_net *dev)
{
	return dev->queue_select < queues(dev) ?
		&dev->queue[dev->queue_select] : NULL;
}

/* Reset of a queue goes on until its last frame is back. */
static bool queue_resetting(struct virtio_net *dev, struct virtio_queue *q)
{
	if (q->resetting && drained(dev))
		q->resetting = false;
	return q->resetting;
}

static void queue_enable(struct virtio_net *dev, struct virtio_queue *q)
{
	int err = 0;

	reset_check(dev);
	if (dev->resetting || queue_resetting(dev, q))
		return;
	spin_lock(&q->lock);
	if (!q->enabled)
		err = virtio_queue_enable(dev, q);
	spin_unlock(&q->lock);
	if (err)
		virtio_broken(dev, "size or place of a queue");
}

/* 2.6.1 and 4.1.4.3: reset of one queue */
static void queue_reset(struct virtio_net *dev, struct virtio_queue *q)
{
	if (!virtio_has(dev, VIRTIO_F_RING_RESET) || !q->enabled)
		return;
	spin_lock(&q->lock);
	virtio_queue_reset(q);
	spin_unlock(&q->lock);
	q->resetting = q->index == QUEUE_TX;
	dev->reset_started = time_us();
}

/* ---- registers ---- */

static uint32_t queue_read(struct virtio_net *dev, unsigned int dword)
{
	struct virtio_queue *q = selected(dev);

	if (!q)
		return 0;
	switch (dword) {
	case COMMON_QUEUE_SIZE:
		return q->size | (uint32_t)q->vector << 16;
	case COMMON_QUEUE_ENABLE:
		return q->enabled | (uint32_t)q->index << 16;
	case COMMON_QUEUE_DESC:
		return (uint32_t)q->desc_addr;
	case COMMON_QUEUE_DESC + 4:
		return (uint32_t)(q->desc_addr >> 32);
	case COMMON_QUEUE_DRIVER:
		return (uint32_t)q->driver_addr;
	case COMMON_QUEUE_DRIVER + 4:
		return (uint32_t)(q->driver_addr >> 32);
	case COMMON_QUEUE_DEVICE:
		return (uint32_t)q->device_addr;
	case COMMON_QUEUE_DEVICE + 4:
		return (uint32_t)(q->device_addr >> 32);
	case COMMON_QUEUE_NOTIFY_DATA:
		return q->index |
		       (uint32_t)queue_resetting(dev, q) << 16;
	}
	return 0;
}

static uint32_t dword_read(struct virtio_net *dev, unsigned int dword)
{
	switch (dword) {
	case COMMON_DEVICE_FEATURE_SELECT:
		return dev->device_feature_select;
	case COMMON_DEVICE_FEATURE:
		return dev->device_feature_select > 1 ? 0 :
		       (uint32_t)(dev->offered >>
				  32 * dev->device_feature_select);
	case COMMON_DRIVER_FEATURE_SELECT:
		return dev->driver_feature_select;
	case COMMON_DRIVER_FEATURE:
		return dev->driver_feature_select > 1 ? 0 :
		       (uint32_t)(dev->features >>
				  32 * dev->driver_feature_select);
	case COMMON_CONFIG_MSIX_VECTOR:
		return dev->config_vector | (uint32_t)queues(dev) << 16;
	case COMMON_DEVICE_STATUS:
		return status_read(dev) |
		       (uint32_t)dev->config_generation << 8 |
		       (uint32_t)dev->queue_select << 16;
	}
	return queue_read(dev, dword);
}

uint32_t virtio_common_read(struct virtio_net *dev, unsigned int offset,
			    unsigned int size)
{
	uint32_t v;

	if (offset >= COMMON_SIZE || (offset & 3) + size > 4) {
		dev->count.bad_access++;
		return 0;
	}
	v = dword_read(dev, offset & ~3u) >> 8 * (offset & 3);
	return size == 4 ? v : v & ((1u << 8 * size) - 1);
}

static void set_half(guest_phys *addr, bool high, uint32_t value)
{
	if (high)
		*addr = (*addr & 0xffffffffull) | (uint64_t)value << 32;
	else
		*addr = (*addr & ~0xffffffffull) | value;
}

static void features_write(struct virtio_net *dev, uint32_t value)
{
	if (dev->status & VIRTIO_STATUS_FEATURES_OK)
		return;
	if (dev->driver_feature_select <= 1)
		set_half(&dev->features, dev->driver_feature_select, value);
	else if (value)
		/* A bit nobody offered: FEATURES_OK will be refused. */
		dev->features |= BIT(63);
}

static uint16_t checked_vector(uint32_t value)
{
	return value < VIRTIO_VECTORS ? (uint16_t)value :
					VIRTIO_MSI_NO_VECTOR;
}

/* A register of the selected queue, at offset with its own size. */
#define AT(offset, size)	((offset) << 4 | (size))

static void queue_write(struct virtio_net *dev, unsigned int at,
			uint32_t value)
{
	struct virtio_queue *q = selected(dev);

	if (!q)
		return;
	if (at == AT(COMMON_QUEUE_MSIX_VECTOR, 2)) {
		q->vector = checked_vector(value);
		return;
	}
	if (at == AT(COMMON_QUEUE_RESET, 2)) {
		if (value == 1)
			queue_reset(dev, q);
		return;
	}
	/* The rest is fixed while the queue works. */
	if (q->enabled)
		return;
	switch (at) {
	case AT(COMMON_QUEUE_SIZE, 2):
		q->size = (uint16_t)value;
		break;
	case AT(COMMON_QUEUE_ENABLE, 2):
		if (value == 1)
			queue_enable(dev, q);
		break;
	case AT(COMMON_QUEUE_DESC, 4):
	case AT(COMMON_QUEUE_DESC + 4, 4):
		set_half(&q->desc_addr, at & 0x40, value);
		break;
	case AT(COMMON_QUEUE_DRIVER, 4):
	case AT(COMMON_QUEUE_DRIVER + 4, 4):
		set_half(&q->driver_addr, at & 0x40, value);
		break;
	case AT(COMMON_QUEUE_DEVICE, 4):
	case AT(COMMON_QUEUE_DEVICE + 4, 4):
		set_half(&q->device_addr, at & 0x40, value);
		break;
	default:
		dev->count.bad_access++;
	}
}

void virtio_common_write(struct virtio_net *dev, unsigned int offset,
			 unsigned int size, uint32_t value)
{
	unsigned int at = AT(offset, size);

	switch (at) {
	case AT(COMMON_DEVICE_FEATURE_SELECT, 4):
		dev->device_feature_select = value;
		break;
	case AT(COMMON_DRIVER_FEATURE_SELECT, 4):
		dev->driver_feature_select = value;
		break;
	case AT(COMMON_DRIVER_FEATURE, 4):
		features_write(dev, value);
		break;
	case AT(COMMON_CONFIG_MSIX_VECTOR, 2):
		dev->config_vector = checked_vector(value);
		break;
	case AT(COMMON_DEVICE_STATUS, 1):
		status_write(dev, (uint8_t)value);
		break;
	case AT(COMMON_QUEUE_SELECT, 2):
		dev->queue_select = (uint16_t)value;
		break;
	default:
		queue_write(dev, at, value);
	}
}

/* ---- device configuration ---- */

uint64_t virtio_config_read(struct virtio_net *dev, unsigned int offset,
			    unsigned int size)
{
	struct virtio_net_config c = {
		.status = dev->port->link ? VIRTIO_NET_S_LINK_UP : 0,
		.max_virtqueue_pairs = 1,
		.mtu = NET_MTU,
	};
	uint64_t v = 0;

	memcpy(c.mac, dev->port->mac, ETH_ALEN);
	if (offset >= sizeof(c) || size > sizeof(c) - offset) {
		dev->count.bad_access++;
		return 0;
	}
	memcpy(&v, (const uint8_t *)&c + offset, size);
	return v;
}
