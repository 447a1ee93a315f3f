// SPDX-License-Identifier: MIT
/*
 * Frames into the guest (virtio 1.2, 5.1.6.3 and 5.1.6.4): one copy into the
 * driver's buffers, several of them for a frame if they may be merged, and
 * frames that belong together as one (large.c). A batch is published at once
 * by flush(), with at most one interrupt. A guest without buffers loses
 * frames; the switch counts them.
 */
#include "virtio.h"

#include <errno.h>
#include <string.h>

/* More buffers for one frame than this are absurdly small ones. */
#define RX_MERGE_MAX	64

/* The bytes that still have to go to the guest: headers, then frames. */
struct source {
	const uint8_t *bytes;
	uint32_t len;			/* left in this piece */
	struct frame *const *frame;	/* the one after the last looked at */
	unsigned int frames;		/* left from there on */
	unsigned int segment, segments;	/* of the present frame */
	uint32_t skip;			/* bytes to leave out of each frame */
};

static bool source_next(struct source *s)
{
	while (!s->len) {
		const struct frame_segment *seg;

		if (s->segment == s->segments) {
			if (!s->frames)
				return false;
			s->frames--;
			s->segments = (*s->frame++)->n_segments;
			s->segment = 0;
		}
		seg = &s->frame[-1]->segment[s->segment];
		s->bytes = seg->virt;
		s->len = seg->len;
		if (s->segment++ == 0) {
			/* headers lie in the first */
			s->bytes += s->skip;
			s->len -= s->skip;
		}
	}
	return true;
}

/* Fill the chain's buffers; returns the number of bytes written. */
static uint32_t fill_chain(const struct virtio_chain *c, struct source *s)
{
	uint32_t written = 0;

	for (unsigned int i = 0; i < c->n_in; i++) {
		uint8_t *to = c->buffer[i].virt;
		uint32_t room = c->buffer[i].len;

		while (room && source_next(s)) {
			uint32_t n = MIN(room, s->len);

			memcpy(to, s->bytes, n);
			s->bytes += n;
			s->len -= n;
			to += n;
			room -= n;
			written += n;
		}
	}
	return written;
}

/* Where byte number offset of a chain's writable part lies; it is there. */
static uint8_t *chain_byte(const struct virtio_chain *c, uint32_t offset)
{
	unsigned int i = 0;

	while (offset >= c->buffer[i].len)
		offset -= c->buffer[i++].len;
	return c->buffer[i].virt + offset;
}

static const char *check_chain(const struct virtio_chain *c, bool first)
{
	if (c->n_out)
		return "readable buffer in the receive queue";
	if (first && c->in_len < sizeof(struct virtio_net_hdr))
		return "receive buffer without room for the header";
	if (!c->in_len)
		return "empty receive buffer";
	return NULL;
}

/*
 * Write all of a source, total bytes, to chains of the queue; nothing is taken
 * before all of it is there. 0, -ENOSPC, or -EPROTO with *why set.
 */
static int write_chains(struct virtio_net *dev, struct virtio_queue *q,
			struct source *s, uint32_t total, const char **why)
{
	struct virtio_chain *c = &dev->rx_chain;
	struct {
		uint16_t head;
		uint32_t len;
	} used[RX_MERGE_MAX];
	uint8_t *num_buffers[2] = { NULL, NULL };
	uint32_t left = total;
	/* asked once: another CPU may be writing the features meanwhile */
	uint16_t max = virtio_has(dev, VIRTIO_NET_F_MRG_RXBUF) ?
		RX_MERGE_MAX : 1;
	int waiting = virtio_queue_waiting(q);
	uint16_t n = 0;

	*why = "available index out of range";
	if (waiting < 0)
		return waiting;
	while (left) {
		if (n == waiting)
			return -ENOSPC;
		*why = "receive buffers too small to be of use";
		if (n >= max)
			return -EPROTO;
		if (virtio_queue_peek(dev, q, n, c, why) < 0)
			return -EPROTO;
		*why = check_chain(c, n == 0);
		if (*why)
			return -EPROTO;
		if (n == 0 && c->in_len < left)
			for (unsigned int i = 0; i < 2; i++)
				num_buffers[i] = chain_byte(c, i +
					offsetof(struct virtio_net_hdr,
						 num_buffers));
		used[n].head = c->head;
		used[n].len = fill_chain(c, s);
		left -= used[n++].len;
	}
	if (n > 1 && num_buffers[0])
		*num_buffers[0] = (uint8_t)n;
	for (uint16_t i = 0; i < n; i++)
		virtio_queue_used(q, used[i].head, used[i].len);
	q->next_avail = (uint16_t)(q->next_avail + n);
	return 0;
}

/* One frame as it is. */
static int receive(struct virtio_net *dev, struct virtio_queue *q,
		   struct frame *const *f, const char **why)
{
	struct virtio_net_hdr hdr = { .num_buffers = 1 };
	struct source s = { .bytes = (uint8_t *)&hdr, .len = sizeof(hdr),
			    .frame = f, .frames = 1 };

	if (((*f)->flags & FRAME_CSUM_VALID) &&
	    virtio_offload(dev, VIRTIO_NET_F_GUEST_CSUM))
		hdr.flags = VIRTIO_NET_HDR_F_DATA_VALID;
	return write_chains(dev, q, &s, (uint32_t)sizeof(hdr) + (*f)->len,
			    why);
}

/*
 * The first of n frames with all that can go with it as one. Returns how many
 * went, or an error as above. What is too large for the buffers goes in
 * single frames.
 */
static int receive_some(struct virtio_net *dev, struct virtio_queue *q,
			struct frame *const *f, unsigned int n,
			const char **why)
{
	struct virtio_large *l = &dev->rx_large;
	struct {
		struct virtio_net_hdr hdr;
		uint8_t bytes[VIRTIO_LARGE_HEADER_MAX];
	} front;
	struct source s = { .bytes = (uint8_t *)&front, .frame = f };
	int err;

	if (virtio_offload(dev, VIRTIO_NET_F_GUEST_TSO4) &&
	    virtio_offload(dev, VIRTIO_NET_F_GUEST_CSUM) &&
	    virtio_large(l, f, n) > 1) {
		front.hdr = virtio_large_hdr(l);
		memcpy(front.bytes, l->header, l->header_len);
		s.len = (uint32_t)sizeof(front.hdr) + l->header_len;
		s.frames = l->frames;
		s.skip = l->header_len;
		if (!write_chains(dev, q, &s, s.len + l->payload, why)) {
			dev->count.large++;
			return (int)l->frames;
		}
	}
	err = receive(dev, q, f, why);
	return err ? err : 1;
}

unsigned int virtio_rx_transmit(struct net_port *p, struct frame *const *f,
				unsigned int n)
{
	struct virtio_net *dev = p->priv;
	struct virtio_queue *q = &dev->queue[QUEUE_RX];
	const char *why = NULL;
	unsigned int done = 0;
	int went = 0;

	spin_lock(&q->lock);
	while (q->enabled && dev->live && done < n) {
		went = receive_some(dev, q, f + done, n - done, &why);
		if (went < 0)
			break;
		for (int i = 0; i < went; i++)
			dev->hold.in_bytes += f[done++]->len;
	}
	/* before a reset on another CPU can be over */
	if (went == -EPROTO)
		virtio_broken(dev, why);
	spin_unlock(&q->lock);
	return done;
}

void virtio_rx_flush(struct net_port *p)
{
	struct virtio_net *dev = p->priv;
	struct virtio_queue *q = &dev->queue[QUEUE_RX];
	bool interrupt = false;

	spin_lock(&q->lock);
	if (q->enabled) {
		virtio_queue_notify(dev, q, false);
		virtio_queue_publish(q);
		interrupt = virtio_queue_signal(dev, q);
	}
	spin_unlock(&q->lock);
	if (interrupt)
		virtio_interrupt_queue(dev, q);
	/* Often the same status block brought completions, too. */
	virtio_tx_publish(dev);
	if (interrupt)
		virtio_tx_signal_later(dev);
}
