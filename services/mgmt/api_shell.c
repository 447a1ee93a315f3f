/* SPDX-License-Identifier: MIT */
/*
 * /api/v1/shell: sessions with the VMM's shell. A session's name is a random
 * number that only who opened it knows; its output has positions, so that an
 * answer which was lost can be asked for again:
 *
 *	POST   /api/v1/shell			{"id":"..."}
 *	POST   /api/v1/shell/ID {"text":"..."}	what was typed
 *	GET    /api/v1/shell/ID?after=&wait=	output behind a position
 *	DELETE /api/v1/shell/ID
 */
#include "api.h"
#include "core.h"

#include <abi/mgmt.h>
#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <services/netd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_LEN	32u		/* hexadecimal digits */
#define OUTPUT_MAX	4096u		/* kept until asked for what is behind */
#define INPUT_TEXT_MAX	256u
#define WAIT_MAX_S	20u
#define READER_MAX	((CONFIG_MGMT_SHELLS + 1) / 2)	/* of one session */
/* the core ends a session that is silent for twice as long */
#define WAIT_MAX_MS	(CONFIG_DBGSH_TIMEOUT_S * 1000u / 2)
#define SILENCE_US	(CONFIG_DBGSH_TIMEOUT_S * 1000000ull)

struct shell {
	struct shell *next;
	char name[NAME_LEN + 1];
	uint32_t id;			/* the core's */
	int role;			/* at least this has who uses it */
	uint32_t session;		/* that opened it; 0: a certificate */
	uint64_t start;			/* position of the first byte kept */
	size_t len;
	bool reads, over;
	uint64_t asked;			/* VMM time: last by its client */
	struct mgmt_answer *waiter;	/* the newest */
	char output[OUTPUT_MAX];
};

static struct shell *shells;

/* A question that waits; the shell may be gone by then. */
struct wait {
	char name[NAME_LEN + 1];
};

static struct shell *shell_of(const struct mgmt_request *r,
			      struct mgmt_answer *a)
{
	const char *name = strrchr(r->path, '/') + 1;
	struct shell *s = shells;

	while (s && strcmp(s->name, name))
		s = s->next;
	if (s && r->role >= s->role) {
		s->asked = sys_time();
		return s;
	}
	api_error(a, 404, "there is no such session");
	return NULL;
}

/* ---- to and from the core ---- */

static int ask(enum mgmt_shell_operation what, struct mgmt_shell *shell,
	       void *data, size_t len, bool writable)
{
	struct msg_buf bufs[2] = {
		{ .base = shell, .len = sizeof(*shell), .writable = 1 },
		{ .base = data, .len = (uint32_t)len, .writable = writable },
	};

	return core_ask(MGMT_SHELL_HANDLER, what, bufs, data ? 2 : 1);
}

/* More output, as far as there is room for it. */
static void pull(struct shell *s)
{
	struct mgmt_shell what = { .id = s->id };
	int n;

	if (s->over || s->len == sizeof(s->output))
		return;
	n = ask(MGMT_SHELL_READ, &what, s->output + s->len,
		sizeof(s->output) - s->len, true);
	if (n < 0) {
		s->over = true;
		return;
	}
	s->len += (size_t)n;
	s->reads = what.state & MGMT_SHELL_READS;
}

static void forget(struct shell *s)
{
	struct mgmt_shell what = { .id = s->id };
	struct shell **link = &shells;

	ask(MGMT_SHELL_CLOSE, &what, NULL, 0, false);
	while (*link != s)
		link = &(*link)->next;
	*link = s->next;
	free(s);
}

/* ---- open, type, close ---- */

/*
 * Those whose client has gone, too: the core ends what nobody asks for, but
 * asking it whether it did so counts.
 */
static void forget_those_that_ended(void)
{
	uint64_t now = sys_time();
	struct shell *s, *next;

	for (s = shells; s; s = next) {
		next = s->next;
		pull(s);
		if (!s->waiter && (s->over || now - s->asked >= SILENCE_US))
			forget(s);
	}
}

static void end(struct shell *s)
{
	struct mgmt_answer *waiter = s->waiter;

	forget(s);
	if (waiter)
		mgmt_stream_wake(waiter);
}

void api_shell_logged_out(uint32_t session)
{
	struct shell *s = shells;

	while (s) {
		if (session && s->session == session) {
			end(s);
			s = shells;	/* others may have gone with it */
		} else {
			s = s->next;
		}
	}
}

/* A session that may only look has half of them: its oldest makes room. */
static void stay_within_share(const struct mgmt_request *r)
{
	struct shell *oldest = NULL;
	unsigned int n = 0;

	for (struct shell *s = shells; s; s = s->next) {
		if (s->session != r->session || s->role >= MGMT_OPERATE)
			continue;
		oldest = s;
		n++;
	}
	if (n >= READER_MAX)
		end(oldest);
}

/* The oldest one of somebody who may only look; false: there is none. */
static bool make_room(void)
{
	struct shell *oldest = NULL;

	for (struct shell *s = shells; s; s = s->next)
		if (s->role < MGMT_OPERATE)
			oldest = s;
	if (oldest)
		end(oldest);
	return oldest != NULL;
}

/* Who may do more does not wait for who may only look. */
static int open_shell(struct mgmt_shell *what)
{
	int error = ask(MGMT_SHELL_OPEN, what, NULL, 0, false);

	if (error == -EBUSY && what->role == MGMT_SHELL_OPERATE && make_room())
		error = ask(MGMT_SHELL_OPEN, what, NULL, 0, false);
	return error;
}

static void post_shell(const struct mgmt_request *r, struct mgmt_answer *a)
{
	struct mgmt_shell what = {
		.role = r->role >= MGMT_OPERATE ? MGMT_SHELL_OPERATE :
						  MGMT_SHELL_LOOK,
	};
	uint8_t number[NAME_LEN / 2];
	struct shell *s;
	struct json j;
	int error;

	forget_those_that_ended();
	if (r->role < MGMT_OPERATE)
		stay_within_share(r);
	s = calloc(1, sizeof(*s));
	error = s ? open_shell(&what) : -ENOMEM;
	if (error < 0) {
		free(s);
		if (error == -EBUSY)
			api_error(a, 503, "all sessions are in use");
		else
			api_no_answer(a, "the shell", error);
		return;
	}
	s->id = what.id;
	s->asked = sys_time();
	s->session = r->session;
	s->role = what.role == MGMT_SHELL_OPERATE ? MGMT_OPERATE : MGMT_READ;
	mgmt_random(number, sizeof(number));
	for (size_t i = 0; i < sizeof(number); i++)
		snprintf(s->name + 2 * i, 3, "%02x", number[i]);
	s->next = shells;
	shells = s;
	domain_log(LOG_INFO, "mgmt: %s has opened the shell%s", r->peer,
		   s->role == MGMT_READ ? ", to look only" : "");
	api_begin(a, 201);
	api_object(&j, a);
	json_text(&j, "id", s->name);
	json_text(&j, "role", s->role == MGMT_READ ? "read" : "operate");
	json_close(&j);
}

static void post_input(const struct mgmt_request *r, struct mgmt_answer *a)
{
	struct shell *s = shell_of(r, a);
	static char text[INPUT_TEXT_MAX + 1];
	struct input members[] = {
		{ "text", INPUT_TEXT, text, sizeof(text), 0 },
	};
	struct mgmt_shell what;
	struct json j;
	int n;

	if (!s || !api_body(r, a, members, 1, 1))
		return;
	what = (struct mgmt_shell){ .id = s->id };
	n = ask(MGMT_SHELL_WRITE, &what, text, strlen(text), false);
	if (n < 0) {
		api_error(a, 410, "the session has ended");
		return;
	}
	api_answer(&j, a);
	json_number(&j, "taken", (uint64_t)n);
	json_close(&j);
}

static void delete_shell(const struct mgmt_request *r, struct mgmt_answer *a)
{
	struct shell *s = shell_of(r, a);

	if (!s)
		return;
	end(s);
	mgmt_answer_begin(a, 204, NULL);
}

/* ---- output ---- */

/* What is before position after is not asked for again. */
static void drop(struct shell *s, uint64_t after)
{
	size_t n = (size_t)(after - s->start);

	memmove(s->output, s->output + n, s->len - n);
	s->len -= n;
	s->start = after;
}

static void answer(struct shell *s, struct mgmt_answer *a)
{
	static char text[OUTPUT_MAX + 1];
	struct json j;

	/* text is text; what is not, is shown as what it is not */
	for (size_t i = 0; i < s->len; i++) {
		unsigned char c = (unsigned char)s->output[i];

		text[i] = (char)(c && c < 0x80 ? c : '?');
	}
	text[s->len] = '\0';
	api_answer(&j, a);
	json_text(&j, "text", text);
	json_number(&j, "next", s->start + s->len);
	json_bool(&j, "reads", s->reads);
	json_bool(&j, "over", s->over);
	json_close(&j);
}

static void again(const struct mgmt_request *r, struct mgmt_answer *a,
		  void *arg, bool late)
{
	struct wait *w = arg;
	struct shell *s = shell_of(r, a);

	if (s) {
		pull(s);
		if (!s->len && !s->over && !late && s->waiter == a)
			return;
		if (s->waiter == a)
			s->waiter = NULL;
		answer(s, a);
	}
	free(w);
}

static void gone(void *arg)
{
	struct wait *w = arg;

	for (struct shell *s = shells; s; s = s->next)
		if (!strcmp(s->name, w->name))
			s->waiter = NULL;
	free(w);
}

static const struct mgmt_later_ops later = { .again = again, .gone = gone };

static void get_output(const struct mgmt_request *r, struct mgmt_answer *a)
{
	struct shell *s = shell_of(r, a);
	struct mgmt_answer *before;
	uint64_t after = 0, wait = 0;
	struct input members[] = {
		{ "after", INPUT_NUMBER, &after, INT64_MAX, 0 },
		{ "wait", INPUT_NUMBER, &wait, WAIT_MAX_S, 0 },
	};
	struct wait *w;

	if (!s || !api_query(r, a, members, 2))
		return;
	if (after < s->start || after > s->start + s->len) {
		api_error(a, 409, "after: there is no such position any more");
		return;
	}
	drop(s, after);
	pull(s);
	w = wait && !s->len && !s->over && r->method == MGMT_GET ?
		malloc(sizeof(*w)) : NULL;
	if (!w) {
		answer(s, a);
		return;
	}
	memcpy(w->name, s->name, sizeof(w->name));
	before = s->waiter;
	s->waiter = a;
	wait *= 1000;
	mgmt_answer_later(a, &later, w, wait < WAIT_MAX_MS ?
			  (unsigned int)wait : WAIT_MAX_MS);
	if (before)
		mgmt_stream_wake(before);
}

/* ---- routes ---- */

static const struct mgmt_route open_route = {
	.path = "/api/v1/shell", .methods = MGMT_METHODS(MGMT_POST),
	.role = MGMT_READ, .handle = post_shell,
};
MGMT_ROUTE(open_route);

static const struct mgmt_route input_route = {
	.path = "/api/v1/shell/" "*", .methods = MGMT_METHODS(MGMT_POST),
	.role = MGMT_READ, .handle = post_input,
};
MGMT_ROUTE(input_route);

static const struct mgmt_route output_route = {
	.path = "/api/v1/shell/" "*", .methods = MGMT_METHODS(MGMT_GET),
	.role = MGMT_READ, .handle = get_output,
};
MGMT_ROUTE(output_route);

static const struct mgmt_route close_route = {
	.path = "/api/v1/shell/" "*", .methods = MGMT_METHODS(MGMT_DELETE),
	.role = MGMT_READ, .handle = delete_shell,
};
MGMT_ROUTE(close_route);

static int start(void)
{
	return 0;
}

static void events(uint32_t bits)
{
	if (!(bits & MGMT_EVENT_SHELL))
		return;
	for (struct shell *s = shells; s; s = s->next)
		if (s->waiter)
			mgmt_stream_wake(s->waiter);
}

static const struct netd_service shell_service = {
	.name = "shell", .start = start, .events = events,
};
NETD_SERVICE(shell_service);
