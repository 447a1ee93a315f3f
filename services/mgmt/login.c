/* SPDX-License-Identifier: MIT */
/*
 * /api/v1/session: logging in, who one is, logging out. A password takes a long
 * time to check, on purpose, and netd has one thread: checks wait in a short
 * line, and the first one goes forward for a few milliseconds at a time, with
 * packets in between.
 */
#include "api.h"
#include "attempts.h"
#include "auth.h"
#include "input.h"
#include "password.h"
#include "peer.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <lwip/timeouts.h>
#include <mbedtls/platform_util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PASSWORD_MAX	128u
#define LINE_MAX	4u		/* checks at once */
#define LINE_STRANGERS	3u		/* of them, of addresses not known yet */
#define SLICE_US	5000u
#define STEP		32u		/* iterations between looks at time */
#define PAUSE_MS	2u
#define PATIENCE_MS	25000u		/* for a check to end */

/* A password that is being compared, first with operate's, then read's. */
struct login {
	struct login *next;
	struct mgmt_answer *answer;
	char peer[NETD_IP_MAX];
	char password[PASSWORD_MAX + 1];
	bool bearer, begun, done;
	int role;			/* the one it is tried for; found */
	struct password_hash hash;
	struct password_check check;
};

static struct login *line;		/* the first is being worked at */
static bool timer_runs;			/* slice() will be called */

/* ---- the work ---- */

static void forget(struct login *l)
{
	struct login **link = &line;

	while (*link && *link != l)
		link = &(*link)->next;
	if (*link)
		*link = l->next;
	mbedtls_platform_zeroize(l, sizeof(*l));
	free(l);
}

static bool hash_of(int role, struct password_hash *h)
{
	const struct mgmt_settings *s = mgmt_settings();

	return !password_parse(role == MGMT_OPERATE ? s->password :
			       s->password_read, h);
}

/* To the next role that has a password; false: there is none. */
static bool next_role(struct login *l)
{
	while (l->role > MGMT_OPEN) {
		if (hash_of(l->role, &l->hash)) {
			password_begin(&l->check, &l->hash, l->password,
				       strlen(l->password));
			return true;
		}
		l->role--;
	}
	return false;
}

/* Some iterations; sets done when it is known what l may do. */
static void work(struct login *l)
{
	if (!l->begun) {
		l->begun = true;
		l->role = MGMT_OPERATE;
		l->done = !next_role(l);
	} else if (password_step(&l->check, STEP)) {
		l->done = password_is_right(&l->check, &l->hash);
		if (!l->done) {
			l->role--;
			l->done = !next_role(l);
		}
	}
}

static struct login *first_undone(void)
{
	struct login *l = line;

	while (l && l->done)
		l = l->next;
	return l;
}

static void slice(void *unused);

/* One timer at a time, however many come and go. */
static void go_on(void)
{
	if (!timer_runs)
		sys_timeout(PAUSE_MS, slice, NULL);
	timer_runs = true;
}

static void slice(void *unused)
{
	uint64_t end = sys_time() + SLICE_US;
	struct login *l = first_undone();

	(void)unused;
	timer_runs = false;
	while (l && !l->done && sys_time() < end)
		work(l);
	if (l && l->done)
		mgmt_stream_wake(l->answer);	/* l may be gone now */
	if (first_undone())
		go_on();
}

/* ---- the answer ---- */

static void too_early(struct mgmt_answer *a, uint32_t seconds)
{
	char text[16];

	auth_counts.delayed++;
	snprintf(text, sizeof(text), "%u", seconds);
	api_error_with(a, 429, "too many wrong passwords: wait",
		       "Retry-After", text);
}

static void describe(struct json *j, const struct mgmt_request *r,
		     const struct session *s, int role)
{
	char csrf[SESSION_CSRF_TEXT];

	json_text(j, "role", auth_role_name(role));
	json_text(j, "by", r->client_certificate ? "certificate" : !s ? "none" :
		  s->kind == SESSION_COOKIE ? "cookie" : "token");
	json_bool(j, "capture", role >= MGMT_OPERATE &&
		  mgmt_settings()->capture);
	json_number(j, "idle_s", SESSION_IDLE_S);
	if (!s || s->kind != SESSION_COOKIE)
		return;
	to_hex(s->csrf, sizeof(s->csrf), csrf);
	json_text(j, "csrf", csrf);
}

static void open_session(const struct mgmt_request *r, struct mgmt_answer *a,
			 const struct login *l)
{
	char secret[SESSION_SECRET_TEXT], cookie[192];
	struct session *s = session_open(
		l->bearer ? SESSION_BEARER : SESSION_COOKIE, l->role, l->peer,
		sys_time(), secret);
	struct json j;

	if (!s) {
		api_error(a, 503, "too many sessions");
		return;
	}
	auth_counts.opened++;
	domain_log(LOG_INFO, "mgmt: %s logged in, role %s", l->peer,
		   auth_role_name(l->role));
	api_begin(a, 201);
	if (!l->bearer) {
		snprintf(cookie, sizeof(cookie), AUTH_COOKIE "=%s; Path=/; "
			 "Secure; HttpOnly; SameSite=Strict", secret);
		mgmt_answer_header(a, "Set-Cookie", cookie);
		mbedtls_platform_zeroize(cookie, sizeof(cookie));
	}
	api_object(&j, a);
	describe(&j, r, s, s->role);
	if (l->bearer)
		json_text(&j, "token", secret);
	json_close(&j);
	mbedtls_platform_zeroize(secret, sizeof(secret));
}

/* When the next try may come. */
static uint32_t failed(const struct login *l, const char *how)
{
	auth_counts.wrong++;
	auth_log(how, l->peer);
	return attempts_failed(l->peer, sys_time());
}

/*
 * A right password is known sooner than a wrong one, which is compared with both
 * hashes: who has waited for so long and goes knows enough, and has tried.
 */
static void given_up(const struct login *l)
{
	if (l->begun && !l->done)
		failed(l, "a password's check was given up");
}

static void tell(const struct mgmt_request *r, struct mgmt_answer *a,
		 const struct login *l)
{
	uint32_t seconds;

	if (l->role > MGMT_OPEN) {
		/* who may only look must not buy tries for more by it */
		if (l->role == MGMT_OPERATE ||
		    !mgmt_settings()->password[0])
			attempts_succeeded(l->peer, sys_time());
		open_session(r, a, l);
		return;
	}
	seconds = failed(l, "a wrong password");
	if (seconds) {
		char text[16];

		snprintf(text, sizeof(text), "%u", seconds);
		api_error_with(a, 401, "wrong password", "Retry-After", text);
	} else {
		api_error(a, 401, "wrong password");
	}
}

static void again(const struct mgmt_request *r, struct mgmt_answer *a,
		  void *arg, bool late)
{
	struct login *l = arg;

	if (!l->done && !late)
		return;
	if (l->done) {
		tell(r, a, l);
	} else {
		given_up(l);
		api_error(a, 503, "the password's check took too long");
	}
	forget(l);
}

static void gone(void *arg)
{
	given_up(arg);
	forget(arg);
}

static const struct mgmt_later_ops later = { .again = again, .gone = gone };

/* ---- routes ---- */

/*
 * One place for each peer: what it tries at once would not count before all have
 * been told. And strangers do not take all.
 */
static bool line_is_full(const char *address)
{
	unsigned int n = 0, max = attempts_is_known(address) ? LINE_MAX :
							      LINE_STRANGERS;

	for (const struct login *l = line; l; l = l->next)
		n++;
	return n >= max;
}

static bool is_in_line(const char *address)
{
	char peer[NETD_IP_MAX], other[NETD_IP_MAX];

	peer_of_address(address, peer);
	for (const struct login *l = line; l; l = l->next) {
		peer_of_address(l->peer, other);
		if (!strcmp(peer, other))
			return true;
	}
	return false;
}

/* One more in the line, or NULL after an answer. */
static struct login *begin(const struct mgmt_request *r, struct mgmt_answer *a)
{
	struct login *l;
	uint32_t seconds;

	if (!mgmt_settings()->password[0] &&
	    !mgmt_settings()->password_read[0]) {
		api_error(a, 403, "no password is configured");
		return NULL;
	}
	if (is_in_line(r->peer)) {
		api_error_with(a, 429, "another login from there is being "
			       "checked", "Retry-After", "1");
		return NULL;
	}
	if (line_is_full(r->peer)) {
		api_error_with(a, 503, "too many logins at once",
			       "Retry-After", "1");
		return NULL;
	}
	seconds = attempts_begin(r->peer, sys_time());
	if (seconds) {
		too_early(a, seconds);
		return NULL;
	}
	l = calloc(1, sizeof(*l));
	if (!l)
		api_error(a, 503, "no memory");
	return l;
}

static void log_in(const struct mgmt_request *r, struct mgmt_answer *a)
{
	char password[PASSWORD_MAX + 1] = "";
	bool token = false;
	struct input members[] = {
		{ "password", INPUT_TEXT, password, sizeof(password), false },
		{ "token", INPUT_BOOL, &token, 0, false },
	};
	struct login *l, **last = &line;

	if (!api_body(r, a, members, 2, 1))
		return;
	l = begin(r, a);
	if (!l) {
		mbedtls_platform_zeroize(password, sizeof(password));
		return;
	}
	strlcpy(l->peer, r->peer, sizeof(l->peer));
	memcpy(l->password, password, sizeof(password));
	mbedtls_platform_zeroize(password, sizeof(password));
	l->bearer = token;
	l->answer = a;
	go_on();
	while (*last)
		last = &(*last)->next;
	*last = l;
	mgmt_answer_later(a, &later, l, PATIENCE_MS);
}

static void log_out(const struct mgmt_request *r, struct mgmt_answer *a)
{
	struct session *s = auth_session(r);
	uint32_t number;

	if (!s) {
		api_error(a, 409, "there is no session to end");
		return;
	}
	number = s->number;
	session_close(s);
	api_shell_logged_out(number);
	api_capture_logged_out(number);
	mgmt_answer_begin(a, 204, NULL);
	mgmt_answer_header(a, "Set-Cookie", AUTH_COOKIE "=; Path=/; Secure; "
			   "HttpOnly; SameSite=Strict; Max-Age=0");
}

static void who_am_i(const struct mgmt_request *r, struct mgmt_answer *a)
{
	struct json j;

	api_begin(a, 200);
	api_object(&j, a);
	describe(&j, r, auth_session(r), r->role);
	json_close(&j);
}

static const struct mgmt_route login_route = {
	.path = "/api/v1/session", .methods = MGMT_METHODS(MGMT_POST),
	.role = MGMT_OPEN, .handle = log_in,
};
MGMT_ROUTE(login_route);

static const struct mgmt_route logout_route = {
	.path = "/api/v1/session", .methods = MGMT_METHODS(MGMT_DELETE),
	.role = MGMT_READ, .handle = log_out,
};
MGMT_ROUTE(logout_route);

static const struct mgmt_route who_route = {
	.path = "/api/v1/session", .methods = MGMT_METHODS(MGMT_GET),
	.role = MGMT_OPEN, .handle = who_am_i,
};
MGMT_ROUTE(who_route);
