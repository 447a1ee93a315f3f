/* SPDX-License-Identifier: MIT */
/*
 * Sessions of the VMM's shell for the management service (abi/mgmt.h): netd
 * opens them for somebody who logged in, and moves bytes. Nothing here waits;
 * an event bit tells netd when it is worth to look.
 */
#include "tty_session.h"

#include <abi/mgmt.h>
#include <errno.h>
#include <string.h>
#define LOG_PREFIX "session: "
#include <tandem/log.h>
#include <tandem/mem.h>

#define SESSIONS	CONFIG_MGMT_SHELLS
#define TIMEOUT_US	(CONFIG_DBGSH_TIMEOUT_S * 1000000ull)

struct session {
	uint32_t id;			/* 0: not in use */
	uint64_t owner;			/* serial of the netd that opened it */
	uint64_t last_call;
	struct tty_session tty;
};

static struct session *sessions;	/* from the first on that is opened */
static struct timer silence_timer;
static uint32_t last_id;

static void news(struct tty_session *t)
{
	const struct session *s = container_of(t, struct session, tty);
	struct domain *owner = domain_find(s->owner);

	if (owner)
		domain_signal(owner, MGMT_EVENT_SHELL);
}

static void end(struct session *s)
{
	s->tty.news = NULL;
	tty_session_end(&s->tty);
	memset(s, 0, sizeof(*s));
}

/* End those that nobody asks for any more. */
static void look(struct timer *t)
{
	uint64_t now = time_us(), next = ~0ull;

	for (unsigned int i = 0; i < SESSIONS; i++) {
		struct session *s = &sessions[i];

		if (!s->id)
			continue;
		if (!domain_find(s->owner)) {
			end(s);
		} else if (now - s->last_call >= TIMEOUT_US) {
			log_few("session %u has ended: not asked for in %u s",
				s->id, CONFIG_DBGSH_TIMEOUT_S);
			news(&s->tty);
			end(s);
		} else {
			next = MIN(next, s->last_call + TIMEOUT_US);
		}
	}
	if (next != ~0ull)
		timer_arm(t, next);
}

/* Not at once: who ends may be in the middle of ending others. */
void mgmt_session_service_ended(const struct domain *d)
{
	for (unsigned int i = 0; sessions && i < SESSIONS; i++)
		if (sessions[i].id && sessions[i].owner == d->serial)
			timer_arm(&silence_timer, time_us());
}

static struct session *find(const struct domain *owner, uint32_t id)
{
	for (unsigned int i = 0; sessions && id && i < SESSIONS; i++)
		if (sessions[i].id == id && sessions[i].owner == owner->serial)
			return &sessions[i];
	return NULL;
}

static int open(struct domain *owner, struct mgmt_shell *what)
{
	struct session *s = NULL;
	int e;

	if (what->role != MGMT_SHELL_OPERATE && what->role != MGMT_SHELL_LOOK)
		return -EINVAL;
	if (!sessions)
		sessions = mem_alloc(SESSIONS * sizeof(*sessions));
	if (!sessions)
		return -ENOMEM;
	for (unsigned int i = 0; i < SESSIONS && !s; i++)
		if (!sessions[i].id)
			s = &sessions[i];
	if (!s)
		return -EBUSY;
	s->owner = owner->serial;
	s->last_call = time_us();
	s->tty.look = what->role == MGMT_SHELL_LOOK;
	s->tty.news = news;
	e = tty_session_start(&s->tty);
	if (e < 0) {
		log_few("the shell cannot start: error %d", e);
		memset(s, 0, sizeof(*s));
		return e;
	}
	if (!++last_id)
		last_id++;
	s->id = what->id = last_id;
	silence_timer.fn = look;
	if (!silence_timer.armed)
		timer_arm(&silence_timer, s->last_call + TIMEOUT_US);
	return 0;
}

/* No more at once than fit: ^C makes room, again and again. */
static int write(struct session *s, struct domain *from,
		 const struct msg_buf *b)
{
	uint32_t len = MIN(b->len, TTY_INPUT_SIZE), done = 0;

	if (!tty_session_runs(&s->tty))
		return -EPIPE;
	while (done < len) {
		char c;

		if (domain_copy_in(from, &c, (const char *)b->base + done, 1))
			return -EFAULT;
		if (!tty_session_type(&s->tty, c))
			break;
		done++;
	}
	return (int)done;
}

/* What there is, and what a program that waited for room has to say then. */
static int read(struct session *s, struct domain *to, const struct msg_buf *b)
{
	char text[128];
	uint32_t done = 0;

	while (done < b->len && tty_session_has_output(&s->tty)) {
		uint32_t n = 0;

		while (n < MIN(sizeof(text), b->len - done) &&
		       tty_session_has_output(&s->tty))
			text[n++] = (char)tty_session_output(&s->tty);
		if (domain_copy_out(to, (char *)b->base + done, text, n))
			return -EFAULT;
		done += n;
		tty_session_resume_writer(&s->tty);
	}
	if (!done && !tty_session_runs(&s->tty))
		return -EPIPE;
	return (int)done;
}

static int on_session(struct message *m, struct mgmt_shell *what)
{
	struct session *s = find(m->sender, what->id);
	int result;

	if (!s)
		return -ENOENT;
	s->last_call = time_us();
	switch (m->value) {
	case MGMT_SHELL_WRITE:
		return m->n_bufs == 2 ? write(s, m->sender, &m->buf[1]) :
					-EINVAL;
	case MGMT_SHELL_READ:
		if (m->n_bufs != 2 || !m->buf[1].writable)
			return -EINVAL;
		result = read(s, m->sender, &m->buf[1]);
		what->state = tty_session_reads(&s->tty) ? MGMT_SHELL_READS : 0;
		return result;
	case MGMT_SHELL_CLOSE:
		end(s);
		return 0;
	default:
		return -EINVAL;
	}
}

static int session_message(struct message *m)
{
	struct mgmt_shell what;
	int result;

	if (m->type != MSG_BUF || m->n_bufs < 1 || !m->buf[0].writable ||
	    m->buf[0].len != sizeof(what))
		return -EINVAL;
	if (domain_copy_in(m->sender, &what, m->buf[0].base, sizeof(what)))
		return -EFAULT;
	result = m->value == MGMT_SHELL_OPEN ? open(m->sender, &what) :
					       on_session(m, &what);
	if (domain_copy_out(m->sender, m->buf[0].base, &what, sizeof(what)))
		return -EFAULT;
	return result;
}

static const struct message_handler session_handler = {
	.name = MGMT_SHELL_HANDLER, .fn = session_message, .service = "netd",
};
MESSAGE_HANDLER(session_handler);
