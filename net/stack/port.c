// SPDX-License-Identifier: MIT
/*
 * The stack's side of a switch: frames for the VMM are copied into netd's slots,
 * finished in software where the guest asked for offloads; frames of netd are
 * read by the card right from its slots, which therefore stay with us until
 * the last reference is gone, even if netd ends meanwhile.
 *
 * netd runs, starts and ends on the first CPU only; frames come and go on any.
 * So the domain is only touched under the lock.
 */
#include "stack.h"

#include <errno.h>
#include <net/segment.h>
#include <string.h>
#include <tandem/mem.h>

/* until what was left is looked at again */
#define AGAIN_US	200u

/* ---- to netd ---- */

/* Take a free RX slot; -ENOSPC if netd has none to spare. */
static int rx_slot_take(struct stack_port *s)
{
	bool broken = false;

	while (netring_count(&s->area->rx_free, s->rx_free_tail, &broken)) {
		struct netring_entry e = netring_read(&s->area->rx_free,
						      s->rx_free_tail++);

		netring_taken(&s->area->rx_free, s->rx_free_tail);
		if (e.slot < STACK_RX_SLOTS)
			return e.slot;
		s->count.bad_slot++;
	}
	if (broken)
		stack_broken(s, "rx_free");
	return -ENOSPC;
}

/* Give back a slot that we took last and did not use. */
static void rx_slot_untake(struct stack_port *s)
{
	netring_taken(&s->area->rx_free, --s->rx_free_tail);
}

static int receive(struct stack_port *s, const struct frame *f)
{
	struct net_segmenter seg;
	int n = net_segment_start(&seg, f);
	uint16_t flags = f->flags & (FRAME_CSUM_VALID | FRAME_CSUM_PARTIAL) ?
		NETRING_CSUM_VALID : 0;

	if (n < 0) {
		s->port->count.tx_malformed++;
		return 0;
	}
	for (int i = 0; i < n; i++) {
		int slot, len;

		if (netring_room(&s->area->rx_ready, s->rx_ready_head) == 0)
			return -ENOSPC;
		slot = rx_slot_take(s);
		if (slot < 0)
			return slot;
		len = net_segment_write(&seg, (unsigned int)i, s->rx_slot +
					(uint32_t)slot * NETRING_SLOT_SIZE +
					NETRING_RX_OFFSET,
					NETRING_SLOT_SIZE - NETRING_RX_OFFSET);
		if (len < 0) {
			rx_slot_untake(s);
			s->port->count.tx_malformed++;
			return 0;
		}
		netring_write(&s->area->rx_ready, s->rx_ready_head++,
			      (struct netring_entry){
				.slot = (uint16_t)slot,
				.offset = NETRING_RX_OFFSET,
				.len = (uint16_t)len,
				.flags = flags });
	}
	return 0;
}

static unsigned int transmit(struct net_port *p, struct frame *const *f,
			     unsigned int n)
{
	struct stack_port *s = p->priv;
	unsigned int done = 0;

	spin_lock(&s->lock);
	if (s->domain) {
		while (done < n && !receive(s, f[done]))
			done++;
		s->rx_signal |= netring_publish(&s->area->rx_ready,
						s->rx_ready_head);
	}
	spin_unlock(&s->lock);
	return done;
}

static void flush(struct net_port *p)
{
	struct stack_port *s = p->priv;

	spin_lock(&s->lock);
	if (s->rx_signal && s->domain)
		domain_signal(s->domain, NETRING_EVENT_RX);
	s->rx_signal = false;
	spin_unlock(&s->lock);
}

/* ---- from netd ---- */

/* The slot is netd's again. The caller holds the lock. */
static void tx_slot_free(struct stack_port *s, uint16_t slot)
{
	if (!s->domain)
		return;		/* the next netd finds it on its ring */
	netring_write(&s->area->tx_free, s->tx_free_head++,
		      (struct netring_entry){ .slot = slot });
	if (netring_publish(&s->area->tx_free, s->tx_free_head))
		domain_signal(s->domain, NETRING_EVENT_TX);
}

static void release(struct frame *f)
{
	struct stack_port *s = f->owner;

	spin_lock(&s->lock);
	s->in_flight[f->cookie] = false;
	tx_slot_free(s, (uint16_t)f->cookie);
	spin_unlock(&s->lock);
}

/* Where the TCP header begins whose checksum is asked for. */
static uint32_t csum_start(const struct netring_entry *e)
{
	return (uint32_t)e->flags >> NETRING_TCP_SHIFT;
}

static bool csum_fits(const struct netring_entry *e)
{
	return csum_start(e) >= ETH_HEADER_LEN &&
	       csum_start(e) + NETRING_TCP_CSUM + 2u <= e->len;
}

static bool entry_valid(const struct stack_port *s,
			const struct netring_entry *e)
{
	return e->slot < STACK_TX_SLOTS && !s->in_flight[e->slot] &&
	       e->offset <= NETRING_SLOT_SIZE &&
	       e->len <= NETRING_SLOT_SIZE - e->offset &&
	       e->len >= ETH_HEADER_LEN && e->len <= NET_FRAME_MAX &&
	       (!(e->flags & NETRING_CSUM_TCP) || csum_fits(e));
}

/* Count an entry that is no frame; its slot goes back if it is netd's. */
static void refuse(struct stack_port *s, const struct netring_entry *e)
{
	if (e->slot >= STACK_TX_SLOTS || s->in_flight[e->slot]) {
		s->count.bad_slot++;
		return;
	}
	s->port->count.tx_malformed++;
	tx_slot_free(s, e->slot);
}

/*
 * The wire finishes checksums as it sends; the guest does not expect to be
 * asked for it. So what may reach the guest gets its checksum here, and *flags
 * of its entry forget that it was asked for: the frame may have to come again.
 */
static void finish_for_guest(struct stack_port *s, struct frame *f,
			     uint16_t *flags)
{
	struct net_port *guest = net_switch_port(s->port->sw, NET_GUEST);
	uint8_t *frame = f->segment[0].virt, *tcp = frame + f->csum_start;
	uint16_t sum;

	if (!guest || (!(frame[0] & 1) && memcmp(frame, guest->mac, ETH_ALEN)))
		return;
	*flags = 0;
	sum = net_sum_finish(net_sum(tcp, f->len - f->csum_start, 0));
	tcp[f->csum_offset] = (uint8_t)(sum >> 8);
	tcp[f->csum_offset + 1] = (uint8_t)sum;
	f->flags = 0;
}

static struct frame *make_frame(struct stack_port *s,
				const struct netring_entry *e, uint16_t *flags)
{
	struct frame *f = &s->frame[e->slot];

	f->segment[0].virt = s->tx_slot +
			     (uint32_t)e->slot * NETRING_SLOT_SIZE + e->offset;
	f->segment[0].phys = virt_to_phys(f->segment[0].virt);
	f->segment[0].len = e->len;
	f->n_segments = 1;
	f->len = e->len;
	f->flags = 0;
	if (e->flags & NETRING_CSUM_TCP) {
		f->flags = FRAME_CSUM_PARTIAL;
		f->csum_start = (uint16_t)csum_start(e);
		f->csum_offset = NETRING_TCP_CSUM;
		finish_for_guest(s, f, flags);
	}
	f->refs = 1;
	s->in_flight[e->slot] = true;
	return f;
}

/*
 * Frames of up to NET_BATCH entries, which stay on the ring until they are
 * consumed: place[i] is where the ring is taken to when frame i is. Bad entries
 * are taken off at once, but only when no frame waits before them.
 */
static unsigned int collect(struct stack_port *s, struct frame **list,
			    uint32_t *place)
{
	struct netring *r = &s->area->tx_ready;
	uint32_t tail = s->tx_ready_tail;
	bool broken = false;
	uint32_t waiting = netring_count(r, tail, &broken);
	unsigned int n = 0;

	if (broken)
		stack_broken(s, "tx_ready");
	while (waiting-- && n < NET_BATCH) {
		struct netring_entry e = netring_read(r, tail);

		if (entry_valid(s, &e)) {
			uint16_t *flags = &r->entry[tail % NETRING_ENTRIES]
						  .flags;

			list[n] = make_frame(s, &e, flags);
			place[n++] = ++tail;
		} else if (n) {
			break;
		} else {
			refuse(s, &e);
			s->tx_ready_tail = ++tail;
			netring_taken(r, tail);
		}
	}
	return n;
}

/* Returns false if nothing is left to do now. */
static bool send_batch(struct stack_port *s)
{
	struct frame *list[NET_BATCH];
	uint32_t place[NET_BATCH];
	unsigned int n, done;
	uint32_t start;
	bool same;

	spin_lock(&s->lock);
	start = s->starts;
	n = s->domain ? collect(s, list, place) : 0;
	spin_unlock(&s->lock);
	if (!n)
		return false;
	done = net_input(s->port, list, n);
	spin_lock(&s->lock);
	same = s->starts == start;
	if (done && same) {
		s->tx_ready_tail = place[done - 1];
		netring_taken(&s->area->tx_ready, s->tx_ready_tail);
	}
	for (unsigned int i = done; i < n; i++) {
		s->in_flight[list[i]->cookie] = false;
		/* the netd that put them there is gone */
		if (!same)
			tx_slot_free(s, (uint16_t)list[i]->cookie);
	}
	spin_unlock(&s->lock);
	for (unsigned int i = 0; i < done; i++)
		frame_put(list[i]);
	return done == n;
}

void stack_tx_work(struct stack_port *s)
{
	/* All that netd can have waiting, and bounded if it adds more. */
	unsigned int budget = 4 * STACK_TX_SLOTS / NET_BATCH;

	do {
		__atomic_store_n(&s->tx_again, 1, __ATOMIC_SEQ_CST);
		if (__atomic_exchange_n(&s->tx_working, 1, __ATOMIC_SEQ_CST))
			return;
		__atomic_store_n(&s->tx_again, 0, __ATOMIC_SEQ_CST);
		while (budget && send_batch(s))
			budget--;
		__atomic_store_n(&s->tx_working, 0, __ATOMIC_SEQ_CST);
		if (budget && !__atomic_load_n(&s->tx_again, __ATOMIC_SEQ_CST))
			return;
	} while (budget && --budget);
	/* what comes all the time shall not hold this CPU */
	timer_arm(&s->again_timer, time_us() + AGAIN_US);
}

static void resume(struct net_port *p)
{
	stack_tx_work(p->priv);
}

static void link_changed(struct net_port *p, bool up)
{
	stack_config_changed(p->priv);
}

static void describe(struct net_port *p, struct net_report *r)
{
	struct stack_port *s = p->priv;

	net_report_text(r, "netd", "%s",
			s->domain ? "runs" : "does not run");
	net_report_count(r, "bad slots", s->count.bad_slot);
	net_report_count(r, "broken rings", s->count.broken);
	net_report_count(r, "bad addresses", s->count.bad_addresses);
}

const struct net_port_ops stack_port_ops = {
	.transmit = transmit,
	.flush = flush,
	.resume = resume,
	.link_changed = link_changed,
	.describe = describe,
};

/* ---- set-up ---- */

void stack_port_create(struct stack_port *s)
{
	for (uint32_t i = 0; i < STACK_TX_SLOTS; i++) {
		s->frame[i].release = release;
		s->frame[i].owner = s;
		s->frame[i].origin = NET_STACK;
		s->frame[i].cookie = i;
	}
}

void stack_rings_reset(struct stack_port *s)
{
	struct netring_area *a = s->area;

	memset(&a->rx_ready, 0, sizeof(a->rx_ready));
	memset(&a->rx_free, 0, sizeof(a->rx_free));
	memset(&a->tx_ready, 0, sizeof(a->tx_ready));
	memset(&a->tx_free, 0, sizeof(a->tx_free));
	s->rx_ready_head = s->rx_free_tail = 0;
	s->tx_ready_tail = s->tx_free_head = 0;
	s->rx_signal = false;
	for (uint16_t i = 0; i < STACK_RX_SLOTS; i++)
		netring_write(&a->rx_free, i,
			      (struct netring_entry){ .slot = i });
	netring_publish(&a->rx_free, STACK_RX_SLOTS);
	for (uint16_t i = 0; i < STACK_TX_SLOTS; i++)
		if (!s->in_flight[i])
			netring_write(&a->tx_free, s->tx_free_head++,
				      (struct netring_entry){ .slot = i });
	netring_publish(&a->tx_free, s->tx_free_head);
}
