/* SPDX-License-Identifier: MIT */
/*
 * The line of password checks: a right password opens a session, a wrong one
 * costs time, and so does one whose answer was not waited for; nobody tries more
 * than one at once, and strangers leave a place for who is known.
 */
#include "check.h"

#include <stdarg.h>

#include "../../services/mgmt/login.c"

#define SECOND	1000000ull

static unsigned int checks;
static uint32_t shells_ended, capture_ended;	/* of that session */

/* ---- what the code calls ---- */

struct mgmt_answer {
	int status;			/* 0: there is none yet */
	const struct mgmt_later_ops *ops;
	void *arg;
};

static uint64_t now = SECOND;
static struct mgmt_settings settings;
static const char *typed;
static sys_timeout_handler timer;

/* Work takes time. */
uint64_t sys_time(void)
{
	return now += 10;
}

void sys_timeout(uint32_t ms, sys_timeout_handler handler, void *arg)
{
	(void)arg;
	CHECK(ms == PAUSE_MS && !timer);
	timer = handler;
}

void domain_log(int level, const char *fmt, ...)
{
	(void)level, (void)fmt;
}

const struct mgmt_settings *mgmt_settings(void)
{
	return &settings;
}

void api_shell_logged_out(uint32_t session)
{
	shells_ended = session;
}

void api_capture_logged_out(uint32_t session)
{
	capture_ended = session;
}

void mgmt_random(void *to, size_t len)
{
	memset(to, 7, len);
}

void mgmt_answer_begin(struct mgmt_answer *a, int status, const char *type)
{
	(void)type;
	a->status = status;
}

void mgmt_answer_header(struct mgmt_answer *a, const char *name,
			const char *value)
{
	(void)a, (void)name, (void)value;
}

void mgmt_answer_later(struct mgmt_answer *a, const struct mgmt_later_ops *ops,
		       void *arg, unsigned int ms)
{
	CHECK(ms);
	a->ops = ops;
	a->arg = arg;
}

void mgmt_stream_wake(struct mgmt_answer *a)
{
	const struct mgmt_request r = { .role = MGMT_OPEN };

	a->ops->again(&r, a, a->arg, false);
}

void api_begin(struct mgmt_answer *a, int status)
{
	a->status = status;
}

static void nowhere(const char *text, size_t len)
{
	(void)text, (void)len;
}

void api_object(struct json *j, struct mgmt_answer *a)
{
	(void)a;
	*j = (struct json){ .out = nowhere };
	json_open(j, NULL, '{');
}

void api_error(struct mgmt_answer *a, int status, const char *text)
{
	CHECK(text[0]);
	a->status = status;
}

void api_error_with(struct mgmt_answer *a, int status, const char *text,
		    const char *header, const char *value)
{
	CHECK(header[0] && value[0]);
	api_error(a, status, text);
}

bool api_body(const struct mgmt_request *r, struct mgmt_answer *a,
	      struct input *in, size_t n, size_t n_needed)
{
	(void)r, (void)a, (void)n;
	CHECK(n_needed == 1 && in[0].limit > strlen(typed));
	strlcpy(in[0].to, typed, in[0].limit);
	return true;
}

/* ---- helpers ---- */

/* What log_in() makes of a password from there. */
static struct mgmt_answer try(const char *peer, const char *password)
{
	static struct mgmt_answer answers[64];
	static unsigned int used;
	struct mgmt_answer *a = &answers[used++];
	struct mgmt_request r = { .method = MGMT_POST, .cookie = "",
				  .authorization = "" };

	CHECK(used <= 64);
	strlcpy(r.peer, peer, sizeof(r.peer));
	typed = password;
	log_in(&r, a);
	return *a;
}

/* One slice of work. */
static void go(void)
{
	sys_timeout_handler call = timer;

	CHECK(call);
	timer = NULL;
	call(NULL);
}

/* Until the line is empty. */
static void go_to_the_end(void)
{
	while (line)
		go();
}

static void set_password(char to[192], const char *password, uint32_t rounds)
{
	static const char salt[] = "00112233445566778899aabbccddeeff";
	struct password_hash h = { .iterations = rounds, .salt_len = 16 };
	struct password_check c;
	char text[2 * PASSWORD_HASH + 1];

	CHECK(!from_hex(salt, h.salt, h.salt_len));
	password_begin(&c, &h, password, strlen(password));
	CHECK(password_step(&c, rounds));
	to_hex(c.sum, sizeof(c.sum), text);
	snprintf(to, 192, "pbkdf2-sha256$%u$%s$%s", rounds, salt, text);
}

static void start_anew(void)
{
	now += 10000 * SECOND;
	attempts_reset();
	sessions_reset();
	auth_counts = (struct auth_counts){ 0 };
}

/* ---- the checks ---- */

static void right_ones_open_and_wrong_ones_wait(void)
{
	start_anew();
	try("10.0.0.1", "operate");
	go_to_the_end();
	CHECK(auth_counts.opened == 1 && attempts_is_known("10.0.0.1"));
	try("10.0.0.2", "read");
	go_to_the_end();
	CHECK(auth_counts.opened == 2 && !attempts_is_known("10.0.0.2"));
	for (unsigned int i = 0; i <= ATTEMPTS_FREE; i++) {
		CHECK(!try("10.0.0.3", "wrong").status);
		go_to_the_end();
	}
	CHECK(auth_counts.wrong == ATTEMPTS_FREE + 1);
	CHECK(try("10.0.0.3", "operate").status == 429);
}

/* Who goes before a wrong password is told must not try for nothing. */
static void what_was_given_up_counts(void)
{
	start_anew();
	for (unsigned int i = 0; i <= ATTEMPTS_FREE; i++) {
		struct mgmt_answer a = try("10.0.0.1", "wrong");

		CHECK(!a.status);
		go();
		CHECK(line && line->begun);
		a.ops->gone(a.arg);
		CHECK(!line);
		timer = NULL;
		timer_runs = false;
	}
	CHECK(try("10.0.0.1", "operate").status == 429);
	/* nothing was done for this one */
	for (unsigned int i = 0; i <= ATTEMPTS_FREE; i++) {
		struct mgmt_answer a = try("10.0.0.2", "wrong");

		a.ops->gone(a.arg);
	}
	CHECK(!try("10.0.0.2", "operate").status);
	go_to_the_end();
	CHECK(auth_counts.opened == 1);
}

static void nobody_tries_two_at_once(void)
{
	start_anew();
	CHECK(!try("10.0.0.1", "one").status);
	CHECK(try("10.0.0.1", "two").status == 429);
	CHECK(!try("10.0.0.2", "one").status);
	go_to_the_end();
	CHECK(auth_counts.wrong == 2);
	/* nor by another address of the same network */
	CHECK(!try("2001:DB8::1", "one").status);
	CHECK(try("2001:DB8::2", "two").status == 429);
	CHECK(!try("2001:DB8:0:1::2", "two").status);
	go_to_the_end();
	CHECK(auth_counts.wrong == 4);
}

static void strangers_leave_a_place(void)
{
	start_anew();
	attempts_succeeded("10.9.9.9", now);
	CHECK(!try("10.0.0.1", "wrong").status);
	CHECK(!try("10.0.0.2", "wrong").status);
	CHECK(!try("10.0.0.3", "wrong").status);
	CHECK(try("10.0.0.4", "wrong").status == 503);
	CHECK(!try("10.9.9.9", "operate").status);
	go_to_the_end();
	CHECK(auth_counts.wrong == 3 && auth_counts.opened == 1);
}

/* What a session has begun ends with it, and nobody else's. */
static void logging_out_ends_shells_and_captures(void)
{
	char secret[SESSION_SECRET_TEXT], authorization[128];
	struct mgmt_request r = { .cookie = "", .authorization = "" };
	struct mgmt_answer a = { 0 };
	uint32_t number;

	start_anew();
	session_open(SESSION_COOKIE, MGMT_READ, "10.0.0.1", now, secret);
	number = session_open(SESSION_BEARER, MGMT_READ, "10.0.0.1", now,
			      secret)->number;
	log_out(&r, &a);
	CHECK(a.status == 409 && !shells_ended && !capture_ended);
	snprintf(authorization, sizeof(authorization), "Bearer %s", secret);
	r.authorization = authorization;
	log_out(&r, &a);
	CHECK(a.status == 204 && number && shells_ended == number &&
	      capture_ended == number);
}

int main(void)
{
	set_password(settings.password, "operate", 20000);
	set_password(settings.password_read, "read", 20000);
	right_ones_open_and_wrong_ones_wait();
	what_was_given_up_counts();
	nobody_tries_two_at_once();
	strangers_leave_a_place();
	logging_out_ends_shells_and_captures();
	printf("%u checks\n", checks);
	return 0;
}
