// SPDX-License-Identifier: MIT
/*
 * Whether the guest's kicks may be held back. A guest that sends in bulk always
 * has more to send; its frames are taken at the exits that the answers cause
 * anyway, and should those stay away, at a timer. A guest that receives in bulk
 * or asks and waits is never held: the answer to what it sends is what it
 * waits for.
 */
#include "virtio.h"

/* The look back on which the decision rests. */
#define WINDOW_US	5000u
/* In bulk: so much in a window, and so many times what came in. */
#define BULK_BYTES	32768u
#define BULK_RATIO	4u
/* The longest that a frame waits for an exit. */
#define HOLD_US		1500u
/* until a queue is looked at again that is filled all the time */
#define LOOK_US		200u

static bool is_bulk(struct virtio_hold *h, uint64_t now)
{
	if (now - h->window_start >= WINDOW_US) {
		h->bulk = h->out_bytes >= BULK_BYTES &&
			  h->out_bytes > BULK_RATIO * h->in_bytes;
		h->window_start = now;
		h->out_bytes = h->in_bytes = 0;
	}
	return h->bulk;
}

static void expired(struct timer *t)
{
	struct virtio_net *dev = container_of(t, struct virtio_net,
					      hold.timer);

	dev->hold.expired = true;
	virtio_tx_work(dev);
}

bool virtio_hold(struct virtio_net *dev)
{
	struct virtio_hold *h = &dev->hold;
	uint64_t now = time_us();
	uint16_t tx = dev->queue[QUEUE_TX].next_avail;
	uint16_t rx = dev->queue[QUEUE_RX].used_idx;
	/* nothing has moved for as long as a frame may wait */
	bool still = h->expired && h->tx == tx && h->rx == rx;

	h->expired = false;
	if (!is_bulk(h, now) || still)
		return false;
	h->tx = tx;
	h->rx = rx;
	h->timer.fn = expired;
	timer_arm(&h->timer, now + HOLD_US);
	return true;
}

void virtio_hold_look(struct virtio_net *dev)
{
	dev->hold.timer.fn = expired;
	timer_arm(&dev->hold.timer, time_us() + LOOK_US);
}
