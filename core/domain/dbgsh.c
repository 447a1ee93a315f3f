/* SPDX-License-Identifier: MIT */
/*
 * VMM call dbgsh (docs/vmmcall.md): a shell in a domain for a program in the
 * guest, byte by byte. A session belongs to the address space (CR3) that
 * calls. A client that is killed says nothing of it: its session ends after a
 * time of silence, earlier if all are taken or another client has got its
 * address space.
 */
#include "domain.h"
#include "schedule.h"
#include "../x86/cpus.h"
#include "../x86/walk.h"

#include <abi/dbgsh.h>
#include <errno.h>
#include <string.h>
#define LOG_PREFIX "dbgsh: "
#include <tandem/conf.h>
#include <tandem/init.h>
#include <tandem/kconfig.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/vmmcall.h>

#define SESSIONS	CONFIG_DBGSH_SESSIONS
#define REFUSALS	4
#define OUTPUT_SIZE	4096
#define INPUT_SIZE	256
/* silent for so long, a session gives way to a new one ... */
#define SILENT_US	2000000ull
/* ... also to one of the same address space that begins as clients do ... */
#define FRESH_US	10000000ull
/* ... and for so long, to nobody */
#define TIMEOUT_US	(CONFIG_DBGSH_TIMEOUT_S * 1000000ull)
#define CR3_PAGE	0x000ffffffffff000ull

#define WANTS_INPUT	0
#define SESSION_OVER	0x10a
#define NOTHING		0xffffffffull	/* -1 in 32 bits */

struct session {
	bool used;
	uint64_t cr3, client;		/* client: see client_of() */
	uint64_t last_call;
	struct guest_paging paging;	/* at the last call, for debug */
	uint64_t shell;			/* serial; 0: it has ended */
	char out[OUTPUT_SIZE];
	uint32_t out_head, out_tail;	/* counts; tail - head are waiting */
	char in[INPUT_SIZE];
	uint32_t in_head, in_tail;
	uint64_t reader;		/* blocked in ttyin, 0 nobody */
	uint64_t writer;		/* blocked in ttyout */
	struct message write;		/* its message */
	uint32_t written;		/* bytes of it done */
};

static struct session *sessions;
static struct timer silence_timer;

static uint32_t out_room(const struct session *s)
{
	return OUTPUT_SIZE - (s->out_tail - s->out_head);
}

/*
 * Take what fits of the writer's message, behind what was taken of it: its
 * answer, MESSAGE_PENDING while there is more.
 */
static int write_some(struct session *s, const struct message *m)
{
	const struct msg_buf *b = &m->buf[0];

	if (m->type == MSG_INT) {
		if (!out_room(s))
			return MESSAGE_PENDING;
		s->out[s->out_tail++ % OUTPUT_SIZE] = (char)m->value;
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
			s->out[s->out_tail++ % OUTPUT_SIZE] = text[i];
		s->written += n;
	}
	return 0;
}

static int ttyout(struct message *m)
{
	struct session *s = m->sender->session;
	int result;

	if (!s || !s->used || s->writer)
		return -EPIPE;
	if (m->type == MSG_BUF && m->n_bufs != 1)
		return -EINVAL;
	s->written = 0;
	result = write_some(s, m);
	if (result == MESSAGE_PENDING) {
		s->writer = m->sender->serial;
		s->write = *m;
	}
	return result;
}

static int ttyin(struct message *m)
{
	struct session *s = m->sender->session;

	if (!s || !s->used || s->reader)
		return -EPIPE;
	/* whoever asks for what a person types is not one that hangs */
	m->sender->run_us = 0;
	if (s->in_head != s->in_tail)
		return (unsigned char)s->in[s->in_head++ % INPUT_SIZE];
	if (m->type == MSG_INT && m->value == DBGSH_READ_NOW)
		return -EAGAIN;
	s->reader = m->sender->serial;
	return MESSAGE_PENDING;
}

static void cancel(struct domain *sender)
{
	struct session *s = sender->session;

	if (s && s->reader == sender->serial)
		s->reader = 0;
	if (s && s->writer == sender->serial)
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

/* ---- sessions ---- */

/* A program of the session beside its shell, NULL if there is none. */
static struct domain *foreground(const struct session *s)
{
	struct domain *d = domain_list;

	while (d && (d->dying || d->session != s || d->serial == s->shell))
		d = d->next;
	return d;
}

/* End what the shell has started. Its own send gets -ECANCELED. */
static bool end_foreground(struct session *s)
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

static void session_end(struct session *s)
{
	struct domain *shell = domain_find(s->shell);

	if (shell)
		domain_end(shell, -ECANCELED);
	s->shell = 0;
	end_foreground(s);
	memset(s, 0, sizeof(*s));
}

/* Let go of the sessions that nobody has called for too long. */
static void end_silent(struct timer *t)
{
	uint64_t now = time_us(), next = ~0ull;

	for (unsigned int i = 0; i < SESSIONS; i++) {
		struct session *s = &sessions[i];

		if (!s->used)
			continue;
		if (now - s->last_call >= TIMEOUT_US) {
			log_few("a session has ended: no call for %u s",
				CONFIG_DBGSH_TIMEOUT_S);
			session_end(s);
		} else {
			next = MIN(next, s->last_call + TIMEOUT_US);
		}
	}
	if (next != ~0ull)
		timer_arm(t, next);
}

static int start_shell(struct session *s)
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
	return 0;
}

/*
 * Who calls, beside its address space: the number that the client has chosen,
 * 0 for clients that choose none.
 */
static uint64_t client_of(const struct vmmcall_args *a)
{
	if ((uint32_t)a->rcx != DBGSH_CLIENT_MAGIC)
		return 0;
	return 1ull << 32 | (uint32_t)a->rdx;
}

/*
 * The caller's session. One with its address space that is another client's,
 * who must have been killed, is ended: the number tells; without one, the long
 * silence before a call that brings no input, as only a client's first does
 * when the shell has asked for some, or one that was stopped.
 */
static struct session *session_find(const struct vmmcall_args *a)
{
	uint64_t cr3 = a->cr3 & CR3_PAGE, client = client_of(a);

	for (unsigned int i = 0; sessions && i < SESSIONS; i++) {
		struct session *s = &sessions[i];

		if (!s->used || s->cr3 != cr3)
			continue;
		if (s->client == client &&
		    (client || (int32_t)a->rbx != -1 ||
		     time_us() - s->last_call < FRESH_US))
			return s;
		session_end(s);
	}
	return NULL;
}

/*
 * A new session in a free slot, or in that of the session silent for longest.
 * NULL with *why set.
 */
static struct session *session_new(const struct vmmcall_args *a,
				   const char **why)
{
	struct session *s = NULL;
	int e;

	*why = "no memory for a shell\n";
	if (!sessions)
		sessions = mem_alloc(SESSIONS * sizeof(*sessions));
	if (!sessions)
		return NULL;
	for (unsigned int i = 0; i < SESSIONS; i++)
		if (!s || !sessions[i].used ||
		    (s->used && sessions[i].last_call < s->last_call))
			s = &sessions[i];
	if (s->used && time_us() - s->last_call < SILENT_US) {
		*why = "all sessions with the VMM's shell are in use\n";
		return NULL;
	}
	if (s->used)
		session_end(s);
	s->used = true;
	s->cr3 = a->cr3 & CR3_PAGE;
	s->client = client_of(a);
	s->last_call = time_us();
	e = start_shell(s);
	if (e < 0) {
		log_few("the shell cannot start: error %d", e);
		memset(s, 0, sizeof(*s));
		return NULL;
	}
	silence_timer.fn = end_silent;
	if (!silence_timer.armed)
		timer_arm(&silence_timer, s->last_call + TIMEOUT_US);
	return s;
}

static bool reads(const struct session *s)
{
	return domain_find(s->reader);
}

/*
 * ^C: whoever reads has it as a byte. One that does not ends, and what was
 * typed for it and what it has said are of no use any more.
 */
static void input(struct session *s, char c)
{
	struct domain *reader = domain_find(s->reader);

	if (reader) {
		s->reader = 0;
		message_complete(reader, &ttyin_handler, (unsigned char)c);
		return;
	}
	if (c == DBGSH_INTERRUPT_BYTE) {
		s->in_head = s->in_tail;
		if (end_foreground(s)) {
			s->out_head = s->out_tail;
			return;
		}
	}
	if (s->in_tail - s->in_head < INPUT_SIZE)
		s->in[s->in_tail++ % INPUT_SIZE] = c;
}

static void resume_writer(struct session *s)
{
	struct domain *writer = domain_find(s->writer);
	int result = writer ? write_some(s, &s->write) : MESSAGE_PENDING;

	if (result == MESSAGE_PENDING)
		return;
	s->writer = 0;
	message_complete(writer, &ttyout_handler, result);
}

static uint64_t output(struct session *s)
{
	unsigned char c = (unsigned char)s->out[s->out_head++ % OUTPUT_SIZE];

	/* 0 would ask for input: a NUL is not text */
	return c ? c : '?';
}

/* ---- callers that get no shell ---- */

/* What such a caller still has to be told. */
static struct refusal {
	uint64_t cr3, last_call;
	const char *rest;		/* NULL: not in use */
} refusals[REFUSALS];

static struct refusal *refusal_find(uint64_t cr3)
{
	for (unsigned int i = 0; i < REFUSALS; i++) {
		struct refusal *r = &refusals[i];

		if (r->rest && time_us() - r->last_call >= SILENT_US)
			r->rest = NULL;
		if (r->rest && r->cr3 == cr3)
			return r;
	}
	return NULL;
}

/* The next byte of the reason, then the end. */
static uint64_t refuse(struct refusal *r)
{
	r->last_call = time_us();
	if (*r->rest)
		return (unsigned char)*r->rest++;
	r->rest = NULL;
	return SESSION_OVER;
}

/* With many refused at once, some are not told why. */
static uint64_t refuse_new(uint64_t cr3, const char *why)
{
	log_few("refused: %.*s", (int)strlen(why) - 1, why);
	for (unsigned int i = 0; i < REFUSALS; i++) {
		if (refusals[i].rest)
			continue;
		refusals[i].cr3 = cr3;
		refusals[i].rest = why;
		return refuse(&refusals[i]);
	}
	return SESSION_OVER;
}

bool dbgsh_paging(const struct domain *d, struct guest_paging *out)
{
	const struct session *s = d->session;

	if (!s || !s->used)
		return false;
	*out = s->paging;
	return true;
}

/* ---- the call ---- */

static uint64_t exchange(const struct vmmcall_args *a)
{
	int32_t byte = (int32_t)a->rbx;
	struct session *s = session_find(a);
	struct refusal *r = s ? NULL : refusal_find(a->cr3 & CR3_PAGE);
	const char *why = "dbgsh is switched off in this VMM's "
			  "configuration\n";

	if (r)
		return refuse(r);
	if (!s && tandem_conf.number[CONF_DBGSH])
		s = session_new(a, &why);
	if (!s)
		return refuse_new(a->cr3 & CR3_PAGE, why);
	s->last_call = time_us();
	if (IS_ENABLED(CONFIG_DEBUG_PROGRAM))
		guest_paging_of(a->vcpu, &s->paging);
	if (byte >= 0 && byte <= 255)
		input(s, (char)byte);
	if (s->out_head == s->out_tail)
		domains_run(this_cpu());
	resume_writer(s);
	if (s->out_head != s->out_tail)
		return output(s);
	if (!domain_find(s->shell)) {
		session_end(s);
		return SESSION_OVER;
	}
	return reads(s) ? WANTS_INPUT : NOTHING;
}

struct call {
	const struct vmmcall_args *args;
	uint64_t result;
};

static void run_call(void *arg)
{
	struct call *c = arg;

	c->result = exchange(c->args);
}

static uint64_t dbgsh(const struct vmmcall_args *a)
{
	struct call c = { .args = a };

	cpu_call_first(run_call, &c);
	return c.result;
}
VMMCALL("dbgsh", CONFIG_VMMCALL_DBGSH_ACCESS, dbgsh);
