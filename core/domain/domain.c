/* SPDX-License-Identifier: MIT */
/* A domain's life: made from a built-in program, started, ended. */
#include "domain.h"
#include "tty_session.h"
#include "../mem/mem.h"
#include "../x86/cpus.h"

#include <errno.h>
#include <string.h>
#define LOG_PREFIX "domain: "
#include <tandem/conf.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/random.h>

#define RFLAGS_START	2

struct domain *domain_list;
static uint64_t last_serial;
/* another CPU has set events of one */
static bool signalled;

struct domain *domain_find(uint64_t serial)
{
	struct domain *d = domain_list;

	while (d && (d->serial != serial || d->dying))
		d = d->next;
	return d;
}

static const struct program *program_find(const char *name)
{
	for (const struct program *p = domain_table_start;
	     p < domain_table_end; p++)
		if (!strcmp(p->name, name))
			return p;
	return NULL;
}

/* SYS_WAIT returns, at the latest when what runs above it has ended. */
void domain_wake(struct domain *d)
{
	domains_changed();
	for (unsigned int i = 0; i < d->depth; i++) {
		if (d->act[i].state != ACT_WAIT)
			continue;
		d->act[i].frame.rax = __atomic_exchange_n(&d->events, 0,
							  __ATOMIC_SEQ_CST);
		d->act[i].state = ACT_RUN;
		timer_cancel(&d->wait_timer);
	}
}

static void wait_over(struct timer *t)
{
	domain_wake(container_of(t, struct domain, wait_timer));
}

static uint64_t stack_top(const struct domain *d)
{
	return d->region[REGION_STACK].base + USER_STACK_SIZE;
}

static void first_frame(struct domain *d, uint64_t entry)
{
	struct activation *a = &d->act[0];

	a->state = ACT_NEW;
	a->frame = (struct trap_frame){
		.rip = entry, .cs = SEL_UCODE, .ss = SEL_UDATA,
		.rflags = RFLAGS_START, .rsp = stack_top(d),
	};
	d->depth = 1;
}

/* Image, heap, window and stack, each at a random place. */
static int make_space(struct domain *d, uint64_t heap, uint64_t *entry)
{
	const struct program *p = d->program;
	int e = space_create(d);

	if (!e)
		e = elf_load(d, p->start, (size_t)(p->end - p->start), entry);
	if (!e)
		e = space_place(d, REGION_HEAP,
				ALIGN_DOWN(MIN(heap, USER_HEAP_MAX), PAGE_SIZE));
	if (!e)
		e = space_place(d, REGION_WINDOW,
				DOMAIN_ACTIVATIONS * WINDOW_SIZE);
	if (!e)
		e = space_place(d, REGION_STACK, USER_STACK_SIZE);
	return e;
}

struct domain *domain_create(const char *name, uint64_t heap, int *error)
{
	const struct program *p = program_find(name);
	struct domain *d;
	uint64_t entry = 0;

	*error = -ENOENT;
	if (!p)
		return NULL;
	*error = -ENOMEM;
	d = mem_alloc(sizeof(*d));
	if (!d)
		return NULL;
	strlcpy(d->name, name, sizeof(d->name));
	d->serial = ++last_serial;
	d->program = p;
	d->wait_timer.fn = wait_over;
	*error = make_space(d, heap, &entry);
	if (*error < 0) {
		space_destroy(d);
		mem_free(d);
		return NULL;
	}
	first_frame(d, entry);
	d->next = domain_list;
	domain_list = d;
	return d;
}

int domain_add_descriptor(struct domain *d, struct descriptor desc)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(d->desc); i++) {
		if (d->desc[i].type != DESC_FREE)
			continue;
		d->desc[i] = desc;
		return (int)i;
	}
	return -EMFILE;
}

/* Put the start block and the buffers on the stack. */
static int push_arguments(struct domain *d, const struct msg_buf *buf,
			  const struct message *m)
{
	struct trap_frame *f = &d->act[0].frame;
	struct service *s = d->service;
	struct domain_start start = {
		.heap_base = d->region[REGION_HEAP].base,
		.heap_size = d->region[REGION_HEAP].size,
		.shared_base = d->region[REGION_SHARED].base,
		.shared_size = s && s->shared ? s->shared_size : 0,
		.seed = random64(),
		.log_level = tandem_conf.number[CONF_LOG_LEVEL],
	};
	uint64_t sp = stack_top(d) - sizeof(start), none = 0;
	int e;

	f->r8 = sp;
	e = domain_copy_out(d, (void *)sp, &start, sizeof(start));
	sp = ALIGN_DOWN(sp - MSG_BUFS_MAX * sizeof(*buf), 16);
	f->rdx = sp;
	if (!e)
		e = domain_copy_out(d, (void *)sp, buf,
				    MSG_BUFS_MAX * sizeof(*buf));
	/* as after a call: return address 0 */
	f->rsp = sp - 8;
	if (!e)
		e = domain_copy_out(d, (void *)f->rsp, &none, sizeof(none));
	f->rdi = (uint64_t)(int64_t)m->type;
	f->rsi = (uint64_t)(int64_t)m->value;
	f->rcx = m->n_bufs;
	return e;
}

static int map_shared(struct domain *d)
{
	struct service *s = d->service;
	int e;

	if (!s || !s->shared)
		return 0;
	e = space_place(d, REGION_SHARED, ALIGN_UP(s->shared_size, PAGE_SIZE));
	for (size_t o = 0; !e && o < s->shared_size; o += PAGE_SIZE)
		e = space_map_foreign(d, d->region[REGION_SHARED].base + o,
			virt_to_phys((uint8_t *)s->shared + o), true);
	return e;
}

int domain_start(struct domain *d, struct domain *sender,
		 const struct message *m)
{
	struct msg_buf buf[MSG_BUFS_MAX] = { 0 };
	struct activation *a = &d->act[0];
	int e;

	if (a->state != ACT_NEW)
		return -EINVAL;
	e = map_shared(d);
	if (!e && sender)
		e = message_map(d, sender, 0, m, buf);
	if (!e)
		e = push_arguments(d, buf, m);
	if (e < 0) {
		/* d may live on: the sender's pages are not its any more */
		message_unmap(d, 0);
		return e;
	}
	if (sender) {
		a->caller = sender->serial;
		a->caller_depth = sender->depth;
	}
	a->state = ACT_RUN;
	domains_changed();
	return 0;
}

void domain_signal(struct domain *d, uint32_t events)
{
	if (!events)
		return;
	__atomic_fetch_or(&d->events, events, __ATOMIC_SEQ_CST);
	if (on_first_cpu()) {
		domain_wake(d);
		return;
	}
	__atomic_store_n(&signalled, true, __ATOMIC_SEQ_CST);
	first_cpu_wake();
}

void domains_signalled(void)
{
	if (!__atomic_load_n(&signalled, __ATOMIC_RELAXED) ||
	    !__atomic_exchange_n(&signalled, false, __ATOMIC_SEQ_CST))
		return;
	for (struct domain *d = domain_list; d; d = d->next)
		if (__atomic_load_n(&d->events, __ATOMIC_RELAXED))
			domain_wake(d);
}

/*
 * Those that are to end. One ends others, and these more, in chains as long as
 * programs make them: so they wait in a list, or the stack might not do.
 */
static struct domain *dying;

static void end_one(struct domain *d);

static void end_later(struct domain *d, int status)
{
	d->dying = true;
	d->status = status;
	d->next_dying = dying;
	dying = d;
	domains_changed();	/* whoever waits for it to be free */
}

/* From within itself, the outer one takes what is added. */
static void end_all(void)
{
	static bool running;

	if (running)
		return;
	running = true;
	while (dying) {
		struct domain *d = dying;

		dying = d->next_dying;
		end_one(d);
	}
	running = false;
}

/* Who desc's program is, as long as it has not started. */
static struct domain *not_started(const struct descriptor *desc)
{
	struct domain *d = desc->type == DESC_PROCESS ?
			   domain_find(desc->serial) : NULL;

	return d && d->act[0].state == ACT_NEW ? d : NULL;
}

/*
 * A program that is not started ends when no started one can reach it any
 * more, be it through others that are not started: those may hold descriptors
 * of one another, or of themselves.
 */
static void collect(void)
{
	struct domain *todo = NULL;

	for (struct domain *d = domain_list; d; d = d->next) {
		d->reached = d->dying || d->act[0].state != ACT_NEW;
		if (!d->reached || d->dying)
			continue;
		d->next_reached = todo;
		todo = d;
	}
	while (todo) {
		struct domain *d = todo;

		todo = d->next_reached;
		for (unsigned int i = 0; i < ARRAY_SIZE(d->desc); i++) {
			struct domain *to = not_started(&d->desc[i]);

			if (!to || to->reached)
				continue;
			to->reached = true;
			to->next_reached = todo;
			todo = to;
		}
	}
	for (struct domain *d = domain_list; d; d = d->next)
		if (!d->reached)
			end_later(d, -ECANCELED);
}

void domain_drop_descriptor(struct descriptor *desc)
{
	bool perhaps_last = not_started(desc);

	desc->type = DESC_FREE;
	if (!perhaps_last)
		return;
	collect();
	end_all();
}

static void unlink(struct domain *d)
{
	struct domain **p = &domain_list;

	while (*p != d)
		p = &(*p)->next;
	*p = d->next;
}

/* Programs that this one started and waits for go with it. */
static void end_children(struct domain *d)
{
	for (struct domain *c = domain_list; c; c = c->next) {
		if (c->dying || c->act[0].caller != d->serial)
			continue;
		c->act[0].caller = 0;
		end_later(c, -ECANCELED);
	}
}

static void end_one(struct domain *d)
{
	bool held = false;

	timer_cancel(&d->wait_timer);
	end_children(d);
	message_domain_ends(d, d->status);
	for (unsigned int i = 0; i < ARRAY_SIZE(d->desc); i++) {
		held |= not_started(&d->desc[i]) != NULL;
		d->desc[i].type = DESC_FREE;
	}
	if (held)
		collect();
	/* one domain may end another: the space in use is then not its own */
	if (read_cr3() == virt_to_phys(d->pml4))
		write_cr3(paging_root());
	if (d->service)
		service_ended(d);
	if (d->session)
		tty_session_left(d);
	unlink(d);
	space_destroy(d);
	mem_free(d);
}

void domain_end(struct domain *d, int status)
{
	if (d->dying)
		return;
	end_later(d, status);
	end_all();
}

void domain_kill(struct domain *d, const char *reason)
{
	log_warn("%s ended: %s", d->name, reason);
	domain_end(d, -EPIPE);
}
