/* SPDX-License-Identifier: MIT */
/*
 * What the core offers to the shell's programs by msgopen: the log and, for
 * debugging, the end of a domain.
 */
#include "domain.h"
#include "../log.h"

#include <errno.h>
#include <string.h>
#include <tandem/kconfig.h>
#include <tandem/log.h>
#include <tandem/mem.h>

/* Answer with text in the sender's first buffer: its length. */
static int reply(struct message *m, const char *text, size_t len)
{
	if (m->type != MSG_BUF || m->n_bufs < 1 || !m->buf[0].writable)
		return -EINVAL;
	len = MIN(len, m->buf[0].len);
	if (domain_copy_out(m->sender, m->buf[0].base, text, len))
		return -EFAULT;
	return (int)len;
}

/* buf 0: text, writable; buf 1: position, 64 bits, read and written */
static int log_message(struct message *m, bool previous)
{
	uint64_t position;
	char text[512];
	size_t len;
	int n;

	if (m->type != MSG_BUF || m->n_bufs != 2 ||
	    m->buf[1].len != sizeof(position))
		return -EINVAL;
	if (domain_copy_in(m->sender, &position, m->buf[1].base,
			   sizeof(position)))
		return -EFAULT;
	len = MIN(sizeof(text), m->buf[0].len);
	n = previous ? log_read_previous(&position, text, len) :
		       (int)log_read(&position, text, len);
	if (n < 0)
		return n;
	if (domain_copy_out(m->sender, m->buf[1].base, &position,
			    sizeof(position)))
		return -EFAULT;
	return reply(m, text, (size_t)n);
}

static int log_read_message(struct message *m)
{
	return log_message(m, false);
}

/* of the boot before; -ENOENT if there is none */
static int log_previous_message(struct message *m)
{
	return log_message(m, true);
}

static const struct message_handler log_handler = {
	.name = "log_read", .fn = log_read_message,
};
MESSAGE_HANDLER(log_handler);

static const struct message_handler log_previous_handler = {
	.name = "log_previous", .fn = log_previous_message,
};
MESSAGE_HANDLER(log_previous_handler);

/* A number as `ps` shows them; 0: name is none. */
static uint64_t number_of(const char *name)
{
	uint64_t n = 0;

	for (const char *p = name; *p; p++) {
		if (*p < '0' || *p > '9' || p - name > 17)
			return 0;
		n = n * 10 + (uint64_t)(*p - '0');
	}
	return n;
}

/* The domain of that number, else the newest of that name. */
static struct domain *domain_named(const char *name)
{
	struct domain *d = domain_find(number_of(name));

	if (d)
		return d;
	for (d = domain_list; d; d = d->next)
		if (!d->dying && !strcmp(d->name, name))
			return d;
	return NULL;
}

/*
 * For leak tests, struct domain_counts: what there is, counted from the page
 * tables and the descriptors themselves.
 */
static int counts_message(struct message *m)
{
	struct domain_counts c = { .free = pages_free_count() };

	if (!IS_ENABLED(CONFIG_DEBUG_COMMANDS))
		return -EPERM;
	for (struct domain *d = domain_list; d; d = d->next) {
		c.domains++;
		c.handlers += d->n_handlers;
		c.accounted += d->pages;
		space_count(d, &c);
		for (unsigned int i = 0; i < ARRAY_SIZE(d->desc); i++)
			c.descriptors += d->desc[i].type != DESC_FREE;
	}
	return reply(m, (const char *)&c, sizeof(c));
}

static const struct message_handler counts_handler = {
	.name = "domain_counts", .fn = counts_message,
};
MESSAGE_HANDLER(counts_handler);

/* buf 0: the program's name or number. Services start again by themselves. */
static int kill_message(struct message *m)
{
	char name[MSG_NAME_MAX] = "";
	struct domain *d;

	if (!IS_ENABLED(CONFIG_DEBUG_COMMANDS))
		return -EPERM;
	if (m->type != MSG_BUF || m->n_bufs < 1 ||
	    m->buf[0].len >= sizeof(name))
		return -EINVAL;
	if (domain_copy_in(m->sender, name, m->buf[0].base, m->buf[0].len))
		return -EFAULT;
	d = domain_named(name);
	if (!d)
		return -ENOENT;
	if (d == m->sender)
		return -EINVAL;
	domain_kill(d, "by the kill command");
	return 0;
}

static const struct message_handler kill_handler = {
	.name = "domain_kill", .fn = kill_message,
};
MESSAGE_HANDLER(kill_handler);
