/* SPDX-License-Identifier: MIT */
/*
 * What every session of the VMM's shell has: the two handlers that the shell
 * and its programs read and write through, and the end of what they run.
 */
#include "tty_session.h"

#include <abi/dbgsh.h>
#include <errno.h>
#include <string.h>
#include <tandem/mem.h>

static uint32_t out_room(const struct tty_session *s)
{
	return TTY_OUTPUT_SIZE - (s->out_tail - s->out_head);
}

static void tell(struct tty_session *s)
{
	if (s->news)
		s->news(s);
}

/*
 * Take what fits of the writer's message, behind what was taken of it: its
 * answer, MESSAGE_PENDING while there is more.
 */
static int write_some(struct tty_session *s, const struct message *m)
{
	const struct msg_buf *b = &m->buf[0];

	if (m->type == MSG_INT) {
		if (!out_room(s))
			return MESSAGE_PENDING;
		s->out[s->out_tail++ % TTY_OUTPUT_SIZE] = (char)m->value;
		return 0;
	}
	while (s->written < b->len) {
		char text[64];
		uint32_t n = MIN(b->len - s->written, sizeof(text));

		n = MIN(n, out_room(s));
		if (!n)
			return MESSAGE_PENDING;
		if (domain_copy_in(m->sender, text,
				   (char *)b->base + s->written, n))
			return -EFAULT;
		for (uint32_t i = 0; i < n; i++)
			s->out[s->out_tail++ % TTY_OUTPUT_SIZE] = text[i];
		s->written += n;
	}
	return 0;
}

static int ttyout(struct message *m)
{
	struct tty_session *s = m->sender->session;
	int result;

	if (!s || !s->open || s->writer)
		return -EPIPE;
	if (m->type == MSG_BUF && m->n_bufs != 1)
		return -EINVAL;
	s->written = 0;
	result = write_some(s, m);
	if (result == MESSAGE_PENDING) {
		s->writer = m->sender->serial;
		s->write = *m;
	}
	tell(s);
	return result;
}

static int ttyin(struct message *m)
{
	struct tty_session *s = m->sender->session;

	if (!s || !s->open || s->reader)
		return -EPIPE;
	/* whoever asks for what a person types is not one that hangs */
	m->sender->run_us = 0;
	if (s->in_head != s->in_tail)
		return (unsigned char)s->in[s->in_head++ % TTY_INPUT_SIZE];
	if (m->type == MSG_INT && m->value == DBGSH_READ_NOW)
		return -EAGAIN;
	s->reader = m->sender->serial;
	tell(s);
	return MESSAGE_PENDING;
}

static void cancel(struct domain *sender)
{
	struct tty_session *s = sender->session;

	if (!s)
		return;
	if (s->reader == sender->serial)
		s->reader = 0;
	if (s->writer == sender->serial)
		s->writer = 0;
}

static const struct message_handler ttyin_handler = {
	.name = "dbgsh_ttyin", .fn = ttyin, .cancel = cancel, .hidden = true,
};
MESSAGE_HANDLER(ttyin_handler);

static const struct message_handler ttyout_handler = {
	.name = "dbgsh_ttyout", .fn = ttyout, .cancel = cancel, .hidden = true,
};
MESSAGE_HANDLER(ttyout_handler);

/* ---- what runs in it ---- */

/* A program of the session beside its shell, NULL if there is none. */
static struct domain *foreground(const struct tty_session *s)
{
	struct domain *d = domain_list;

	while (d && (d->dying || d->session != s || d->serial == s->shell))
		d = d->next;
	return d;
}

/* End what the shell has started. Its own send gets -ECANCELED. */
static bool end_foreground(struct tty_session *s)
{
	struct domain *d;
	bool found = false;

	while ((d = foreground(s))) {
		/* the one that the shell waits for takes the others along */
		for (struct domain *o = d; o; o = o->next)
			if (!o->dying && o->session == s && s->shell &&
			    o->act[0].caller == s->shell)
				d = o;
		domain_end(d, -ECANCELED);
		found = true;
	}
	return found;
}

void tty_session_end(struct tty_session *s)
{
	struct domain *shell = domain_find(s->shell);

	if (shell)
		domain_end(shell, -ECANCELED);
	s->shell = 0;
	end_foreground(s);
	memset(s, 0, sizeof(*s));
}

int tty_session_start(struct tty_session *s)
{
	struct message m = { .type = MSG_INT };
	struct domain *shell;
	int e;

	shell = domain_create("shell", KIB(CONFIG_DOMAIN_MEMORY_KIB), &e);
	if (!shell)
		return e;
	shell->session = s;
	domain_add_descriptor(shell, (struct descriptor){
		.type = DESC_CORE, .core = &ttyin_handler });
	domain_add_descriptor(shell, (struct descriptor){
		.type = DESC_CORE, .core = &ttyout_handler });
	e = domain_start(shell, NULL, &m);
	if (e < 0) {
		domain_end(shell, e);
		return e;
	}
	s->shell = shell->serial;
	s->open = true;
	return 0;
}

/* ---- its owner's side ---- */

bool tty_session_type(struct tty_session *s, char c)
{
	struct domain *reader = domain_find(s->reader);

	if (reader) {
		s->reader = 0;
		message_complete(reader, &ttyin_handler, (unsigned char)c);
		return true;
	}
	if (c == DBGSH_INTERRUPT_BYTE) {
		s->in_head = s->in_tail;
		if (end_foreground(s)) {
			s->out_head = s->out_tail;
			return true;
		}
	}
	if (s->in_tail - s->in_head == TTY_INPUT_SIZE)
		return false;
	s->in[s->in_tail++ % TTY_INPUT_SIZE] = c;
	return true;
}

void tty_session_resume_writer(struct tty_session *s)
{
	struct domain *writer = domain_find(s->writer);
	int result = writer ? write_some(s, &s->write) : MESSAGE_PENDING;

	if (result == MESSAGE_PENDING)
		return;
	s->writer = 0;
	message_complete(writer, &ttyout_handler, result);
}

bool tty_session_reads(const struct tty_session *s)
{
	return domain_find(s->reader);
}

bool tty_session_runs(const struct tty_session *s)
{
	return domain_find(s->shell);
}

void tty_session_left(const struct domain *d)
{
	struct tty_session *s = d->session;

	if (s->shell == d->serial)
		tell(s);
}

bool tty_session_allows(const struct domain *d, const char *program)
{
	/* they tell, and change nothing */
	static const char *const harmless[] = {
		"config", "exits", "help", "log", "net", "ps", "version",
	};
	const struct tty_session *s = d->session;

	if (!s || !s->look)
		return true;
	for (unsigned int i = 0; i < ARRAY_SIZE(harmless); i++)
		if (!strcmp(program, harmless[i]))
			return true;
	return false;
}
