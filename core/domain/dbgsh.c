/* SPDX-License-Identifier: MIT */
/*
 * VMM call dbgsh (docs/vmmcall.md): a shell in a domain for a program in the
 * guest, byte by byte. A session belongs to the address space (CR3) that
 * calls; when all are taken, the one silent for longest is given up.
 */
#include "domain.h"
#include "schedule.h"
#include "../x86/cpus.h"

#include <errno.h>
#include <string.h>
#define LOG_PREFIX "dbgsh: "
#include <tandem/init.h>
#include <tandem/kconfig.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/vmmcall.h>

#define SESSIONS	4
#define OUTPUT_SIZE	4096
#define INPUT_SIZE	256
/* silent for so long, a session gives way to a new one */
#define SILENT_US	2000000ull
#define CR3_PAGE	0x000ffffffffff000ull

#define WANTS_INPUT	0
#define SESSION_OVER	0x10a
#define NOTHING		0xffffffffull	/* -1 in 32 bits */

struct session {
	bool used;
	uint64_t cr3, last_call;
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

static uint32_t out_room(const struct session *s)
{
	return OUTPUT_SIZE - (s->out_tail - s->out_head);
}

/* Take what fits of the writer's message; true when all of it is in. */
static bool write_some(struct session *s, struct message *m, uint32_t *done)
{
	const struct msg_buf *b = &m->buf[0];

	if (m->type == MSG_INT) {
		if (!out_room(s))
			return false;
		s->out[s->out_tail++ % OUTPUT_SIZE] = (char)m->value;
		return true;
	}
	while (*done < b->len && out_room(s)) {
		char text[64];
		uint32_t n = MIN(b->len - *done, sizeof(text));

		n = MIN(n, out_room(s));
		if (domain_copy_in(m->sender, text, (char *)b->base + *done, n))
			return true;
		for (uint32_t i = 0; i < n; i++)
			s->out[s->out_tail++ % OUTPUT_SIZE] = text[i];
		*done += n;
	}
	return *done == b->len;
}

static int ttyout(struct message *m)
{
	struct session *s = m->sender->session;

	if (!s || !s->used || s->writer)
		return -EPIPE;
	if (m->type == MSG_BUF && m->n_bufs != 1)
		return -EINVAL;
	s->written = 0;
	if (write_some(s, m, &s->written))
		return 0;
	s->writer = m->sender->serial;
	s->write = *m;
	return MESSAGE_PENDING;
}

static int ttyin(struct message *m)
{
	struct session *s = m->sender->session;

	if (!s || !s->used || s->reader)
		return -EPIPE;
	if (s->in_head != s->in_tail)
		return (unsigned char)s->in[s->in_head++ % INPUT_SIZE];
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

static void session_end(struct session *s)
{
	struct domain *shell = domain_find(s->shell);

	if (shell)
		domain_end(shell, -ECANCELED);
	memset(s, 0, sizeof(*s));
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
 * The caller's session, or a new one in a free slot, or in that of the session
 * silent for longest: a client that was killed says nothing more.
 */
static struct session *session_get(uint64_t cr3)
{
	struct session *s = NULL;
	uint64_t now = time_us();
	int e;

	for (unsigned int i = 0; i < SESSIONS; i++)
		if (sessions[i].used && sessions[i].cr3 == cr3)
			return &sessions[i];
	for (unsigned int i = 0; i < SESSIONS; i++)
		if (!s || !sessions[i].used ||
		    (s->used && sessions[i].last_call < s->last_call))
			s = &sessions[i];
	if (s->used && now - s->last_call < SILENT_US)
		return NULL;
	if (s->used)
		session_end(s);
	s->used = true;
	s->cr3 = cr3;
	e = start_shell(s);
	if (e < 0) {
		log_error("the shell cannot start: error %d", e);
		s->used = false;
		return NULL;
	}
	return s;
}

static void input(struct session *s, char c)
{
	struct domain *reader = domain_find(s->reader);

	if (reader) {
		s->reader = 0;
		message_complete(reader, &ttyin_handler, (unsigned char)c);
	} else if (s->in_tail - s->in_head < INPUT_SIZE) {
		s->in[s->in_tail++ % INPUT_SIZE] = c;
	}
}

static void resume_writer(struct session *s)
{
	struct domain *writer = domain_find(s->writer);

	if (writer && write_some(s, &s->write, &s->written)) {
		s->writer = 0;
		message_complete(writer, &ttyout_handler, 0);
	}
}

static uint64_t output(struct session *s)
{
	unsigned char c = (unsigned char)s->out[s->out_head++ % OUTPUT_SIZE];

	/* 0 would ask for input: a NUL is not text */
	return c ? c : '?';
}

/*
 * For a caller that does not get a shell: the reason, then the end. Until all
 * of it is told, every caller hears it.
 */
static const char *refusal;

static uint64_t refuse(const char *text)
{
	if (!refusal) {
		log_warn("%s", text);
		refusal = text;
	}
	if (*refusal)
		return (unsigned char)*refusal++;
	refusal = NULL;
	return SESSION_OVER;
}

static uint64_t exchange(const struct vmmcall_args *a)
{
	int32_t byte = (int32_t)a->rbx;
	struct session *s;

	if (!IS_ENABLED(CONFIG_DBGSH))
		return refuse("dbgsh is switched off in this VMM's "
			      "configuration");
	if (refusal)
		return refuse(refusal);
	if (!sessions)
		sessions = mem_alloc(SESSIONS * sizeof(*sessions));
	s = sessions ? session_get(a->cr3 & CR3_PAGE) : NULL;
	if (!s)
		return refuse("no memory or no free session for a shell");
	s->last_call = time_us();
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
	return domain_find(s->reader) ? WANTS_INPUT : NOTHING;
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
