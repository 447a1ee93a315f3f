// SPDX-License-Identifier: MIT
/*
 * The control virtqueue (virtio 1.2, 5.1.6.5): receive filter, MAC
 * address, receive offloads. Commands are answered at once. What a filter cannot hold widens it, so that
 * no frame is lost to it.
 */
#include "virtio.h"

#include <errno.h>
#include <string.h>

/* class, command, and what follows: two tables of addresses */
#define COMMAND_MAX	2048u
/* Commands answered in one go. */
#define CTRL_BUDGET	64

static void apply_filter(struct virtio_net *dev)
{
	net_filter_changed(dev->port, dev->promiscuous, dev->all_multicast,
			   (const uint8_t (*)[ETH_ALEN])dev->mac_table,
			   dev->n_mac);
}

/* As if no driver had asked for anything: what all of them can live with. */
void virtio_ctrl_reset(struct virtio_net *dev)
{
	memcpy(dev->port->mac, dev->permanent_mac, ETH_ALEN);
	dev->promiscuous = false;
	dev->all_multicast = true;
	dev->n_mac = 0;
	apply_filter(dev);
}

static bool rx_command(struct virtio_net *dev, uint8_t command,
		       const uint8_t *data, uint32_t len)
{
	if (!virtio_has(dev, VIRTIO_NET_F_CTRL_RX) || len < 1)
		return false;
	if (command == VIRTIO_NET_CTRL_RX_PROMISC)
		dev->promiscuous = data[0];
	else if (command == VIRTIO_NET_CTRL_RX_ALLMULTI)
		dev->all_multicast = data[0];
	else
		return false;
	apply_filter(dev);
	return true;
}

/* One table: a count of 32 bits, then so many addresses. */
static bool take_table(struct virtio_net *dev, const uint8_t **data,
		       uint32_t *len)
{
	uint32_t n;

	if (*len < sizeof(n))
		return false;
	memcpy(&n, *data, sizeof(n));
	*data += sizeof(n);
	*len -= (uint32_t)sizeof(n);
	if (n > *len / ETH_ALEN)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *mac = *data + i * ETH_ALEN;

		if (dev->n_mac < ARRAY_SIZE(dev->mac_table))
			memcpy(dev->mac_table[dev->n_mac++], mac, ETH_ALEN);
		else if (mac[0] & 1)
			dev->all_multicast = true;
		else
			dev->promiscuous = true;
	}
	*data += n * ETH_ALEN;
	*len -= n * ETH_ALEN;
	return true;
}

static bool mac_command(struct virtio_net *dev, uint8_t command,
			const uint8_t *data, uint32_t len)
{
	if (command == VIRTIO_NET_CTRL_MAC_TABLE_SET &&
	    virtio_has(dev, VIRTIO_NET_F_CTRL_RX)) {
		bool ok;

		dev->n_mac = 0;
		ok = take_table(dev, &data, &len) &&
		     take_table(dev, &data, &len);
		apply_filter(dev);
		return ok;
	}
	if (command == VIRTIO_NET_CTRL_MAC_ADDR_SET &&
	    virtio_has(dev, VIRTIO_NET_F_CTRL_MAC_ADDR)) {
		if (len < ETH_ALEN || (data[0] & 1))
			return false;
		memcpy(dev->port->mac, data, ETH_ALEN);
		apply_filter(dev);
		return true;
	}
	return false;
}

static bool offloads_command(struct virtio_net *dev, uint8_t command,
			     const uint8_t *data, uint32_t len)
{
	uint64_t can = dev->features & (VIRTIO_NET_F_GUEST_CSUM |
					VIRTIO_NET_F_GUEST_TSO4);
	uint64_t wanted;

	if (!virtio_has(dev, VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) ||
	    command != VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET ||
	    len < sizeof(wanted))
		return false;
	memcpy(&wanted, data, sizeof(wanted));
	if ((wanted & ~can) || ((wanted & VIRTIO_NET_F_GUEST_TSO4) &&
				!(wanted & VIRTIO_NET_F_GUEST_CSUM)))
		return false;
	dev->offloads_off = can & ~wanted;
	return true;
}

static bool command(struct virtio_net *dev, const uint8_t *bytes,
		    uint32_t len)
{
	if (len < 2)
		return false;
	switch (bytes[0]) {
	case VIRTIO_NET_CTRL_RX:
		return rx_command(dev, bytes[1], bytes + 2, len - 2);
	case VIRTIO_NET_CTRL_MAC:
		return mac_command(dev, bytes[1], bytes + 2, len - 2);
	case VIRTIO_NET_CTRL_GUEST_OFFLOADS:
		return offloads_command(dev, bytes[1], bytes + 2, len - 2);
	}
	return false;
}

/* Gather the command; false if it is longer than any we know. */
static bool gather(const struct virtio_chain *c, uint8_t *to)
{
	if (c->out_len > COMMAND_MAX)
		return false;
	for (unsigned int i = 0; i < c->n_out; i++) {
		memcpy(to, c->buffer[i].virt, c->buffer[i].len);
		to += c->buffer[i].len;
	}
	return true;
}

/* Answer one command. 1: done, 0: none waits, -EPROTO with *why set. */
static int serve(struct virtio_net *dev, struct virtio_queue *q,
		 const char **why)
{
	struct virtio_chain *c = &dev->ctrl_chain;
	uint8_t bytes[COMMAND_MAX];
	int waiting = virtio_queue_waiting(q);
	bool ok;

	*why = "available index out of range";
	if (waiting <= 0)
		return waiting;
	if (virtio_queue_peek(dev, q, 0, c, why) < 0)
		return -EPROTO;
	*why = "control command without room for the answer";
	if (!c->in_len)
		return -EPROTO;
	ok = gather(c, bytes) && command(dev, bytes, c->out_len);
	*c->buffer[c->n_out].virt = ok ? VIRTIO_NET_OK : VIRTIO_NET_ERR;
	virtio_queue_used(q, c->head, 1);
	q->next_avail++;
	return 1;
}

void virtio_ctrl_work(struct virtio_net *dev)
{
	struct virtio_queue *q = &dev->queue[QUEUE_CTRL];
	const char *why = NULL;
	bool interrupt = false;
	int got = 1;

	/* The filter's lock comes before the queue's: hence the device's. */
	spin_lock(&dev->lock);
	for (int i = 0; i < CTRL_BUDGET && got > 0; i++)
		got = q->enabled && dev->live ? serve(dev, q, &why) : 0;
	if (q->enabled) {
		virtio_queue_notify(dev, q, true);
		virtio_queue_publish(q);
		interrupt = virtio_queue_signal(dev, q);
	}
	spin_unlock(&dev->lock);
	if (got < 0)
		virtio_broken(dev, why);
	if (interrupt)
		virtio_interrupt_queue(dev, q);
}
