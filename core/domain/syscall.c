/* SPDX-License-Identifier: MIT */
/*
 * System calls (abi/domain.h). Every argument is hostile: numbers are checked
 * against the tables they index, addresses by walking the caller's own page
 * table, lengths before they are added to anything.
 */
#include "domain.h"
#include "tty_session.h"

#include <errno.h>
#include <string.h>
#include <tandem/log.h>

/* A domain's lines in the log: so many at once, and one more each 50 ms. */
#define LOG_LINES	64
#define LOG_LINE_US	50000

extern const struct message_handler *const table_message_handler_start[];
extern const struct message_handler *const table_message_handler_end[];

static struct descriptor *descriptor(struct domain *d, uint64_t index)
{
	if (index >= ARRAY_SIZE(d->desc) || d->desc[index].type == DESC_FREE)
		return NULL;
	return &d->desc[index];
}

static int copy_name(struct domain *d, char name[MSG_NAME_MAX], uint64_t user,
		     uint64_t len)
{
	if (!len || len >= MSG_NAME_MAX)
		return -EINVAL;
	if (domain_copy_in(d, name, (const void *)user, len))
		return -EFAULT;
	name[len] = '\0';
	return strlen(name) == len ? 0 : -EINVAL;
}

static unsigned int domains_count(void)
{
	unsigned int n = 0;

	for (struct domain *d = domain_list; d; d = d->next)
		n++;
	return n;
}

static int64_t sys_newprocess(struct domain *d, uint64_t user, uint64_t len)
{
	char name[MSG_NAME_MAX];
	struct domain *child;
	int e = copy_name(d, name, user, len), fd;

	if (e < 0)
		return e;
	if (!tty_session_allows(d, name))
		return -EPERM;
	/* some of the work here grows with the square of their number */
	if (d->level + 1 >= DOMAIN_LEVELS || domains_count() >= DOMAINS_MAX)
		return -ENOSPC;
	child = domain_create(name, KIB(CONFIG_DOMAIN_MEMORY_KIB), &e);
	if (!child)
		return e;
	child->level = d->level + 1;
	child->session = d->session;
	fd = domain_add_descriptor(d, (struct descriptor){
		.type = DESC_PROCESS, .serial = child->serial });
	if (fd < 0)
		domain_end(child, -EMFILE);
	return fd;
}

static const struct message_handler *find_core(const char *name)
{
	for (const struct message_handler *const *h =
	     table_message_handler_start; h < table_message_handler_end; h++)
		if (!strcmp((*h)->name, name))
			return *h;
	return NULL;
}

static bool may_open(const struct domain *d, const struct message_handler *h)
{
	if (h->service)
		return d->service && !strcmp(d->service->program, h->service);
	if (h->program)
		return d->session && d->session->guest &&
		       !strcmp(d->name, h->program);
	return !h->hidden;
}

/* A domain's handler of that name; of_service: only one of a service. */
static bool find_handler(const char *name, bool of_service,
			 struct descriptor *found)
{
	for (struct domain *o = domain_list; o; o = o->next)
		for (unsigned int i = 0; !o->dying && i < o->n_handlers; i++) {
			if ((of_service && !o->service) ||
			    strcmp(o->handler[i].name, name))
				continue;
			*found = (struct descriptor){
				.type = DESC_HANDLER, .serial = o->serial,
				.handler = i };
			return true;
		}
	return false;
}

static int64_t sys_msgopen(struct domain *d, uint64_t user, uint64_t len)
{
	const struct message_handler *core;
	struct descriptor found;
	char name[MSG_NAME_MAX];
	int e = copy_name(d, name, user, len);

	if (e < 0)
		return e;
	core = find_core(name);
	if (core && !may_open(d, core))
		return -ENOENT;
	if (core)
		found = (struct descriptor){ .type = DESC_CORE, .core = core };
	else if (!find_handler(name, true, &found) &&
		 !find_handler(name, false, &found))
		return -ENOENT;
	return domain_add_descriptor(d, found);
}

/*
 * Names of the core are nobody else's. A service's names come before others',
 * so that no program can take them while it is being started again.
 */
static int64_t sys_msgregister(struct domain *d, uint64_t user, uint64_t len,
			       uint64_t entry)
{
	struct descriptor found;
	char name[MSG_NAME_MAX];
	int e = copy_name(d, name, user, len);

	if (e < 0)
		return e;
	/* elsewhere IRET itself would fault, in ring 0 */
	if (entry >= USER_END)
		return -EFAULT;
	if (d->n_handlers == DOMAIN_HANDLERS)
		return -ENOSPC;
	if (find_core(name) || find_handler(name, d->service, &found))
		return -EEXIST;
	strlcpy(d->handler[d->n_handlers].name, name, MSG_NAME_MAX);
	d->handler[d->n_handlers++].entry = entry;
	return 0;
}

/*
 * Hand a descriptor to the program behind a process descriptor, as long as it
 * is not started: nobody fills the table of one that runs.
 */
static int64_t sys_msgsenddesc(struct domain *d, uint64_t to, uint64_t what)
{
	struct descriptor *t = descriptor(d, to), *w = descriptor(d, what);
	struct domain *r;
	int fd;

	if (!t || !w || t->type != DESC_PROCESS)
		return -EBADF;
	r = domain_find(t->serial);
	if (!r)
		return -EPIPE;
	if (r->act[0].state != ACT_NEW)
		return -EBUSY;
	fd = domain_add_descriptor(r, *w);
	return fd < 0 ? fd : 0;
}

static int64_t send(struct domain *d, uint64_t to, struct message *m)
{
	struct descriptor *t = descriptor(d, to);
	int e;

	if (!t)
		return -EBADF;
	e = message_send(d, t, m);
	/* sent: the answer is or will be in rax */
	return e < 0 ? e : INT64_MIN;
}

static int64_t sys_msgsendint(struct domain *d, uint64_t to, uint64_t value)
{
	struct message m = { .type = MSG_INT, .value = (int)value };

	return send(d, to, &m);
}

static int64_t sys_msgsendbuf(struct domain *d, uint64_t to, uint64_t value,
			      uint64_t bufs, uint64_t n)
{
	struct message m = { .type = MSG_BUF, .value = (int)value };

	if (n > MSG_BUFS_MAX)
		return -EINVAL;
	m.n_bufs = (unsigned int)n;
	if (domain_copy_in(d, m.buf, (const void *)bufs, n * sizeof(m.buf[0])))
		return -EFAULT;
	for (unsigned int i = 0; i < n; i++) {
		uint64_t base = (uintptr_t)m.buf[i].base;

		if (m.buf[i].len > MSG_BUF_MAX || m.buf[i].writable > 1)
			return -EINVAL;
		if (base >> 47 || m.buf[i].len > (1ull << 47) - base)
			return -EFAULT;
	}
	return send(d, to, &m);
}

static int64_t sys_wait(struct domain *d, uint64_t deadline)
{
	d->run_us = 0;
	domain_top(d)->state = ACT_WAIT;
	if (__atomic_load_n(&d->events, __ATOMIC_SEQ_CST) ||
	    deadline <= time_us()) {
		/* a busy program lets in the messages that wait for it */
		message_retry();
		if (domain_top(d)->state != ACT_WAIT)
			return INT64_MIN;	/* a handler runs first */
		domain_top(d)->state = ACT_RUN;
		return __atomic_exchange_n(&d->events, 0, __ATOMIC_SEQ_CST);
	}
	if (deadline != ~0ull)
		timer_arm(&d->wait_timer, deadline);
	return INT64_MIN;
}

/* Whether d may have one more line in the log. */
static bool log_budget(struct domain *d)
{
	uint64_t now = time_us(), again = (now - d->log_at) / LOG_LINE_US;

	d->log_used -= (uint32_t)MIN(d->log_used, again);
	if (again)
		d->log_at = now;
	if (d->log_used == LOG_LINES) {
		d->log_left_out++;
		return false;
	}
	d->log_used++;
	return true;
}

static int64_t sys_log(struct domain *d, uint64_t level, uint64_t user,
		       uint64_t len)
{
	char text[200];

	if (len >= sizeof(text))
		len = sizeof(text) - 1;
	if (domain_copy_in(d, text, (const void *)user, len))
		return -EFAULT;
	text[len] = '\0';
	if (!log_budget(d))
		return -EAGAIN;
	if (d->log_left_out)
		log_msg(LOG_WARN, "%s: %u lines left out", d->name,
			d->log_left_out);
	d->log_left_out = 0;
	log_msg(level > LOG_DEBUG ? LOG_INFO : (enum log_level)level, "%s: %s",
		d->name, text);
	return 0;
}

static int64_t sys_notify(struct domain *d)
{
	if (!d->service || !d->service->notify)
		return -ENOTSUP;
	d->service->notify(d->service, d);
	return 0;
}

static int64_t sys_msgclose(struct domain *d, uint64_t fd)
{
	struct descriptor *t = descriptor(d, fd);

	if (!t)
		return -EBADF;
	domain_drop_descriptor(t);
	return 0;
}

void domain_syscall(struct domain *d)
{
	struct trap_frame *f = &domain_top(d)->frame;
	int64_t r;

	switch (f->rax) {
	case SYS_EXIT:
		domain_end(d, (int)f->rdi);
		return;
	case SYS_NEWPROCESS:
		r = sys_newprocess(d, f->rdi, f->rsi);
		break;
	case SYS_MSGOPEN:
		r = sys_msgopen(d, f->rdi, f->rsi);
		break;
	case SYS_MSGREGISTER:
		r = sys_msgregister(d, f->rdi, f->rsi, f->rdx);
		break;
	case SYS_MSGSENDDESC:
		r = sys_msgsenddesc(d, f->rdi, f->rsi);
		break;
	case SYS_MSGSENDINT:
		r = sys_msgsendint(d, f->rdi, f->rsi);
		break;
	case SYS_MSGSENDBUF:
		r = sys_msgsendbuf(d, f->rdi, f->rsi, f->rdx, f->r10);
		break;
	case SYS_MSGCLOSE:
		r = sys_msgclose(d, f->rdi);
		break;
	case SYS_MSGRETURN:
		r = message_return(d, (int)f->rdi);
		if (!r)
			return;
		break;
	case SYS_WAIT:
		r = sys_wait(d, f->rdi);
		break;
	case SYS_TIME:
		r = (int64_t)time_us();
		break;
	case SYS_NOTIFY:
		r = sys_notify(d);
		break;
	case SYS_LOG:
		r = sys_log(d, f->rdi, f->rsi, f->rdx);
		break;
	default:
		r = -ENOSYS;
	}
	if (r != INT64_MIN)
		f->rax = (uint64_t)r;
}
