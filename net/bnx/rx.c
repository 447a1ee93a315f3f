/* SPDX-License-Identifier: MIT */
/*
 * Receive rings (5722-PG101-R, "Receive Rings"). Every buffer belongs to one
 * struct frame for ever. The hardware fills buffers of the standard ring and
 * lists them in the return ring; the switch copies what it wants, and the last
 * frame_put() puts the buffer back on the standard ring.
 *
 * Two mailboxes are written for this, both seldom: buffers are posted in whole
 * steps of STD_POST_STEP, and the return ring's consumer index just before
 * that. So buffers posted plus entries not yet acknowledged never exceed
 * RX_BUFFERS, and the return ring cannot fill up.
 */
#include "bnx.h"

#include <errno.h>

#define FCS_LEN			4u
#define RX_OPAQUE(i)		((i) | 0x10000u)	/* 0 is nobody's */

#define PAGES(bytes)		(ALIGN_UP(bytes, PAGE_SIZE) / PAGE_SIZE)
#define STD_BYTES		(STD_ENTRIES * sizeof(struct rx_bd))
#define BUFFER_BYTES		(RX_BUFFERS * RX_BUFFER_SIZE)
#define FRAME_BYTES		(RX_BUFFERS * sizeof(struct frame))

_Static_assert(RX_BUFFERS < STD_ENTRIES && RX_BUFFERS % STD_POST_STEP == 0,
	       "buffers fit the standard ring in whole steps");
_Static_assert(RX_BUFFER_SIZE >= NET_FRAME_MAX + FCS_LEN, "buffer size");

static size_t return_bytes(const struct bnx *nic)
{
	return nic->chip->return_entries * sizeof(struct rx_bd);
}

/* Put buffer i on the std ring. rx.lock held. */
static void give_buffer(struct bnx *nic, uint32_t i)
{
	struct bnx_rx *rx = &nic->rx;
	struct rx_bd *bd = &rx->std[rx->std_producer];
	host_phys phys = rx->frame[i].segment[0].phys;

	*bd = (struct rx_bd){
		.address_high = (uint32_t)(phys >> 32),
		.address_low = (uint32_t)phys,
		.length = RX_BUFFER_SIZE,
		.index = rx->std_producer,
		.flags = RX_BD_END,
		.opaque = RX_OPAQUE(i),
	};
	rx->in_hardware[i] = true;
	rx->std_producer = (rx->std_producer + 1u) % STD_ENTRIES;
}

/* The last frame_put() of a received frame. */
static void release(struct frame *f)
{
	struct bnx *nic = f->owner;

	spin_lock(&nic->rx.lock);
	give_buffer(nic, f->cookie);
	spin_unlock(&nic->rx.lock);
}

int bnx_rx_alloc(struct bnx *nic)
{
	struct bnx_rx *rx = &nic->rx;

	rx->std = pages_alloc(PAGES(STD_BYTES));
	rx->ret = pages_alloc(PAGES(return_bytes(nic)));
	rx->buffer = pages_alloc(PAGES(BUFFER_BYTES));
	rx->frame = pages_alloc(PAGES(FRAME_BYTES));
	if (!rx->std || !rx->ret || !rx->buffer || !rx->frame) {
		bnx_rx_free(nic);
		return -ENOMEM;
	}
	rx->buffer_phys = virt_to_phys(rx->buffer);
	for (uint32_t i = 0; i < RX_BUFFERS; i++) {
		struct frame *f = &rx->frame[i];

		f->n_segments = 1;
		f->segment[0].virt = rx->buffer + i * RX_BUFFER_SIZE;
		f->segment[0].phys = rx->buffer_phys + i * RX_BUFFER_SIZE;
		f->origin = NET_WIRE;
		f->release = release;
		f->owner = nic;
		f->cookie = i;
		rx->in_hardware[i] = true;	/* as from bnx_rx_reset on */
	}
	return 0;
}

void bnx_rx_free(struct bnx *nic)
{
	struct bnx_rx *rx = &nic->rx;

	if (rx->std)
		pages_free(rx->std, PAGES(STD_BYTES));
	if (rx->ret)
		pages_free(rx->ret, PAGES(return_bytes(nic)));
	if (rx->buffer)
		pages_free(rx->buffer, PAGES(BUFFER_BYTES));
	if (rx->frame)
		pages_free(rx->frame, PAGES(FRAME_BYTES));
	rx->std = rx->ret = NULL;
	rx->buffer = NULL;
	rx->frame = NULL;
}

void bnx_rx_reset(struct bnx *nic)
{
	struct bnx_rx *rx = &nic->rx;

	spin_lock(&rx->lock);
	rx->std_producer = rx->std_posted = rx->ret_consumer = 0;
	for (uint32_t i = 0; i < RX_BUFFERS; i++)
		if (rx->in_hardware[i])
			give_buffer(nic, i);
	spin_unlock(&rx->lock);
}

void bnx_rx_post(struct bnx *nic)
{
	struct bnx_rx *rx = &nic->rx;
	unsigned int waiting;

	spin_lock(&rx->lock);
	waiting = (rx->std_producer - rx->std_posted) % STD_ENTRIES;
	if (waiting >= STD_POST_STEP)
		bnx_write(nic, RX_RETURN_CONSUMER_INDEX, rx->ret_consumer);
	for (; waiting >= STD_POST_STEP; waiting -= STD_POST_STEP) {
		rx->std_posted = (rx->std_posted + STD_POST_STEP) % STD_ENTRIES;
		bnx_write(nic, RX_STD_PRODUCER_INDEX, rx->std_posted);
	}
	spin_unlock(&rx->lock);
}

/* Good means: IP header (if IPv4) and TCP or UDP, pseudo header included. */
static bool checksums_good(const struct rx_bd *bd)
{
	if (!(bd->flags & RX_BD_TCP_UDP_CSUM) ||
	    bd->tcp_udp_csum != RX_BD_CSUM_GOOD)
		return false;
	if (bd->flags & RX_BD_IPV6)
		return true;
	return (bd->flags & RX_BD_IP_CSUM) &&
	       (bd->ip_csum == RX_BD_CSUM_GOOD || !bd->ip_csum);
}

/* The frame that a return BD tells of, referenced; NULL: none, counted. */
static struct frame *take(struct bnx *nic, const struct rx_bd *bd)
{
	struct bnx_rx *rx = &nic->rx;
	uint32_t i = bd->opaque - RX_OPAQUE(0), len = bd->length;
	struct frame *f;

	if (i >= RX_BUFFERS || !rx->in_hardware[i]) {
		nic->count.rx_bad_descriptor++;
		return NULL;
	}
	rx->in_hardware[i] = false;
	f = &rx->frame[i];
	f->refs = 1;
	if ((bd->flags & RX_BD_ERROR) || bd->errors ||
	    len < ETH_HEADER_LEN + FCS_LEN || len > NET_FRAME_MAX + FCS_LEN) {
		nic->port.count.rx_errors++;
		frame_put(f);
		return NULL;
	}
	f->len = f->segment[0].len = len - FCS_LEN;
	f->flags = checksums_good(bd) ? FRAME_CSUM_VALID : 0;
	return f;
}

static void deliver(struct bnx *nic, struct frame **batch, unsigned int n)
{
	if (!n)
		return;
	net_input(&nic->port, batch, n);
	/* the wire cannot wait: what nobody took is dropped all the same */
	for (unsigned int i = 0; i < n; i++)
		frame_put(batch[i]);
}

int bnx_rx_poll(struct bnx *nic, uint16_t producer)
{
	struct bnx_rx *rx = &nic->rx;
	uint16_t entries = nic->chip->return_entries;
	struct frame *batch[RX_BATCH];
	unsigned int n = 0;
	int total = 0;

	if (producer >= entries)
		return -EINVAL;
	while (rx->ret_consumer != producer) {
		struct frame *f = take(nic, &rx->ret[rx->ret_consumer]);

		rx->ret_consumer = (rx->ret_consumer + 1u) % entries;
		total++;
		if (f)
			batch[n++] = f;
		if (n == RX_BATCH) {
			deliver(nic, batch, n);
			n = 0;
			bnx_rx_post(nic);
		}
	}
	deliver(nic, batch, n);
	if (total)
		bnx_rx_post(nic);
	return total;
}
