/* SPDX-License-Identifier: MIT */
/*
 * Messages: a call from one domain to the core, to a new program's _start, or
 * to a handler of another domain, which runs on that domain's own stack while
 * what it was doing is blocked. The sender stays blocked until the answer.
 */
#include "domain.h"

#include <errno.h>
#include <string.h>
#include <tandem/log.h>
#include <tandem/mem.h>

#define RED_ZONE	128

/* Messages that had to wait so far: their turns. */
static uint64_t last_queued;

static uint64_t window_address(const struct domain *d, unsigned int depth,
			       unsigned int buf)
{
	return d->region[REGION_WINDOW].base + depth * WINDOW_SIZE +
	       buf * (uint64_t)WINDOW_BUF_SIZE;
}

bool message_was_lent(const struct domain *d, uint64_t va)
{
	const struct region *window = &d->region[REGION_WINDOW];
	uint64_t depth;

	if (!region_has(window, va))
		return false;
	depth = (va - window->base) / WINDOW_SIZE;
	return depth < d->depth && d->act[depth].orphan;
}

void message_unmap(struct domain *d, unsigned int depth)
{
	for (uint64_t o = 0; o < WINDOW_SIZE; o += PAGE_SIZE)
		space_unmap(d, window_address(d, depth, 0) + o);
}

static int map_one(struct domain *to, struct domain *from, uint64_t window,
		   const struct msg_buf *b)
{
	uint64_t src = (uintptr_t)b->base & ~PAGE_MASK;
	uint64_t end = (uintptr_t)b->base + b->len;

	for (; src < end; src += PAGE_SIZE, window += PAGE_SIZE) {
		void *p = space_byte(from, src, b->writable, true);

		if (!p)
			return -EFAULT;
		if (space_map_foreign(to, window, virt_to_phys(p), b->writable))
			return -ENOMEM;
	}
	return 0;
}

int message_map(struct domain *receiver, struct domain *sender,
		unsigned int depth, const struct message *m,
		struct msg_buf out[MSG_BUFS_MAX])
{
	for (unsigned int i = 0; i < m->n_bufs; i++) {
		const struct msg_buf *b = &m->buf[i];
		uint64_t window = window_address(receiver, depth, i);
		int e = map_one(receiver, sender, window, b);

		if (e < 0) {
			message_unmap(receiver, depth);
			return e;
		}
		out[i] = *b;
		out[i].base = (void *)(window +
				       ((uintptr_t)b->base & PAGE_MASK));
	}
	return 0;
}

/* The activation at depth (from 1) gets its answer. */
static void answer(uint64_t serial, unsigned int depth, int value)
{
	struct domain *d = domain_find(serial);
	struct activation *a;

	if (!d || !depth || depth > d->depth)
		return;
	a = &d->act[depth - 1];
	if (a->state != ACT_SEND && a->state != ACT_QUEUED)
		return;
	a->frame.rax = (uint64_t)(int64_t)value;
	a->core = NULL;
	a->state = ACT_RUN;
	domains_changed();
}

void message_complete(struct domain *sender, const struct message_handler *h,
		      int value)
{
	for (unsigned int i = sender->depth; i > 0; i--) {
		if (sender->act[i - 1].state == ACT_SEND &&
		    sender->act[i - 1].core == h) {
			answer(sender->serial, i, value);
			return;
		}
	}
}

/* Enter handler h of r: a new activation above what is blocked there. */
static int enter_handler(struct domain *r, unsigned int h,
			 struct domain *sender, const struct message *m)
{
	struct msg_buf buf[MSG_BUFS_MAX] = { 0 };
	struct activation *below = domain_top(r), *a = below + 1;
	uint64_t sp, none = 0;
	int e = message_map(r, sender, r->depth, m, buf);

	if (e < 0)
		return e;
	sp = ALIGN_DOWN(below->frame.rsp - RED_ZONE - sizeof(buf), 16);
	memset(a, 0, sizeof(*a));
	a->frame = (struct trap_frame){
		.rip = r->handler[h].entry, .cs = SEL_UCODE, .ss = SEL_UDATA,
		.rflags = 2, .rsp = sp - 8,
		.rdi = (uint64_t)(int64_t)m->type,
		.rsi = (uint64_t)(int64_t)m->value,
		.rdx = sp, .rcx = m->n_bufs,
	};
	if (domain_copy_out(r, (void *)sp, buf, sizeof(buf)) ||
	    domain_copy_out(r, (void *)(sp - 8), &none, sizeof(none))) {
		message_unmap(r, r->depth);
		return -EPIPE;
	}
	a->caller = sender->serial;
	a->caller_depth = sender->depth;
	a->state = ACT_RUN;
	r->depth++;
	return 0;
}

static bool can_enter(struct domain *r)
{
	enum activation_state s = domain_top(r)->state;

	return (s == ACT_WAIT || s == ACT_SEND || s == ACT_QUEUED) &&
	       r->depth < DOMAIN_ACTIVATIONS;
}

static int send_core(struct domain *sender, const struct message_handler *h,
		     struct message *m)
{
	struct activation *a = domain_top(sender);
	uint64_t serial = sender->serial;
	unsigned int depth = sender->depth;
	int value;

	a->state = ACT_SEND;
	a->core = h;
	value = h->fn(m);	/* may have ended the sender */
	if (value != MESSAGE_PENDING)
		answer(serial, depth, value);
	else if (domain_find(serial))
		sender->run_us = 0;
	return 0;
}

/* Whose handler, or program, answers what d's top activation has sent. */
static struct domain *answers(const struct domain *d)
{
	const struct activation *a = &d->act[d->depth - 1];

	if (a->state == ACT_QUEUED)
		return domain_find(a->to.serial);
	for (struct domain *r = domain_list; a->state == ACT_SEND && r;
	     r = r->next)
		for (unsigned int i = 0; !r->dying && i < r->depth; i++)
			if (r->act[i].caller == d->serial &&
			    r->act[i].caller_depth == d->depth)
				return r;
	return NULL;
}

/*
 * Whether r, which cannot take one more message, waits for sender, maybe over
 * others: it will then never be free. The chain has no circle, since none is
 * let in here.
 */
static bool waits_for(struct domain *r, const struct domain *sender)
{
	while (r && r != sender)
		r = answers(r);
	return r;
}

static int send_handler(struct domain *sender, const struct descriptor *to,
			struct message *m)
{
	struct domain *r = domain_find(to->serial);
	struct activation *a = domain_top(sender);
	int e;

	if (!r)
		return -EPIPE;
	/* first blocked, then entered: a program may call itself */
	a->state = ACT_SEND;
	if (can_enter(r)) {
		e = enter_handler(r, to->handler, sender, m);
		if (e < 0)
			a->state = ACT_RUN;
		else if (r != sender)
			sender->run_us = 0;
		return e;
	}
	a->state = ACT_RUN;
	if (waits_for(r, sender))
		return -EDEADLK;
	sender->run_us = 0;
	a->state = ACT_QUEUED;
	a->queued = ++last_queued;
	a->to = *to;
	a->message = *m;
	return 0;
}

int message_send(struct domain *sender, const struct descriptor *to,
		 struct message *m)
{
	struct domain *child;
	int e;

	m->sender = sender;
	switch (to->type) {
	case DESC_CORE:
		return send_core(sender, to->core, m);
	case DESC_HANDLER:
		return send_handler(sender, to, m);
	case DESC_PROCESS:
		child = domain_find(to->serial);
		if (!child)
			return -EPIPE;
		e = domain_start(child, sender, m);
		if (e < 0)
			return e;
		domain_top(sender)->state = ACT_SEND;
		sender->run_us = 0;
		return 0;
	default:
		return -EBADF;
	}
}

static void retry_one(struct domain *sender)
{
	struct activation *a = domain_top(sender);
	struct domain *r = domain_find(a->to.serial);
	int e = -EPIPE;

	if (r && !can_enter(r))
		return;
	if (r) {
		a->state = ACT_SEND;
		e = enter_handler(r, a->to.handler, sender, &a->message);
	}
	if (e < 0)
		answer(sender->serial, sender->depth, e);
}

/* The one that has waited for longest of those that came behind turn. */
static struct domain *next_queued(uint64_t turn)
{
	struct domain *first = NULL;

	for (struct domain *d = domain_list; d; d = d->next)
		if (d->depth && !d->dying &&
		    domain_top(d)->state == ACT_QUEUED &&
		    domain_top(d)->queued > turn &&
		    (!first || domain_top(d)->queued <
			       domain_top(first)->queued))
			first = d;
	return first;
}

/* In turn: who sends again and again does not keep others from being heard. */
void message_retry(void)
{
	struct domain *d = next_queued(0);

	while (d) {
		uint64_t turn = domain_top(d)->queued;

		retry_one(d);
		d = next_queued(turn);
	}
}

int message_return(struct domain *d, int value)
{
	struct activation *a = domain_top(d);
	uint64_t caller = a->caller;
	unsigned int depth = a->caller_depth;

	if (d->depth < 2)
		return -EINVAL;
	d->depth--;
	message_unmap(d, d->depth);
	/* a handler has run: SYS_WAIT below returns */
	domain_wake(d);
	answer(caller, depth, value);
	return 0;
}

/* Messages that others sent to d are answered; what d lent comes back. */
void message_domain_ends(struct domain *d, int status)
{
	for (unsigned int i = 0; i < d->depth; i++) {
		struct activation *a = &d->act[i];

		if (a->state == ACT_SEND && a->core && a->core->cancel)
			a->core->cancel(d);
		answer(a->caller, a->caller_depth, i ? -EPIPE : status);
		a->caller = 0;
	}
	for (struct domain *r = domain_list; r; r = r->next) {
		for (unsigned int i = 0; r != d && i < r->depth; i++) {
			if (r->act[i].caller != d->serial)
				continue;
			/*
			 * It has done nothing wrong, and must not stumble over
			 * a buffer that is gone.
			 */
			r->act[i].caller = 0;
			r->act[i].orphan = true;
			message_unmap(r, i);
		}
	}
}
