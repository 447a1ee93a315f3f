/* SPDX-License-Identifier: MIT */
/*
 * VMM call dbgsh (docs/vmmcall.md): a shell in a domain (tty_session.h) for a
 * program in the guest, byte by byte. A session belongs to the address space (CR3) that
 * calls. A client that is killed says nothing of it: its session ends after a
 * time of silence, earlier if all are taken or another client has got its
 * address space.
 */
#include "schedule.h"
#include "tty_session.h"
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
	struct tty_session tty;
};

static struct session *sessions;
static struct timer silence_timer;

static void session_end(struct session *s)
{
	tty_session_end(&s->tty);
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
	s->tty.guest = true;
	e = tty_session_start(&s->tty);
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

static uint64_t output(struct session *s)
{
	unsigned char c = tty_session_output(&s->tty);

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
	const struct tty_session *t = d->session;

	if (!t || !t->open || !t->guest)
		return false;
	*out = container_of(t, const struct session, tty)->paging;
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
		tty_session_type(&s->tty, (char)byte);
	if (!tty_session_has_output(&s->tty))
		domains_run(this_cpu());
	tty_session_resume_writer(&s->tty);
	if (tty_session_has_output(&s->tty))
		return output(s);
	if (!tty_session_runs(&s->tty)) {
		session_end(s);
		return SESSION_OVER;
	}
	return tty_session_reads(&s->tty) ? WANTS_INPUT : NOTHING;
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
