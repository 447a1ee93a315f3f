// SPDX-License-Identifier: MIT
/*
 * The tap at the switch: while somebody captures, each frame that goes through
 * is copied, cut to a length, into a ring that netd reads (abi/mgmt.h). It never
 * holds a frame up; what has no room is counted. While nobody captures the
 * switch pays for one look at a flag.
 *
 * Any CPU adds, under the lock; the first CPU alone takes away and needs none
 * for it: what is between tail and head does not change.
 */
#include <net/capture.h>

#include <abi/mgmt.h>
#include <errno.h>
#include <string.h>
#define LOG_PREFIX "capture: "
#include <tandem/conf.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/spinlock.h>
#include <tandem/timer.h>

#define RING_SIZE	KIB(CONFIG_MGMT_CAPTURE_RING_KIB)
#define PORTS_MASK	(BIT(NET_PORTS) - 1)
#define PADDED(n)	ALIGN_UP(n, 8u)
#define TELL_US		1000000

bool net_capture_on;

static struct spinlock lock;
static uint8_t *ring;			/* NULL: nobody captures */
static uint64_t head, tail;		/* bytes ever added, ever taken */
static uint64_t seen, dropped;
static struct mgmt_capture_filter filter;
static struct domain *owner;
static bool told;			/* that this one began */

/* ---- the ring ---- */

/* The part of n bytes from position on that lies in one piece. */
static uint32_t in_one_piece(uint64_t position, uint32_t n)
{
	return (uint32_t)MIN(n, RING_SIZE - position % RING_SIZE);
}

static void add(const void *data, uint32_t n)
{
	uint32_t first = in_one_piece(head, n);

	memcpy(ring + head % RING_SIZE, data, first);
	memcpy(ring, (const uint8_t *)data + first, n - first);
	head += n;
}

static void add_frame(const struct frame *f, uint32_t kept)
{
	static const uint8_t zeros[8];
	uint32_t left = kept;

	for (unsigned int i = 0; i < f->n_segments && left; i++) {
		uint32_t n = MIN(left, f->segment[i].len);

		add(f->segment[i].virt, n);
		left -= n;
	}
	/* a frame that says it is longer than its segments */
	while (left) {
		uint32_t n = MIN(left, sizeof(zeros));

		add(zeros, n);
		left -= n;
	}
	add(zeros, PADDED(kept) - kept);
}

/* The caller holds the lock. */
static void keep(const struct frame *f, enum net_port_id port,
		 uint8_t direction, uint64_t now)
{
	uint32_t kept = MIN(f->len, filter.snap);
	struct mgmt_capture_record r = {
		.time_us = now, .len = f->len, .kept = (uint16_t)kept,
		.port = (uint8_t)port, .direction = direction,
	};
	uint64_t used = head - tail;

	if (!(filter.ports & BIT(port)) || !(filter.direction & direction))
		return;
	seen++;
	if (sizeof(r) + PADDED(kept) > RING_SIZE - used) {
		dropped++;
		return;
	}
	add(&r, sizeof(r));
	add_frame(f, kept);
	if (!used || (used < RING_SIZE / 2 && head - tail >= RING_SIZE / 2))
		domain_signal(owner, MGMT_EVENT_CAPTURE);
}

/* What is not the stack's has nothing to do with where the capture goes. */
static bool wanted(const struct frame *f, bool of_stack)
{
	struct mgmt_capture_filter c = filter;
	uint8_t bytes[CAPTURE_HEAD_MAX];
	uint32_t n = MIN(f->len, sizeof(bytes));

	if (!of_stack)
		c.without_tcp = 0;
	return frame_copy(f, 0, bytes, n) && net_capture_wants(&c, bytes, n);
}

void net_capture_frames(const struct net_port *from, struct frame *const *f,
			const uint8_t *targets, unsigned int n,
			const unsigned int done[NET_PORTS])
{
	unsigned int count[NET_PORTS] = { 0 };
	uint64_t now = time_us();

	spin_lock(&lock);
	for (unsigned int i = 0; ring && i < n; i++) {
		bool want = wanted(f[i], from->id == NET_STACK ||
					 targets[i] & BIT(NET_STACK));

		if (want)
			keep(f[i], from->id, MGMT_CAPTURE_IN, now);
		for (unsigned int id = 0; id < NET_PORTS; id++)
			if (targets[i] & BIT(id) && count[id]++ < done[id] &&
			    want)
				keep(f[i], id, MGMT_CAPTURE_OUT, now);
	}
	spin_unlock(&lock);
}

/* ---- what netd asks for; first CPU ---- */

/* Once a second: nobody fills the log who begins and ends again and again. */
static bool may_tell(void)
{
	static uint64_t until;
	uint64_t now = time_us();

	if (now < until)
		return false;
	until = now + TELL_US;
	return true;
}

static int start(struct message *m)
{
	struct mgmt_capture_filter c;
	uint8_t *pages;

	if (m->n_bufs != 1 || m->buf[0].len != sizeof(c))
		return -EINVAL;
	if (domain_copy_in(m->sender, &c, m->buf[0].base, sizeof(c)))
		return -EFAULT;
	if (!tandem_conf.number[CONF_MGMT_CAPTURE]) {
		log_few("refused: mgmt.capture is off");
		return -EPERM;
	}
	if (c.snap > MGMT_CAPTURE_SNAP_MAX || c.ports > PORTS_MASK ||
	    c.direction > (MGMT_CAPTURE_IN | MGMT_CAPTURE_OUT) ||
	    (c.address_len && c.address_len != 4 && c.address_len != 16))
		return -EINVAL;
	if (!net_switch_get(0))
		return -ENODEV;
	if (ring)
		return -EBUSY;
	pages = pages_alloc(RING_SIZE / PAGE_SIZE);
	if (!pages)
		return -ENOMEM;
	if (!c.snap)
		c.snap = MGMT_CAPTURE_SNAP_MAX;
	if (!c.ports)
		c.ports = PORTS_MASK;
	if (!c.direction)
		c.direction = MGMT_CAPTURE_IN | MGMT_CAPTURE_OUT;
	spin_lock(&lock);
	filter = c;
	head = tail = seen = dropped = 0;
	owner = m->sender;
	ring = pages;
	net_capture_on = true;
	spin_unlock(&lock);
	told = may_tell();
	if (told)
		log_info("frames are captured");
	return 0;
}

static int stop(void)
{
	uint8_t *pages = ring;

	if (!pages)
		return -ENOENT;
	spin_lock(&lock);
	net_capture_on = false;
	ring = NULL;
	owner = NULL;
	spin_unlock(&lock);
	pages_free(pages, RING_SIZE / PAGE_SIZE);
	if (told)
		log_info("capture ended: %lu frames, %lu more had no room",
			 seen - dropped, dropped);
	return 0;
}

static int copy_out(struct domain *to, uint8_t *user, uint32_t n)
{
	uint32_t first = in_one_piece(tail, n);

	if (domain_copy_out(to, user, ring + tail % RING_SIZE, first) ||
	    domain_copy_out(to, user + first, ring, n - first))
		return -EFAULT;
	return 0;
}

/* The record at the tail; records and ring are multiples of 8 bytes. */
static uint32_t record_size(void)
{
	struct mgmt_capture_record r;
	uint32_t first = in_one_piece(tail, sizeof(r));

	memcpy(&r, ring + tail % RING_SIZE, first);
	memcpy((uint8_t *)&r + first, ring, sizeof(r) - first);
	return (uint32_t)sizeof(r) + PADDED(r.kept);
}

static int read(struct message *m)
{
	uint32_t done = 0;
	uint64_t end;

	if (m->n_bufs != 1 || !m->buf[0].writable)
		return -EINVAL;
	if (!ring)
		return -ENOENT;
	spin_lock(&lock);
	end = head;
	spin_unlock(&lock);
	while (tail != end) {
		uint32_t n = record_size();

		if (n > m->buf[0].len - done)
			break;
		if (copy_out(m->sender, (uint8_t *)m->buf[0].base + done, n))
			return -EFAULT;
		done += n;
		__atomic_store_n(&tail, tail + n, __ATOMIC_RELEASE);
	}
	return (int)done;
}

static int state(struct message *m)
{
	struct net_switch *sw = net_switch_get(0);
	struct mgmt_capture_state s = {
		.allowed = tandem_conf.number[CONF_MGMT_CAPTURE] != 0,
		.running = ring != NULL, .ring = ring ? RING_SIZE : 0,
		.seen = seen, .dropped = dropped,
	};

	if (m->n_bufs != 1 || m->buf[0].len != sizeof(s) ||
	    !m->buf[0].writable)
		return -EINVAL;
	for (enum net_port_id id = 0; sw && id < NET_PORTS; id++)
		if (net_switch_port(sw, id))
			s.ports |= BIT(id);
	return domain_copy_out(m->sender, m->buf[0].base, &s, sizeof(s));
}

static int capture_message(struct message *m)
{
	if (m->type != MSG_BUF)
		return -EINVAL;
	switch (m->value) {
	case MGMT_CAPTURE_START:
		return start(m);
	case MGMT_CAPTURE_READ:
		return read(m);
	case MGMT_CAPTURE_STATE:
		return state(m);
	case MGMT_CAPTURE_STOP:
		return stop();
	default:
		return -EINVAL;
	}
}

static const struct message_handler capture_handler = {
	.name = MGMT_CAPTURE_HANDLER, .fn = capture_message, .service = "netd",
};
MESSAGE_HANDLER(capture_handler);

void net_capture_owner_ended(const struct domain *d)
{
	if (owner == d)
		stop();
}
