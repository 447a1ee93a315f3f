/* SPDX-License-Identifier: MIT */
/*
 * Sessions with the shell: who may only look does not keep out who may do more,
 * nor does one session of his take all; and a session that logs out leaves
 * none behind.
 */
#include "check.h"

#include <stdarg.h>
#include <stdio.h>

#include "../../services/mgmt/api_shell.c"

#define SLOTS	CONFIG_MGMT_SHELLS

static unsigned int checks, used, woken;
static uint32_t last_id;

/* ---- what the code calls ---- */

struct mgmt_answer {
	int status;
};

uint64_t sys_time(void)
{
	return 1;
}

int core_ask(const char *handler, int operation, struct msg_buf *bufs,
	     size_t n)
{
	struct mgmt_shell *s = bufs[0].base;

	CHECK(!strcmp(handler, MGMT_SHELL_HANDLER) && n);
	switch (operation) {
	case MGMT_SHELL_OPEN:
		if (used == SLOTS)
			return -EBUSY;
		used++;
		s->id = ++last_id;
		return 0;
	case MGMT_SHELL_CLOSE:
		used--;
		return 0;
	default:
		return 0;
	}
}

void domain_log(int level, const char *fmt, ...)
{
	(void)level, (void)fmt;
}

void mgmt_random(void *to, size_t len)
{
	memset(to, (int)last_id, len);
}

void mgmt_stream_wake(struct mgmt_answer *a)
{
	(void)a;
	woken++;
}

void mgmt_answer_begin(struct mgmt_answer *a, int status, const char *type)
{
	(void)type;
	a->status = status;
}

void mgmt_answer_later(struct mgmt_answer *a, const struct mgmt_later_ops *ops,
		       void *arg, unsigned int ms)
{
	(void)a, (void)ops, (void)arg, (void)ms;
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

void api_answer(struct json *j, struct mgmt_answer *a)
{
	api_begin(a, 200);
	api_object(j, a);
}

void api_error(struct mgmt_answer *a, int status, const char *text)
{
	(void)text;
	a->status = status;
}

void api_no_answer(struct mgmt_answer *a, const char *handler, int error)
{
	(void)handler, (void)error;
	a->status = 503;
}

bool api_body(const struct mgmt_request *r, struct mgmt_answer *a,
	      struct input *in, size_t n, size_t n_needed)
{
	(void)r, (void)a, (void)in, (void)n, (void)n_needed;
	return true;
}

bool api_query(const struct mgmt_request *r, struct mgmt_answer *a,
	       struct input *in, size_t n)
{
	(void)r, (void)a, (void)in, (void)n;
	return true;
}

/* ---- helpers ---- */

static int open_by(uint32_t session, int role)
{
	const struct mgmt_request r = {
		.path = "/api/v1/shell", .role = role, .session = session,
	};
	struct mgmt_answer a = { 0 };

	post_shell(&r, &a);
	return a.status;
}

static unsigned int of(uint32_t session)
{
	unsigned int n = 0;

	for (const struct shell *s = shells; s; s = s->next)
		n += s->session == session;
	return n;
}

static void none(void)
{
	while (shells)
		end(shells);
	CHECK(!used);
	woken = 0;
}

/* ---- the checks ---- */

static void one_that_looks_does_not_take_all(void)
{
	none();
	for (unsigned int i = 0; i < 2 * SLOTS; i++)
		CHECK(open_by(1, MGMT_READ) == 201);
	CHECK(of(1) == READER_MAX && used == READER_MAX);
	CHECK(open_by(2, MGMT_READ) == 201);
	CHECK(of(1) == READER_MAX && of(2) == 1);
}

static void those_that_look_make_room_for_who_does(void)
{
	static struct mgmt_answer waits;

	none();
	for (uint32_t i = 1; i <= SLOTS; i++)
		CHECK(open_by(i, MGMT_READ) == 201);
	CHECK(open_by(SLOTS + 1, MGMT_READ) == 503);
	for (struct shell *s = shells; s; s = s->next)
		s->waiter = s->session == 1 ? &waits : NULL;
	CHECK(open_by(90, MGMT_OPERATE) == 201);
	CHECK(!of(1) && woken == 1 && used == SLOTS);
	for (uint32_t i = 2; i <= SLOTS; i++)
		CHECK(open_by(90, MGMT_OPERATE) == 201);
	CHECK(open_by(91, MGMT_OPERATE) == 503);
	CHECK(open_by(0, MGMT_OPERATE) == 503 && of(90) == SLOTS);
}

static void logging_out_ends_them(void)
{
	none();
	open_by(1, MGMT_OPERATE);
	open_by(0, MGMT_OPERATE);
	api_shell_logged_out(1);
	CHECK(!of(1) && of(0) == 1 && used == 1);
	api_shell_logged_out(0);	/* of certificates: they do not */
	CHECK(of(0) == 1);
	none();
}

int main(void)
{
	one_that_looks_does_not_take_all();
	those_that_look_make_room_for_who_does();
	logging_out_ends_them();
	printf("%u checks\n", checks);
	return 0;
}
