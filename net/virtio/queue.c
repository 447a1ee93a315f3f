// SPDX-License-Identifier: MIT
/*
 * Split virtqueues (virtio 1.2, section 2.7) in guest memory. Descriptors are
 * read once into a struct virtio_chain, and every range in it is guest RAM.
 * Nothing here follows a chain further than the queue is long. The callers
 * hold the queue's lock.
 */
#include "virtio.h"

#include <errno.h>
#include <tandem/guest_mem.h>

#define DESC_ALIGN	16
#define AVAIL_ALIGN	2
#define USED_ALIGN	4

/* Indirect tables need not be aligned. */
typedef volatile uint64_t unaligned_u64 __attribute__((aligned(1)));

static void *ring_place(guest_phys addr, uint64_t len, uint64_t align)
{
	return addr & (align - 1) ? NULL : guest_ram(addr, len);
}

int virtio_queue_enable(struct virtio_net *dev, struct virtio_queue *q)
{
	uint64_t n = q->size;

	if (!n || n > VIRTIO_QUEUE_SIZE || (n & (n - 1)))
		return -EINVAL;
	q->desc = ring_place(q->desc_addr, n * sizeof(struct vring_desc),
			     DESC_ALIGN);
	/* each with its event index behind, used or not */
	q->avail = ring_place(q->driver_addr, sizeof(struct vring_avail) +
			      n * sizeof(uint16_t) + sizeof(uint16_t),
			      AVAIL_ALIGN);
	q->used = ring_place(q->device_addr, sizeof(struct vring_used) +
			     n * sizeof(struct vring_used_elem) +
			     sizeof(uint16_t), USED_ALIGN);
	if (!q->desc || !q->avail || !q->used)
		return -EINVAL;
	q->next_avail = q->used_idx = q->published = q->signalled = 0;
	q->enabled = true;
	/* RX buffers are looked for when a frame comes: no kicks wanted. */
	virtio_queue_notify(dev, q, q->index != QUEUE_RX);
	return 0;
}

void virtio_queue_disable(struct virtio_queue *q)
{
	q->enabled = false;
	q->generation++;
	q->desc = NULL;
	q->avail = NULL;
	q->used = NULL;
}

void virtio_queue_reset(struct virtio_queue *q)
{
	virtio_queue_disable(q);
	q->size = VIRTIO_QUEUE_SIZE;
	q->vector = VIRTIO_MSI_NO_VECTOR;
	q->desc_addr = q->driver_addr = q->device_addr = 0;
}

int virtio_queue_waiting(struct virtio_queue *q)
{
	uint16_t idx = __atomic_load_n(&q->avail->idx, __ATOMIC_ACQUIRE);
	uint16_t n = (uint16_t)(idx - q->next_avail);

	return n <= q->size ? n : -EPROTO;
}

static struct vring_desc desc_read(const volatile struct vring_desc *p)
{
	const unaligned_u64 *raw = (const unaligned_u64 *)p;
	uint64_t addr = raw[0], rest = raw[1];

	return (struct vring_desc){
		.addr = addr,
		.len = (uint32_t)rest,
		.flags = (uint16_t)(rest >> 32),
		.next = (uint16_t)(rest >> 48),
	};
}

/* Where the walk along a chain is. */
struct walk {
	const volatile struct vring_desc *table;
	uint32_t entries;
	uint32_t next;
	bool indirect;
};

static const char *enter_indirect(struct virtio_net *dev, struct walk *w,
				  const struct vring_desc *d)
{
	if (!virtio_has(dev, VIRTIO_F_INDIRECT_DESC))
		return "indirect descriptor without the feature";
	if (w->indirect || (d->flags & VRING_DESC_F_NEXT))
		return "indirect descriptor inside a chain";
	if (!d->len || d->len % sizeof(struct vring_desc))
		return "length of an indirect table";
	w->table = guest_ram(d->addr, d->len);
	if (!w->table)
		return "indirect table outside RAM";
	w->entries = d->len / sizeof(struct vring_desc);
	w->next = 0;
	w->indirect = true;
	return NULL;
}

static const char *add_buffer(struct virtio_chain *c,
			      const struct vring_desc *d)
{
	struct virtio_buffer *b = &c->buffer[c->n_out + c->n_in];
	uint32_t *total;

	if (!d->len)
		return NULL;
	b->virt = guest_ram(d->addr, d->len);
	if (!b->virt)
		return "buffer outside RAM";
	b->phys = d->addr;
	b->len = d->len;
	if (d->flags & VRING_DESC_F_WRITE) {
		c->n_in++;
		total = &c->in_len;
	} else if (c->n_in) {
		return "readable buffer after a writable one";
	} else {
		c->n_out++;
		total = &c->out_len;
	}
	if (d->len > UINT32_MAX - *total)
		return "chain of more than 4 GiB";
	*total += d->len;
	return NULL;
}

int virtio_queue_peek(struct virtio_net *dev, struct virtio_queue *q,
		      uint16_t ahead, struct virtio_chain *c,
		      const char **why)
{
	uint16_t place = (uint16_t)(q->next_avail + ahead) & (q->size - 1);
	struct walk w = { .table = q->desc, .entries = q->size };
	unsigned int left = q->size;

	w.next = c->head = q->avail->ring[place];
	c->n_out = c->n_in = 0;
	c->out_len = c->in_len = 0;
	for (;;) {
		struct vring_desc d;

		if (w.next >= w.entries) {
			*why = "descriptor index out of range";
			return -EPROTO;
		}
		d = desc_read(&w.table[w.next]);
		if (d.flags & VRING_DESC_F_INDIRECT) {
			*why = enter_indirect(dev, &w, &d);
			if (*why)
				return -EPROTO;
			continue;
		}
		if (!left--) {
			*why = "chain longer than the queue";
			return -EPROTO;
		}
		*why = add_buffer(c, &d);
		if (*why)
			return -EPROTO;
		if (!(d.flags & VRING_DESC_F_NEXT))
			return 0;
		w.next = d.next;
	}
}

void virtio_queue_used(struct virtio_queue *q, uint16_t head, uint32_t len)
{
	volatile struct vring_used_elem *e =
		&q->used->ring[q->used_idx & (q->size - 1)];

	e->id = head;
	e->len = len;
	q->used_idx++;
	q->chains++;
}

/* 2.7.10: has the index passed event on its way from old to new? */
static bool passed(uint16_t event, uint16_t new_idx, uint16_t old_idx)
{
	return (uint16_t)(new_idx - event - 1) < (uint16_t)(new_idx - old_idx);
}

void virtio_queue_publish(struct virtio_queue *q)
{
	if (q->published == q->used_idx)
		return;
	__atomic_store_n(&q->used->idx, q->used_idx, __ATOMIC_RELEASE);
	q->published = q->used_idx;
}

bool virtio_queue_signal(struct virtio_net *dev, struct virtio_queue *q)
{
	uint16_t old = q->signalled;

	if (q->published == old)
		return false;
	q->signalled = q->published;
	/* The driver must see idx before we look whether it wants to know. */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (virtio_has(dev, VIRTIO_F_EVENT_IDX))
		return passed(q->avail->ring[q->size], q->published, old);
	return !(q->avail->flags & VRING_AVAIL_F_NO_INTERRUPT);
}

void virtio_queue_notify(struct virtio_net *dev, struct virtio_queue *q,
			 bool on)
{
	volatile uint16_t *event = (volatile uint16_t *)&q->used->ring[q->size];

	if (virtio_has(dev, VIRTIO_F_EVENT_IDX))
		/* off: an index that lies behind is not reached for long */
		__atomic_store_n(event, (uint16_t)(q->next_avail -
						   (on ? 0 : 1)),
				 __ATOMIC_RELAXED);
	else
		q->used->flags = on ? 0 : VRING_USED_F_NO_NOTIFY;
	if (on)
		__atomic_thread_fence(__ATOMIC_SEQ_CST);
}
