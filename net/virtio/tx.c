// SPDX-License-Identifier: MIT
/*
 * Frames out of the guest (virtio 1.2, 5.1.6.2). Payload is not copied: the
 * driver's buffers become the segments of a frame, which stays in the hands of
 * the switch until release(). What the switch has no room for stays in the
 * queue and is read anew later.
 *
 * Kicks cost an exit each, so none is asked for while enough is on its way: its
 * completion brings us back here anyway; nor from a bulk sender (hold.c).
 * Completions are published, and an
 * interrupt considered, once per batch.
 *
 * One caller at a time works on the queue (tx_working); others leave word in
 * tx_again. The queue's lock is not held while the switch has the frames: until
 * it is taken again, another CPU may have completed them all, or reset the queue
 * and set it up anew.
 */
#include "virtio.h"

#include <errno.h>
#include <string.h>
#include <tandem/mem.h>

/*
 * So many frames in the hands of the wire: from here on the driver need not
 * kick. What it adds meanwhile is found when one of them comes back or with the
 * next received frame, whichever is first; a request and its answer bring that
 * about by themselves.
 */
#define TX_QUIET_FRAMES		1u
/* How often we look again at a queue that is filled meanwhile. */
#define TX_ROUNDS		4
/* Largest IP packet, with its Ethernet header and a VLAN tag. */
#define TX_TSO_MAX		(65535u + ETH_HEADER_LEN + 4)
#define TX_MSS_MIN		48u
#define TCP_HEADER_MIN		20u
#define TCP_DATA_OFFSET		12u
#define TCP_CSUM_OFFSET		16u

#define COOKIE_BOUNCE		1u

/* What each exit looks at without the queue's lock, and others change. */
#define FLAG(f)			__atomic_load_n(&(f), __ATOMIC_RELAXED)
#define SET_FLAG(f, value)	__atomic_store_n(&(f), value, __ATOMIC_RELAXED)
#define AVAIL_OUT_OF_RANGE	"available index out of range"

_Static_assert(TX_TSO_MAX <= VIRTIO_BOUNCE_PAGES * 4096, "bounce buffer");

/* ---- slots ---- */

static struct tx_slot *slot_take(struct virtio_net *dev)
{
	struct tx_slot *s = NULL;

	spin_lock(&dev->slot_lock);
	if (dev->free_slot != NO_SLOT) {
		s = &dev->slot[dev->free_slot];
		dev->free_slot = s->next_free;
	}
	spin_unlock(&dev->slot_lock);
	return s;
}

static void slot_return(struct virtio_net *dev, struct tx_slot *s)
{
	if (s->frame.cookie == COOKIE_BOUNCE)
		__atomic_store_n(&dev->bounce_busy, false, __ATOMIC_RELEASE);
	__atomic_sub_fetch(&dev->in_flight_bytes, s->bytes, __ATOMIC_RELAXED);
	spin_lock(&dev->slot_lock);
	s->next_free = dev->free_slot;
	dev->free_slot = (uint16_t)(s - dev->slot);
	spin_unlock(&dev->slot_lock);
	/* Last: a reset that waits for this may end now. */
	__atomic_sub_fetch(&dev->in_flight, 1, __ATOMIC_SEQ_CST);
}

/* The last reference is gone: the driver gets its buffers back. */
static void release(struct frame *f)
{
	struct tx_slot *s = container_of(f, struct tx_slot, frame);
	struct virtio_net *dev = f->owner;
	struct virtio_queue *q = &dev->queue[QUEUE_TX];

	spin_lock(&q->lock);
	/* After a reset the memory is no longer ours to write. */
	if (q->enabled && s->generation == q->generation) {
		virtio_queue_used(q, s->head, 0);
		SET_FLAG(dev->tx_done, true);
	}
	spin_unlock(&q->lock);
	slot_return(dev, s);
	virtio_tx_room(dev);
}

void virtio_tx_room(struct virtio_net *dev)
{
	/* in this order: see arm() */
	__atomic_add_fetch(&dev->tx_room, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&dev->tx_blocked, false, __ATOMIC_SEQ_CST);
}

#define SLOT_PAGES \
	((VIRTIO_QUEUE_SIZE * sizeof(struct tx_slot) + PAGE_MASK) / PAGE_SIZE)

void virtio_tx_destroy(struct virtio_net *dev)
{
	if (dev->slot)
		pages_free(dev->slot, SLOT_PAGES);
	if (dev->bounce)
		pages_free(dev->bounce, VIRTIO_BOUNCE_PAGES);
}

int virtio_tx_create(struct virtio_net *dev)
{
	dev->slot = pages_alloc(SLOT_PAGES);
	dev->bounce = pages_alloc(VIRTIO_BOUNCE_PAGES);
	if (!dev->slot || !dev->bounce)
		return -ENOMEM;
	for (uint16_t i = 0; i < VIRTIO_QUEUE_SIZE; i++) {
		dev->slot[i].frame.release = release;
		dev->slot[i].frame.owner = dev;
		dev->slot[i].frame.origin = NET_GUEST;
		dev->slot[i].next_free = i + 1 < (int)VIRTIO_QUEUE_SIZE ?
			(uint16_t)(i + 1) : NO_SLOT;
	}
	dev->free_slot = 0;
	dev->tx_notify = true;
	return 0;
}

/* ---- from a chain to a frame ---- */

/* Take the header off the chain's front; the rest becomes segments. */
static int split_chain(const struct virtio_chain *c,
		       struct virtio_net_hdr *hdr, struct virtio_buffer *rest)
{
	uint32_t left = sizeof(*hdr);
	uint8_t *to = (uint8_t *)hdr;
	int first = 0;

	while (left) {
		const struct virtio_buffer *b = &c->buffer[first];
		uint32_t n;

		if (first == c->n_out)
			return -EINVAL;
		n = MIN(left, b->len);
		memcpy(to, b->virt, n);
		to += n;
		left -= n;
		*rest = (struct virtio_buffer){ b->phys + n, b->virt + n,
						b->len - n };
		if (n == b->len)
			first++;
		else
			break;
	}
	return first;
}

static void add_segment(struct frame *f, guest_phys phys, void *virt,
			uint32_t len)
{
	f->segment[f->n_segments++] = (struct frame_segment){
		.phys = phys, .virt = virt, .len = len
	};
	f->len += len;
}

/* Too scattered for a frame: gather it. -EAGAIN if the buffer is in use. */
static int linearize(struct virtio_net *dev, struct frame *f,
		     const struct virtio_chain *c, int first,
		     const struct virtio_buffer *rest)
{
	uint8_t *to = dev->bounce;

	if (__atomic_exchange_n(&dev->bounce_busy, true, __ATOMIC_ACQUIRE))
		return -EAGAIN;
	f->cookie = COOKIE_BOUNCE;
	for (int i = first; i < c->n_out; i++) {
		const struct virtio_buffer *b = i == first && rest->len ?
			rest : &c->buffer[i];

		memcpy(to, b->virt, b->len);
		to += b->len;
	}
	add_segment(f, virt_to_phys(dev->bounce), dev->bounce,
		    (uint32_t)(to - dev->bounce));
	dev->port->count.linearized++;
	return 0;
}

/* The driver's offload request (5.1.6.2.1), checked against the bytes. */
static int set_offload(struct virtio_net *dev, struct frame *f,
		       const struct virtio_net_hdr *hdr)
{
	uint32_t header_len;
	uint8_t doff;
	bool tso4 = hdr->gso_type == VIRTIO_NET_HDR_GSO_TCPV4;
	bool tso6 = hdr->gso_type == VIRTIO_NET_HDR_GSO_TCPV6;

	if (hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) {
		if (!virtio_has(dev, VIRTIO_NET_F_CSUM) ||
		    hdr->csum_start < ETH_HEADER_LEN ||
		    hdr->csum_start > f->len ||
		    f->len - hdr->csum_start < hdr->csum_offset + 2u)
			return -EINVAL;
		f->flags |= FRAME_CSUM_PARTIAL;
		f->csum_start = hdr->csum_start;
		f->csum_offset = hdr->csum_offset;
	}
	if (hdr->gso_type == VIRTIO_NET_HDR_GSO_NONE)
		return f->len <= NET_FRAME_MAX ? 0 : -EINVAL;
	if (!(tso4 && virtio_has(dev, VIRTIO_NET_F_HOST_TSO4)) &&
	    !(tso6 && virtio_has(dev, VIRTIO_NET_F_HOST_TSO6)))
		return -EINVAL;
	/* hdr_len is only a hint: the TCP header says how long it is. */
	if (!(f->flags & FRAME_CSUM_PARTIAL) ||
	    f->csum_offset != TCP_CSUM_OFFSET ||
	    !frame_copy(f, f->csum_start + TCP_DATA_OFFSET, &doff, 1))
		return -EINVAL;
	header_len = f->csum_start + (doff >> 4) * 4u;
	if ((doff >> 4) * 4u < TCP_HEADER_MIN || header_len > f->len ||
	    hdr->gso_size < TX_MSS_MIN ||
	    header_len + hdr->gso_size > NET_FRAME_MAX)
		return -EINVAL;
	f->header_len = (uint16_t)header_len;
	f->mss = hdr->gso_size;
	if (f->len - f->header_len > f->mss)
		f->flags |= tso4 ? FRAME_TSO4 : FRAME_TSO6;
	return 0;
}

/*
 * Make a frame of a chain. 0; -EINVAL: cannot be a frame; -EAGAIN: not now.
 */
static int make_frame(struct virtio_net *dev, struct frame *f,
		      const struct virtio_chain *c)
{
	struct virtio_buffer rest = { 0 };
	struct virtio_net_hdr hdr;
	int first, err = 0;

	f->n_segments = 0;
	f->len = 0;
	f->flags = 0;
	f->cookie = 0;
	f->refs = 1;
	if (c->out_len < sizeof(hdr) + ETH_HEADER_LEN ||
	    c->out_len - sizeof(hdr) > TX_TSO_MAX)
		return -EINVAL;
	first = split_chain(c, &hdr, &rest);
	if (first < 0)
		return first;
	if (c->n_out - first > NET_FRAME_SEGMENTS)
		err = linearize(dev, f, c, first, &rest);
	else if (rest.len)
		add_segment(f, rest.phys, rest.virt, rest.len);
	if (!err && !f->cookie)
		for (int i = first + (rest.len != 0); i < c->n_out; i++)
			add_segment(f, c->buffer[i].phys, c->buffer[i].virt,
				    c->buffer[i].len);
	return err ? err : set_offload(dev, f, &hdr);
}

/* ---- the queue ---- */

enum outcome {
	TX_OK,
	TX_REFUSE,	/* the chain after these cannot be a frame */
	TX_WAIT,	/* no slot or bounce buffer for it */
	TX_BROKEN,
};

/*
 * Make frames of up to n waiting chains, which stay in the queue. Returns how
 * many; *outcome tells what ended it, *why for TX_BROKEN. The queue may be
 * another one than that whose chains were counted.
 */
static unsigned int collect(struct virtio_net *dev, struct frame **list,
			    unsigned int n, enum outcome *outcome,
			    const char **why)
{
	struct virtio_queue *q = &dev->queue[QUEUE_TX];
	struct virtio_chain *c = &dev->tx_chain;
	unsigned int i;
	int there;

	*outcome = TX_OK;
	spin_lock(&q->lock);
	dev->tx_generation = q->generation;
	there = q->enabled && dev->live ? virtio_queue_waiting(q) : 0;
	if (there < 0) {
		*outcome = TX_BROKEN;
		*why = AVAIL_OUT_OF_RANGE;
	}
	for (i = 0; (int)i < MIN((int)n, there); i++) {
		struct tx_slot *s = slot_take(dev);
		int err;

		*outcome = TX_WAIT;
		if (!s)
			break;
		__atomic_add_fetch(&dev->in_flight, 1, __ATOMIC_RELAXED);
		s->frame.cookie = 0;
		s->bytes = 0;
		err = virtio_queue_peek(dev, q, (uint16_t)i, c, why);
		if (!err && c->n_in) {
			*why = "writable buffer in the transmit queue";
			err = -EPROTO;
		}
		if (!err)
			err = make_frame(dev, &s->frame, c);
		if (err) {
			slot_return(dev, s);
			*outcome = err == -EPROTO ? TX_BROKEN :
				   err == -EINVAL ? TX_REFUSE : TX_WAIT;
			break;
		}
		s->bytes = s->frame.len;
		dev->hold.out_bytes += s->bytes;
		__atomic_add_fetch(&dev->in_flight_bytes, s->bytes,
				   __ATOMIC_RELAXED);
		s->head = c->head;
		s->generation = q->generation;
		list[i] = &s->frame;
		*outcome = TX_OK;
	}
	spin_unlock(&q->lock);
	return i;
}

/* The first done of n frames were consumed: they leave the queue. */
static void settle(struct virtio_net *dev, struct frame **list,
		   unsigned int n, unsigned int done)
{
	struct virtio_queue *q = &dev->queue[QUEUE_TX];
	struct tx_slot *s = container_of(list[0], struct tx_slot, frame);

	spin_lock(&q->lock);
	if (q->generation == s->generation)
		q->next_avail = (uint16_t)(q->next_avail + done);
	spin_unlock(&q->lock);
	for (unsigned int i = 0; i < n; i++) {
		if (i < done)
			frame_put(list[i]);
		else
			slot_return(dev, container_of(list[i], struct tx_slot,
						      frame));
	}
}

/* Hand the chain read last, which cannot be a frame, back unsent. */
static void refuse(struct virtio_net *dev)
{
	struct virtio_queue *q = &dev->queue[QUEUE_TX];

	spin_lock(&q->lock);
	if (q->enabled && q->generation == dev->tx_generation) {
		/* head: in range, or peek() had failed */
		virtio_queue_used(q, dev->tx_chain.head, 0);
		q->next_avail++;
		SET_FLAG(dev->tx_done, true);
	}
	spin_unlock(&q->lock);
	net_count(&dev->port->count.tx_malformed, 1);
}

static void broken(struct virtio_net *dev, const char *why)
{
	struct virtio_queue *q = &dev->queue[QUEUE_TX];

	spin_lock(&q->lock);
	if (q->generation == dev->tx_generation)
		virtio_broken(dev, why);
	spin_unlock(&q->lock);
}

static int waiting(struct virtio_net *dev)
{
	struct virtio_queue *q = &dev->queue[QUEUE_TX];
	int n = 0;

	spin_lock(&q->lock);
	dev->tx_generation = q->generation;
	if (q->enabled && dev->live)
		n = virtio_queue_waiting(q);
	spin_unlock(&q->lock);
	return n;
}

/* Send what waits now. Returns true if something has to wait longer. */
static bool run(struct virtio_net *dev)
{
	struct frame *list[NET_BATCH];
	const char *why = AVAIL_OUT_OF_RANGE;
	int left = waiting(dev);

	while (left > 0) {
		enum outcome outcome;
		unsigned int n, done = 0;

		n = collect(dev, list, MIN((unsigned int)left,
					   (unsigned int)NET_BATCH),
			    &outcome, &why);
		if (n) {
			done = net_input(dev->port, list, n);
			settle(dev, list, n, done);
		}
		left -= (int)done;
		if (done < n || outcome == TX_WAIT)
			return true;
		if (outcome == TX_REFUSE) {
			refuse(dev);
			left--;
		} else if (outcome == TX_BROKEN) {
			left = -EPROTO;
		} else if (!n) {
			break;		/* the queue was disabled meanwhile */
		}
	}
	if (left < 0)
		broken(dev, why);
	return false;
}

/* Raise the interrupt for what was published, if it is time. */
static void signal(struct virtio_net *dev)
{
	struct virtio_queue *q = &dev->queue[QUEUE_TX];
	bool interrupt = false;

	spin_lock(&q->lock);
	/* unless another CPU was faster */
	if (dev->tx_signal) {
		SET_FLAG(dev->tx_signal, (uint8_t)(dev->tx_signal - 1));
		if (!dev->tx_signal && q->enabled)
			interrupt = virtio_queue_signal(dev, q);
	}
	spin_unlock(&q->lock);
	if (interrupt)
		virtio_interrupt_queue(dev, q);
}

void virtio_tx_publish(struct virtio_net *dev)
{
	struct virtio_queue *q = &dev->queue[QUEUE_TX];

	if (!FLAG(dev->tx_done))
		return;
	spin_lock(&q->lock);
	SET_FLAG(dev->tx_done, false);
	if (q->enabled)
		virtio_queue_publish(q);
	if (!dev->tx_signal)
		SET_FLAG(dev->tx_signal, 1);
	spin_unlock(&q->lock);
}

void virtio_tx_signal_later(struct virtio_net *dev)
{
	struct virtio_queue *q = &dev->queue[QUEUE_TX];

	if (!FLAG(dev->tx_signal))
		return;
	spin_lock(&q->lock);
	if (dev->tx_signal)
		SET_FLAG(dev->tx_signal, 2);
	spin_unlock(&q->lock);
}

/*
 * Decide about kicks; true if the queue is to be looked at once more: chains
 * came before they were asked for, or that for which they need not be was over
 * on another CPU before it could see so. room: tx_room of before the last look.
 */
static bool arm(struct virtio_net *dev, bool blocked, uint32_t room)
{
	struct virtio_queue *q = &dev->queue[QUEUE_TX];
	bool quiet, in_flight, notify = true, more = false;

	spin_lock(&q->lock);
	in_flight = __atomic_load_n(&dev->in_flight, __ATOMIC_SEQ_CST) >=
		    TX_QUIET_FRAMES;
	quiet = blocked || in_flight || virtio_hold(dev);
	if (q->enabled && dev->live) {
		notify = !quiet;
		virtio_queue_notify(dev, q, notify);
		more = notify && virtio_queue_waiting(q) != 0;
	}
	SET_FLAG(dev->tx_notify, notify);
	spin_unlock(&q->lock);
	__atomic_store_n(&dev->tx_blocked, blocked, __ATOMIC_SEQ_CST);
	if (blocked && __atomic_load_n(&dev->tx_room, __ATOMIC_SEQ_CST) !=
			room) {
		__atomic_store_n(&dev->tx_blocked, false, __ATOMIC_SEQ_CST);
		return true;
	}
	if (!blocked && in_flight &&
	    __atomic_load_n(&dev->in_flight, __ATOMIC_SEQ_CST) <
	    TX_QUIET_FRAMES)
		return true;
	return more;
}

void virtio_tx_work(struct virtio_net *dev)
{
	bool more = true;

	__atomic_store_n(&dev->tx_again, 1, __ATOMIC_SEQ_CST);
	for (unsigned int round = 0; round < TX_ROUNDS && more; round++) {
		uint32_t room;

		if (__atomic_exchange_n(&dev->tx_working, 1, __ATOMIC_SEQ_CST))
			return;
		__atomic_store_n(&dev->tx_again, 0, __ATOMIC_SEQ_CST);
		room = __atomic_load_n(&dev->tx_room, __ATOMIC_SEQ_CST);
		more = arm(dev, run(dev), room);
		virtio_tx_publish(dev);
		if (more)
			__atomic_store_n(&dev->tx_again, 1, __ATOMIC_SEQ_CST);
		__atomic_store_n(&dev->tx_working, 0, __ATOMIC_SEQ_CST);
		more = __atomic_load_n(&dev->tx_again, __ATOMIC_SEQ_CST);
	}
	/* Another CPU has more all the time; it shall not hold this one. */
	if (more)
		virtio_hold_look(dev);
}

void virtio_tx_poll(struct virtio_net *dev)
{
	if ((FLAG(dev->tx_again) || !FLAG(dev->tx_notify)) &&
	    !FLAG(dev->tx_blocked))
		virtio_tx_work(dev);
	else
		virtio_tx_publish(dev);
}

void virtio_tx_exit(struct virtio_net *dev)
{
	if (FLAG(dev->tx_signal))
		signal(dev);
	if (FLAG(dev->tx_done) || FLAG(dev->tx_again) || !FLAG(dev->tx_notify))
		virtio_tx_poll(dev);
}
