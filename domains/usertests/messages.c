/* SPDX-License-Identifier: MIT */
/* Starts, handlers and buffers, used as they should not be. */
#include "cases.h"

#include <limits.h>

#define NEST_MAX	3	/* handlers above the program itself */
#define BUF_PAGES	18

MSG_HANDLER(answer);

static int own, depth, deepest, refused, faulty;
static volatile char *kept;

static int end_newest(void)
{
	char name[] = "usertests";
	struct msg_buf buf = { .base = name, .len = sizeof(name) };
	int desc = msgopen("domain_kill");
	int error = desc < 0 ? desc : msgsendbuf(desc, 0, &buf, 1);

	msgclose(desc);
	return error;
}

/* The one handler of the cases here; value says what for. */
int answer(int type, int value, struct msg_buf *bufs, size_t n)
{
	int error;

	switch (value) {
	case 0:				/* keep a buffer */
		if (type == MSG_BUF && n == 1)
			kept = bufs[0].base;
		return kept[0];
	case 1:				/* call a handler that is ended */
		faulty = msgopen("usertests_faulty");
		return faulty < 0 ? 55 : msgsendint(faulty, 0);
	case 2:				/* have the sender ended */
		error = end_newest();
		/* what it had lent may still be touched */
		return error;
	case 3:				/* have the sender of a buffer ended */
		error = end_newest();
		if (error == 0)
			((volatile char *)bufs[0].base)[0] = kept ? 1 : 0;
		return error;
	case 4:				/* call itself until refused */
		deepest = ++depth > deepest ? depth : deepest;
		error = msgsendint(own, 4);
		if (error == -EDEADLK)
			refused++;
		depth--;
		return 9;
	default:
		return value;
	}
}

static int register_answer(void)
{
	if (msgregister("usertests_answer", answer_entry) < 0)
		return -1;
	own = msgopen("usertests_answer");
	return own;
}

static int exit_statuses(void)
{
	static const int statuses[] = {
		0, 1, 2, 7, 127, 128, 255, 256, -1, -EPIPE, INT_MAX, INT_MIN,
	};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		int status = statuses[i];
		struct msg_buf buf = { .base = &status, .len = sizeof(status) };

		CHECK(start_role(ROLE_EXIT, &buf, 1) == statuses[i]);
	}
	return 0;
}

static int started_once(void)
{
	int process = new_role();

	CHECK(process >= 0);
	CHECK(msgsendint(process, role_value(ROLE_EXIT)) == 0);
	CHECK(msgsendint(process, role_value(ROLE_EXIT)) == -EPIPE);
	CHECK(msgsenddesc(process, process) == -EPIPE);
	CHECK(msgclose(process) == 0);
	return 0;
}

static int never_started(void)
{
	struct domain_counts before, made, after;
	int process;

	CHECK(read_counts(&before) == 0);
	process = new_role();
	CHECK(process >= 0 && read_counts(&made) == 0);
	CHECK(made.domains == before.domains + 1);
	CHECK(made.pages > before.pages && made.tables > before.tables);
	CHECK(msgclose(process) == 0 && read_counts(&after) == 0);
	CHECK(same_counts(&before, &after));
	CHECK(before.free == after.free);
	return 0;
}

/* Programs that hold themselves, or one another, and that nobody else holds. */
static int never_started_in_circles(void)
{
	struct domain_counts before, after;
	int a, b;

	CHECK(read_counts(&before) == 0);
	a = new_role();
	CHECK(a >= 0 && msgsenddesc(a, a) == 0 && msgclose(a) == 0);
	CHECK(read_counts(&after) == 0 && same_counts(&before, &after));
	a = new_role();
	b = new_role();
	CHECK(b >= 0 && msgsenddesc(a, b) == 0 && msgsenddesc(b, a) == 0);
	CHECK(msgclose(a) == 0 && msgclose(b) == 0);
	CHECK(read_counts(&after) == 0 && same_counts(&before, &after));
	return 0;
}

static int has_itself(void)
{
	int process = new_role();

	CHECK(process >= 0 && msgsenddesc(process, process) == 0);
	CHECK(msgsendint(process, role_value(ROLE_SELF)) == 0);
	return 0;
}

static int descriptors_in_order(void)
{
	int process = new_role();

	CHECK(process >= 0);
	CHECK(msgsenddesc(process, msgopen("version")) == 0);
	CHECK(msgsenddesc(process, msgopen("domain_list")) == 0);
	CHECK(msgsenddesc(process, msgopen("domain_counts")) == 0);
	CHECK(msgsendint(process, role_value(ROLE_ORDER)) == 0);
	return 0;
}

/* The shell, usertests, this one: so many levels are left. */
static int nested_starts(void)
{
	struct domain_counts before, after;

	CHECK(read_counts(&before) == 0);
	CHECK(start_role(ROLE_NEST, NULL, 0) == 1004);
	CHECK(read_counts(&after) == 0 && same_counts(&before, &after));
	return 0;
}

static int calls_itself(void)
{
	CHECK(register_answer() >= 0);
	CHECK(msgsendint(own, 77) == 77);
	CHECK(msgsendint(own, 4) == 9);
	CHECK(deepest == NEST_MAX && depth == 0 && refused == 1);
	CHECK(msgsendint(own, 78) == 78);
	return 0;
}

static int calls_back(void)
{
	CHECK(register_answer() >= 0);
	/* there is no such handler, and it says so */
	CHECK(start_role_with(ROLE_CALL_BACK, own) == 55);
	return 0;
}

/* Both the message to its handler and its start are answered. */
static int receiver_dies(void)
{
	struct domain_counts before, after;

	CHECK(register_answer() >= 0 && read_counts(&before) == 0);
	CHECK(start_role_with(ROLE_FAULTY_HANDLER, own) == -EPIPE);
	CHECK(faulty >= 0 && msgsendint(faulty, 0) == -EPIPE);
	CHECK(msgclose(faulty) == 0);
	CHECK(msgopen("usertests_faulty") == -ENOENT);
	CHECK(read_counts(&after) == 0 && same_counts(&before, &after));
	return 0;
}

static int sender_dies(void)
{
	struct domain_counts before, after;

	CHECK(register_answer() >= 0 && read_counts(&before) == 0);
	CHECK(start_role_with(ROLE_END_IN_SEND, own) == -EPIPE);
	CHECK(read_counts(&after) == 0 && same_counts(&before, &after));
	return 0;
}

static int handlers_run_out(void)
{
	char name[] = "usertests_0";

	for (int i = 0; i < 8; i++, name[10]++)
		CHECK(msgregister(name, answer_entry) == 0);
	CHECK(msgregister(name, answer_entry) == -ENOSPC);
	return 0;
}

static int handler_twice(void)
{
	CHECK(register_answer() >= 0);
	CHECK(msgregister("usertests_answer", answer_entry) == -EEXIST);
	return 0;
}

/* What the core offers to netd alone; nobody else can take the name, either. */
static int services_only(void)
{
	static const char *const names[] = {
		"identity", "session", "power",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		CHECK(msgopen(names[i]) == -ENOENT);
		CHECK(msgregister(names[i], answer_entry) == -EEXIST);
	}
	return 0;
}

/* ---- buffers ---- */

static uint8_t room[BUF_PAGES * 4096];

static int buffers_arrive(void)
{
	static const uint32_t sizes[] = { 0, 1, 4095, 4096, 4097, 65535, 65536 };

	for (size_t i = 0; i < 7; i++)
		for (size_t offset = 0; offset < 4096; offset += 1365) {
			struct msg_buf buf[2] = {
				{ .base = room + offset, .len = sizes[i],
				  .writable = 1 },
				{ .base = room + offset, .len = sizes[i] },
			};

			memset(room, 1, sizeof(room));
			CHECK(start_role(ROLE_FILL, buf + 1, 1) ==
			      (int)sizes[i]);
			CHECK(start_role(ROLE_FILL, buf, 1) == 0);
			for (size_t k = 0; k < sizeof(room); k++) {
				bool in = k >= offset && k < offset + sizes[i];

				CHECK(room[k] == (in ? 0x5a : 1));
			}
			sys_wait(0);
		}
	return 0;
}

static int four_buffers(void)
{
	struct msg_buf buf[5];

	memset(room, 1, sizeof(room));
	for (int i = 0; i < 5; i++)
		buf[i] = (struct msg_buf){
			.base = room + i * 5000, .len = 100, .writable = i & 1,
		};
	CHECK(start_role(ROLE_FILL, buf, 4) == 200);
	CHECK(room[5000] == 0x5a && room[5099] == 0x5a && room[5100] == 1);
	CHECK(room[15000] == 0x5a && room[0] == 1 && room[10000] == 1);
	CHECK(start_role(ROLE_FILL, buf, 5) == -EINVAL);
	return 0;
}

static int buffer_read_only(void)
{
	struct msg_buf buf = { .base = room, .len = sizeof(room) / 2 };

	CHECK(start_role(ROLE_WRITE, &buf, 1) == -EPIPE);
	buf.writable = 1;
	CHECK(start_role(ROLE_WRITE, &buf, 1) == 0);
	return 0;
}

static int buffer_on_loan(void)
{
	struct msg_buf buf = { .base = room, .len = 5000, .writable = 1 };

	CHECK(start_role(ROLE_PASS_ON, &buf, 1) == 0);
	return 0;
}

/* The handler read it; the program, afterwards, must not. */
static int buffer_gone(void)
{
	CHECK(register_answer() >= 0);
	CHECK(start_role_with(ROLE_LEND, own) == 'o');
	CHECK(kept);
	return kept[0] ? 0 : __LINE__;
}

static int code_is_lent(void)
{
	struct msg_buf buf = {
		.base = (void *)(uintptr_t)domain_main, .len = 64,
	};

	/* to be read it may be lent, and is not changed by that */
	CHECK(start_role(ROLE_FILL, &buf, 1) > 0);
	return 0;
}

static const struct test_case cases[] = {
	{ "exit_statuses", exit_statuses, RETURNS },
	{ "started_once", started_once, RETURNS },
	{ "never_started", never_started, RETURNS },
	{ "never_started_in_circles", never_started_in_circles, RETURNS },
	{ "has_itself", has_itself, RETURNS },
	{ "descriptors_in_order", descriptors_in_order, RETURNS },
	{ "nested_starts", nested_starts, RETURNS },
	{ "calls_itself", calls_itself, RETURNS },
	{ "calls_back", calls_back, RETURNS },
	{ "receiver_dies", receiver_dies, RETURNS },
	{ "sender_dies", sender_dies, RETURNS },
	{ "handlers_run_out", handlers_run_out, RETURNS },
	{ "handler_twice", handler_twice, RETURNS },
	{ "services_only", services_only, RETURNS },
	{ "buffers_arrive", buffers_arrive, RETURNS },
	{ "four_buffers", four_buffers, RETURNS },
	{ "buffer_read_only", buffer_read_only, RETURNS },
	{ "buffer_on_loan", buffer_on_loan, RETURNS },
	{ "buffer_gone", buffer_gone, IS_ENDED },
	{ "code_is_lent", code_is_lent, RETURNS },
};

const struct test_group message_cases = GROUP(cases);
