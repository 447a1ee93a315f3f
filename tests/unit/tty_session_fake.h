/* SPDX-License-Identifier: MIT */
/*
 * What sessions of the shell need of the core: domains that are structs and do
 * nothing, and a clock. Included behind the sources under test, which share
 * their static functions with it; the test plays the shell and its programs.
 */
#ifndef TTY_SESSION_FAKE_H
#define TTY_SESSION_FAKE_H

static unsigned int checks;

static uint64_t now = 1000000;
static struct timer *armed;
static uint64_t last_serial;
static bool no_domain;
static struct { uint64_t serial; int value; } completed;

struct domain *domain_list;

struct domain *domain_find(uint64_t serial)
{
	struct domain *d = domain_list;

	while (d && (d->serial != serial || d->dying))
		d = d->next;
	return d;
}

struct domain *domain_create(const char *name, uint64_t heap __unused,
			     int *error)
{
	struct domain *d = no_domain ? NULL : calloc(1, sizeof(*d));

	*error = -ENOMEM;
	if (!d)
		return NULL;
	snprintf(d->name, sizeof(d->name), "%s", name);
	d->serial = ++last_serial;
	d->depth = 1;
	d->next = domain_list;
	domain_list = d;
	return d;
}

int domain_add_descriptor(struct domain *d __unused,
			  struct descriptor desc __unused)
{
	return 0;
}

int domain_start(struct domain *d, struct domain *sender,
		 const struct message *m __unused)
{
	d->act[0].state = ACT_RUN;
	if (sender)
		d->act[0].caller = sender->serial;
	return 0;
}

void message_complete(struct domain *sender, const struct message_handler *h,
		      int value)
{
	CHECK(h == &ttyin_handler || h == &ttyout_handler);
	completed.serial = sender->serial;
	completed.value = value;
}

void domain_end(struct domain *d, int status)
{
	struct domain **p = &domain_list;

	d->dying = true;
	for (struct domain *c = domain_list; c; c = c->next) {
		if (!c->dying && c->act[0].caller == d->serial) {
			domain_end(c, -ECANCELED);
			c = domain_list;
		}
	}
	cancel(d);
	if (domain_find(d->act[0].caller)) {
		completed.serial = d->act[0].caller;
		completed.value = status;
	}
	while (*p != d)
		p = &(*p)->next;
	*p = d->next;
	free(d);
}

static const char *unmapped;

int domain_copy_in(struct domain *d __unused, void *dst, const void *user,
		   size_t len)
{
	if (user == unmapped)
		return -EFAULT;
	memcpy(dst, user, len);
	return 0;
}

uint64_t time_us(void)
{
	return now;
}

void timer_arm(struct timer *t, uint64_t deadline)
{
	t->deadline = deadline;
	t->armed = true;
	armed = t;
}

void *mem_alloc(size_t size)
{
	return calloc(1, size);
}

void log_msg(enum log_level level __unused, const char *fmt __unused, ...)
{
}

static unsigned int domains(void)
{
	unsigned int n = 0;

	for (struct domain *d = domain_list; d; d = d->next)
		n++;
	return n;
}

static int reads_now(struct domain *d, int how)
{
	struct message m = {
		.sender = d, .type = MSG_INT, .value = how,
	};

	return ttyin(&m);
}

static int writes(struct domain *d, const char *text, uint32_t len)
{
	struct message m = {
		.sender = d, .type = MSG_BUF, .n_bufs = 1,
		.buf = { { .base = (void *)text, .len = len } },
	};

	return ttyout(&m);
}

/* As the shell starts a program and waits for it. */
static struct domain *program_of(struct domain *shell)
{
	struct message m = { .type = MSG_INT };
	int e;
	struct domain *d = domain_create("program", 0, &e);

	d->session = shell->session;
	domain_start(d, shell, &m);
	return d;
}

static void time_passes(uint64_t us)
{
	now += us;
	while (armed && armed->armed && armed->deadline <= now) {
		armed->armed = false;
		armed->fn(armed);
	}
}

#endif
