/* SPDX-License-Identifier: MIT */
/* What is there when there is no more, and is all of it back afterwards? */
#include "cases.h"

#define STARTS		10000
#define FAULTS		10
#define CHAIN_MAX	5000
#define LOG_LINES	200

static int descriptors_run_out(void)
{
	struct domain_counts before, after;
	int process, n = 0;

	process = new_role();
	CHECK(process == 0);
	while (msgopen("version") == n + 1)
		n++;
	CHECK(n == CONFIG_DOMAIN_DESCRIPTORS - 1);
	CHECK(msgopen("version") == -EMFILE);
	CHECK(msgclose(1) == 0 && read_counts(&before) == 0);
	CHECK(msgopen("version") == 1);
	/* a program that finds no place does not stay */
	CHECK(new_role() == -EMFILE);
	CHECK(msgclose(1) == 0 && read_counts(&after) == 0);
	CHECK(same_counts(&before, &after));
	/* the receiver's, too */
	for (int i = 0; i < CONFIG_DOMAIN_DESCRIPTORS; i++)
		CHECK(msgsenddesc(process, 2) == 0);
	CHECK(msgsenddesc(process, 2) == -EMFILE);
	CHECK(msgsendint(process, role_value(ROLE_EXIT)) == 0);
	return 0;
}

/*
 * Programs, each held by the next, until no page is left: more than there are
 * descriptors. Then others still work, and one close gives all of it back.
 */
static int memory_runs_out(void)
{
	struct domain_counts before, after;
	int held, next, n = 0;

	CHECK(read_counts(&before) == 0);
	held = new_role();
	CHECK(held >= 0);
	while ((next = new_role()) >= 0 && n++ < CHAIN_MAX) {
		CHECK(msgsenddesc(next, held) == 0 && msgclose(held) == 0);
		held = next;
		sys_wait(0);
	}
	/* or there are as many as there may be */
	CHECK(next == -ENOMEM || next == -ENOSPC);
	CHECK(n > CONFIG_DOMAIN_DESCRIPTORS && new_role() == next);
	CHECK(msgclose(held) == 0 && read_counts(&after) == 0);
	CHECK(same_counts(&before, &after) && before.free == after.free);
	held = new_role();
	CHECK(held >= 0 && msgsendint(held, role_value(ROLE_EXIT)) == 0);
	return 0;
}

/* The block has no page left, the heap is far from its end. */
static int memory_used_up(void)
{
	int held = new_role(), next, n = 0;

	CHECK(held >= 0);
	while ((next = new_role()) >= 0 && n++ < CHAIN_MAX) {
		CHECK(msgsenddesc(next, held) == 0 && msgclose(held) == 0);
		held = next;
		sys_wait(0);
	}
	CHECK(next == -ENOMEM);
	memset((void *)domain_start->heap_base, 1, domain_start->heap_size);
	return 0;
}

static int log_is_full(void)
{
	static const char text[] = "one of too many lines";
	int n = 0;

	while (n < LOG_LINES &&
	       domain_syscall(SYS_LOG, 2, (uintptr_t)text, sizeof(text) - 1,
			      0) == 0)
		n++;
	CHECK(n > 0 && n < LOG_LINES);
	sys_wait(sys_time() + 200000);
	CHECK(domain_syscall(SYS_LOG, 2, (uintptr_t)text, sizeof(text) - 1,
			     0) == 0);
	return 0;
}

/*
 * 10,000 starts and ends, of which some are by faults and some before the
 * first message: pages, counted from all page tables, descriptors and free
 * pages are as before.
 */
static int starts(void)
{
	struct domain_counts before, after;
	static char readable[8];
	struct msg_buf buf = { .base = readable, .len = sizeof(readable) };

	CHECK(start_role(ROLE_EXIT, NULL, 0) == 0);
	CHECK(start_role(ROLE_WRITE, &buf, 1) == -EPIPE);
	CHECK(read_counts(&before) == 0);
	CHECK(before.accounted == before.tables + before.pages);
	for (int i = 0; i < STARTS; i++) {
		int process = new_role();

		CHECK(process == 0);
		if (i % (STARTS / FAULTS) == 1)
			CHECK(msgsendbuf(process, role_value(ROLE_WRITE), &buf,
					 1) == -EPIPE);
		else if (i % 10)
			CHECK(msgsendint(process,
					 role_value(ROLE_EXIT)) == 0);
		CHECK(msgclose(process) == 0);
	}
	CHECK(read_counts(&after) == 0);
	CHECK(same_counts(&before, &after));
	CHECK(before.accounted == after.accounted);
	CHECK(before.free == after.free);
	return 0;
}

static const struct test_case cases[] = {
	{ "descriptors_run_out", descriptors_run_out, RETURNS },
	{ "memory_runs_out", memory_runs_out, RETURNS },
	{ "memory_used_up", memory_used_up, IS_ENDED },
	{ "log_is_full", log_is_full, RETURNS },
	{ "starts", starts, RETURNS },
};

const struct test_group limit_cases = GROUP(cases);
