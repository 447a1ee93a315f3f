/* SPDX-License-Identifier: MIT */
/*
 * `usertests [-l | -h | case...]`: hostile questions to the core, one case
 * after the other, each in a program of its own: the core must refuse or end
 * it, tell its starter, and keep nothing of it.
 */
#include "cases.h"

#include <domain/args.h>
#include <domain/command.h>
#include <domain/tty.h>

#define NAME	"usertests"

static const struct test_group *const groups[] = {
	&argument_cases, &message_cases, &memory_cases, &instruction_cases,
	&limit_cases,
};

#define N_GROUPS (sizeof(groups) / sizeof(groups[0]))

/* ---- for the cases ---- */

int new_role(void)
{
	return newprocess(NAME);
}

int start_role(enum role role, struct msg_buf *bufs, size_t n)
{
	int process = new_role(), status;

	if (process < 0)
		return process;
	status = n ? msgsendbuf(process, role_value(role), bufs, n)
		   : msgsendint(process, role_value(role));
	msgclose(process);
	return status;
}

int start_role_with(enum role role, int desc)
{
	int process = new_role(), status;

	if (process < 0)
		return process;
	status = msgsenddesc(process, desc);
	if (status == 0)
		status = msgsendint(process, role_value(role));
	msgclose(process);
	return status;
}

int read_counts(struct domain_counts *c)
{
	struct msg_buf buf = { .base = c, .len = sizeof(*c), .writable = 1 };
	int desc = msgopen("domain_counts"), len;

	if (desc < 0)
		return desc;
	len = msgsendbuf(desc, 0, &buf, 1);
	msgclose(desc);
	return len < 0 ? len : len == sizeof(*c) ? 0 : -EINVAL;
}

bool same_counts(const struct domain_counts *a, const struct domain_counts *b)
{
	return a->domains == b->domains && a->handlers == b->handlers &&
	       a->descriptors == b->descriptors && a->tables == b->tables &&
	       a->pages == b->pages && a->foreign == b->foreign;
}

/* ---- running them ---- */

static const struct test_case *case_at(int index, const char **file)
{
	for (size_t g = 0; g < N_GROUPS; g++) {
		if ((size_t)index < groups[g]->n) {
			*file = groups[g]->file;
			return &groups[g]->cases[index];
		}
		index -= (int)groups[g]->n;
	}
	return NULL;
}

static int run_case(int index, const struct test_case *t, const char *file)
{
	uint64_t start = sys_time();
	int process = newprocess(NAME), status;
	bool ok;

	/* its number, from 1: 0 is a command line */
	status = process < 0 ? process : msgsendint(process, index + 1);
	msgclose(process);
	ok = t->ending == RETURNS ? status == 0 : status == -EPIPE;
	printf("%s: ", t->name);
	if (ok)
		printf("ok, %lu ms\n", (sys_time() - start) / 1000);
	else if (status > 0)
		printf("FAILED at %s:%d\n", file, status);
	else if (status < 0)
		printf("FAILED: ended by the VMM (%d)\n", status);
	else
		printf("FAILED: it goes on\n");
	tty_flush();
	return ok ? 0 : 1;
}

static bool is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc == 0;
}

static int list(void)
{
	const struct test_case *t;
	const char *file;

	for (int i = 0; (t = case_at(i, &file)); i++)
		printf("%s\n", t->name);
	return 0;
}

static int command_line(int argc, char **argv)
{
	const struct test_case *t;
	int run = 0, failed = 0;
	const char *file;

	if (argc == 1 && strcmp(argv[0], "-l") == 0)
		return list();
	if (argc > 0 && argv[0][0] == '-') {
		printf("expected: usertests [-l | case...]\n"
		       "Asks the core hostile questions; -l lists them.\n");
		return strcmp(argv[0], "-h") == 0 ? 0 : COMMAND_USAGE;
	}
	for (int i = 0; (t = case_at(i, &file)); i++) {
		if (!is_wanted(t->name, argc, argv))
			continue;
		run++;
		failed += run_case(i, t, file);
	}
	printf("usertests: %d cases, %d failed\n", run, failed);
	if (run < argc)
		printf("usertests: %d of these names are none\n", argc - run);
	return failed || run < argc ? COMMAND_FAILED : 0;
}

int domain_main(int type, int value, struct msg_buf *bufs, size_t n)
{
	static char line[COMMAND_LINE_MAX];
	static char *words[ARGS_MAX];
	const struct test_case *t;
	const char *file;
	size_t len;
	int argc;

	if (value < 0)
		return run_role((enum role)-value, bufs, n);
	if (value > 0) {
		t = case_at(value - 1, &file);
		return t ? t->fn() : __LINE__;
	}
	if (type == MSG_BUF && n > 0) {
		len = bufs[0].len < sizeof(line) ? bufs[0].len
						 : sizeof(line) - 1;
		memcpy(line, bufs[0].base, len);
	}
	argc = args_split(line, words, ARGS_MAX);
	if (argc < 0) {
		printf("more than %d words\n", ARGS_MAX);
		return COMMAND_USAGE;
	}
	return command_line(argc, words);
}
