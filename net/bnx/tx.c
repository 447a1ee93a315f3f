/* SPDX-License-Identifier: MIT */
/*
 * Send ring (5722-PG101-R, "Send Rings"). Payload goes from the frame's own
 * memory; headers that had to be prepared and small frames go from a slot of
 * their own beside each BD. Frames with buffers that the hardware cannot
 * fetch, or with wishes that it cannot fulfil, are copied into linear slots.
 *
 * Indices run modulo SEND_ENTRIES. BDs from consumer to posted belong to the
 * hardware, from posted to producer they wait for the next doorbell.
 */
#include "bnx.h"

#include <errno.h>
#include <string.h>

#define RECLAIM_BATCH		64u
/* free BDs at which a source that was pushed back is called again */
#define ROOM_AGAIN		(SEND_ENTRIES / 4)
#define HIGH32(a)		((uint32_t)((a) >> 32))

#define PAGES(bytes)		(ALIGN_UP(bytes, PAGE_SIZE) / PAGE_SIZE)
#define RING_BYTES		(SEND_ENTRIES * sizeof(struct send_bd))
#define SLOTS_BYTES		(SEND_ENTRIES * TXOFFLOAD_SLOT_SIZE)
#define LINEAR_BYTES		(TX_LINEAR_SLOTS * TXOFFLOAD_PACKET_MAX)

static uint16_t next(uint16_t i)
{
	return (i + 1u) % SEND_ENTRIES;
}

static unsigned int used(const struct bnx_tx *tx)
{
	return (tx->producer - tx->consumer) % SEND_ENTRIES;
}

static unsigned int room(const struct bnx_tx *tx)
{
	return SEND_ENTRIES - 1 - used(tx);
}

int bnx_tx_alloc(struct bnx *nic)
{
	struct bnx_tx *tx = &nic->tx;

	tx->ring = pages_alloc(PAGES(RING_BYTES));
	tx->slots = pages_alloc(PAGES(SLOTS_BYTES));
	tx->linear = pages_alloc(PAGES(LINEAR_BYTES));
	if (!tx->ring || !tx->slots || !tx->linear) {
		bnx_tx_free(nic);
		return -ENOMEM;
	}
	tx->slots_phys = virt_to_phys(tx->slots);
	tx->linear_phys = virt_to_phys(tx->linear);
	return 0;
}

void bnx_tx_free(struct bnx *nic)
{
	struct bnx_tx *tx = &nic->tx;

	if (tx->ring)
		pages_free(tx->ring, PAGES(RING_BYTES));
	if (tx->slots)
		pages_free(tx->slots, PAGES(SLOTS_BYTES));
	if (tx->linear)
		pages_free(tx->linear, PAGES(LINEAR_BYTES));
	tx->ring = NULL;
	tx->slots = NULL;
	tx->linear = NULL;
}

static void fill_bd(struct send_bd *bd, host_phys at, uint32_t len,
		    const struct txoffload *o)
{
	bd->address_high = HIGH32(at);
	bd->address_low = (uint32_t)at;
	bd->length = (uint16_t)len;
	bd->flags = o->flags;
	bd->vlan = o->vlan;
	bd->mss = o->mss;
}

/*
 * BDs from *at on for len bytes at phys, split where the address crosses 4 GiB.
 * Returns false if the hardware cannot fetch one of the pieces.
 */
static bool fill_piece(struct bnx_tx *tx, uint16_t *at, host_phys phys,
		       uint32_t len, const struct txoffload *o)
{
	while (len) {
		uint64_t to_border = GIB(4) - (phys & (GIB(4) - 1));
		uint32_t n = to_border < len ? (uint32_t)to_border : len;

		if (n <= TXOFFLOAD_SHORT_DMA || n > 0xffff)
			return false;
		fill_bd(&tx->ring[*at], phys, n, o);
		*at = next(*at);
		phys += n;
		len -= n;
	}
	return true;
}

/*
 * Write the BDs of f behind the producer, without moving it. Returns the
 * index after the last one, or -1 if f must be copied instead.
 */
static int fill_frame(struct bnx_tx *tx, const struct frame *f,
		      const struct txoffload *o)
{
	uint16_t at = tx->producer;
	uint32_t skip = o->skip;

	if (o->header_len) {
		fill_bd(&tx->ring[at], tx->slots_phys +
			(host_phys)at * TXOFFLOAD_SLOT_SIZE, o->header_len, o);
		at = next(at);
	}
	for (unsigned int i = 0; i < f->n_segments; i++) {
		const struct frame_segment *s = &f->segment[i];

		if (skip >= s->len) {
			skip -= s->len;
			continue;
		}
		if (!fill_piece(tx, &at, s->phys + skip, s->len - skip, o))
			return -1;
		skip = 0;
	}
	return at;
}

/* The BDs up to at are one packet; f is put when it has been sent. */
static void commit(struct bnx_tx *tx, uint16_t at, struct frame *f, bool linear)
{
	uint16_t last = (at - 1u) % SEND_ENTRIES;

	tx->ring[last].flags |= SEND_BD_END;
	tx->frame[last] = f;
	tx->is_linear[last] = linear;
	tx->producer = at;
}

/*
 * Go on with the frame that is sent as packets in linear slots. Returns true
 * when it is complete.
 */
static bool soft_continue(struct bnx_tx *tx)
{
	const struct frame *f = tx->soft.frame;
	struct txoffload o = {
		.flags = f->flags & FRAME_VLAN ? SEND_BD_VLAN : 0,
		.vlan = f->flags & FRAME_VLAN ? f->vlan : 0,
	};

	while (!tx->soft.done) {
		uint32_t slot = tx->linear_next;
		uint32_t len;

		if (tx->linear_used == TX_LINEAR_SLOTS || !room(tx))
			return false;
		len = txoffload_soft_next(&tx->soft, tx->linear +
					  slot * TXOFFLOAD_PACKET_MAX);
		if (!len)
			break;
		tx->linear_used++;
		tx->linear_next = (slot + 1) % TX_LINEAR_SLOTS;
		fill_bd(&tx->ring[tx->producer], tx->linear_phys +
			slot * TXOFFLOAD_PACKET_MAX, len, &o);
		commit(tx, next(tx->producer), NULL, true);
	}
	tx->soft_busy = false;
	return true;
}

/* Send f as copies. 0, or -EINVAL: not a frame. */
static int send_soft(struct bnx *nic, struct frame *f)
{
	struct bnx_tx *tx = &nic->tx;
	int r = txoffload_soft_start(&tx->soft, f);

	if (r)
		return r;
	nic->count.tx_soft++;
	nic->port.count.linearized++;
	tx->soft_busy = true;
	tx->soft_held = false;
	if (!soft_continue(tx)) {
		frame_get(f);
		tx->soft_held = true;
	}
	return 0;
}

/* 0: f is the hardware's or done with; -EAGAIN: no room; -EINVAL: no frame. */
static int send_frame(struct bnx *nic, struct frame *f)
{
	struct bnx_tx *tx = &nic->tx;
	unsigned int spare = f->origin == NET_STACK ? 0 : SEND_RESERVED;
	struct txoffload o;
	int r;

	if (!f->n_segments || f->n_segments > NET_FRAME_SEGMENTS)
		return -EINVAL;
	if (tx->soft_busy || room(tx) < SEND_FRAME_BDS + spare)
		return -EAGAIN;
	r = txoffload_prepare(f, nic->chip->lso, tx->slots +
			      tx->producer * TXOFFLOAD_SLOT_SIZE, &o);
	if (r < 0)
		return r;
	if (r == TXOFFLOAD_HARDWARE)
		r = fill_frame(tx, f, &o);
	else
		r = -1;
	if (r < 0)
		return send_soft(nic, f);
	if (o.skip == f->len) {
		nic->count.tx_copied++;
		commit(tx, (uint16_t)r, NULL, false);
	} else {
		frame_get(f);
		commit(tx, (uint16_t)r, f, false);
	}
	return 0;
}

unsigned int bnx_transmit(struct net_port *p, struct frame *const *f,
			  unsigned int n)
{
	struct bnx *nic = p->priv;
	unsigned int i;

	spin_lock(&nic->tx.lock);
	for (i = 0; i < n; i++) {
		int r;

		if (!nic->running || !p->link) {
			p->count.tx_link_down++;
			continue;
		}
		r = send_frame(nic, f[i]);
		if (r == -EAGAIN) {
			nic->tx.blocked = true;	/* the switch counts it */
			break;
		}
		if (r)
			p->count.tx_malformed++;
	}
	spin_unlock(&nic->tx.lock);
	return i;
}

void bnx_flush(struct net_port *p)
{
	struct bnx *nic = p->priv;

	spin_lock(&nic->tx.lock);
	if (nic->running && nic->tx.posted != nic->tx.producer) {
		nic->tx.posted = nic->tx.producer;
		bnx_write(nic, SEND_HOST_PRODUCER_INDEX, nic->tx.posted);
	}
	spin_unlock(&nic->tx.lock);
}

/* Free BDs up to end; frames to be put are collected. Returns their number. */
static unsigned int take_sent(struct bnx_tx *tx, uint16_t end,
			      struct frame *sent[RECLAIM_BATCH])
{
	unsigned int n = 0;

	while (tx->consumer != end && n < RECLAIM_BATCH) {
		uint16_t i = tx->consumer;

		if (tx->frame[i]) {
			sent[n++] = tx->frame[i];
			tx->frame[i] = NULL;
		}
		if (tx->is_linear[i]) {
			tx->is_linear[i] = false;
			tx->linear_used--;
		}
		tx->consumer = next(i);
	}
	return n;
}

int bnx_tx_reclaim(struct bnx *nic, uint16_t consumer)
{
	struct bnx_tx *tx = &nic->tx;
	struct frame *sent[RECLAIM_BATCH + 1];
	bool again = false, more = true;
	unsigned int n;

	while (more) {
		spin_lock(&tx->lock);
		if (consumer >= SEND_ENTRIES ||
		    (consumer - tx->consumer) % SEND_ENTRIES >
			    (tx->posted - tx->consumer) % SEND_ENTRIES) {
			spin_unlock(&tx->lock);
			return -EINVAL;
		}
		n = take_sent(tx, consumer, sent);
		more = tx->consumer != consumer;
		if (tx->soft_busy && soft_continue(tx) && tx->soft_held) {
			sent[n++] = tx->soft.frame;
			tx->soft_held = false;
		}
		if (tx->blocked && !tx->soft_busy && room(tx) >= ROOM_AGAIN) {
			tx->blocked = false;
			again = true;
		}
		spin_unlock(&tx->lock);
		while (n)
			frame_put(sent[--n]);
	}
	if (again)
		net_room(&nic->port);
	bnx_flush(&nic->port);
	return 0;
}

void bnx_tx_resume(struct bnx *nic)
{
	bool again;

	spin_lock(&nic->tx.lock);
	again = nic->tx.blocked;
	nic->tx.blocked = false;
	spin_unlock(&nic->tx.lock);
	if (again)
		net_room(&nic->port);
}

void bnx_tx_drop_all(struct bnx *nic)
{
	struct bnx_tx *tx = &nic->tx;
	struct frame *sent[RECLAIM_BATCH + 1];
	unsigned int n;
	bool more;

	do {
		spin_lock(&tx->lock);
		n = take_sent(tx, tx->producer, sent);
		more = tx->consumer != tx->producer;
		if (!more) {
			if (tx->soft_busy && tx->soft_held)
				sent[n++] = tx->soft.frame;
			tx->soft_busy = tx->soft_held = false;
			tx->producer = tx->posted = tx->consumer = 0;
			tx->linear_used = tx->linear_next = 0;
		}
		spin_unlock(&tx->lock);
		nic->port.count.tx_link_down += n;
		while (n)
			frame_put(sent[--n]);
	} while (more);
}
