/* SPDX-License-Identifier: MIT */
/*
 * `exits`: for what reasons the guest left to the VMM, how often so far, and
 * how often a second from now on; of all CPUs together, or of each. Looking
 * makes exits, too: the characters that show the answer, for a start.
 */
#include <abi/exits.h>
#include <domain/args.h>
#include <domain/command.h>
#include <domain/json.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <errno.h>
#include <stdlib.h>

#define SECONDS_MAX	3600
#define CPUS_MAX	32		/* of CONFIG_MAX_CPUS */

static const struct args_option known[] = {
	{ "cpu", 'c', 0, 'c' }, { "json", 0, 0, 'j' }, { 0 },
};

/* The counters of one CPU, or of all, at one time. */
struct counters {
	int n;
	struct exits_entry entry[EXITS_REASONS];
};

static struct options {
	bool by_cpu, json;
	uint64_t seconds;
} options = { .seconds = 1 };

static struct counters *before, *after;
static int n_sets;

/* As the core's handler has them: 0, or -errno. */
static int read_counters(int cpu, struct counters *c)
{
	int len = command_ask("exits", cpu, c->entry, sizeof(c->entry));

	if (len < 0)
		return len;
	c->n = (int)((size_t)len / sizeof(c->entry[0]));
	return 0;
}

/* One set for all CPUs, or one for each; sets n_sets. */
static int read_sets(struct counters *sets)
{
	int error = 0, i;

	if (!options.by_cpu) {
		n_sets = 1;
		return read_counters(0, sets);
	}
	for (i = 0; i < CPUS_MAX && !error; i++)
		error = read_counters(i + 1, &sets[i]);
	n_sets = error == -ENOENT ? i - 1 : i;
	return error == -ENOENT && n_sets > 0 ? 0 : error;
}

static uint64_t count_of(const struct counters *c, uint32_t code)
{
	for (int i = 0; i < c->n; i++)
		if (c->entry[i].code == code)
			return c->entry[i].count;
	return 0;
}

/* j: NULL for text */
static void show_one(struct json *j, int set, const struct exits_entry *e,
		     uint64_t rate)
{
	if (!j) {
		if (options.by_cpu)
			printf("%3d ", set);
		printf("%-20.20s %5x %12lu %12lu\n", e->name, e->code,
		       e->count, rate);
		return;
	}
	json_open(j, NULL, '{');
	if (options.by_cpu)
		json_number(j, "cpu", (uint64_t)set);
	json_text(j, "reason", e->name);
	json_number(j, "code", e->code);
	json_number(j, "count", e->count);
	json_number(j, "rate", rate);
	json_close(j);
}

static void show_sets(struct json *j, uint64_t us, uint64_t *total,
		      uint64_t *sum)
{
	for (int set = 0; set < n_sets; set++) {
		for (int i = 0; i < after[set].n; i++) {
			const struct exits_entry *e = &after[set].entry[i];
			uint64_t new_ones = e->count -
				count_of(&before[set], e->code);

			*total += e->count;
			*sum += new_ones;
			show_one(j, set, e, new_ones * 1000000 / us);
		}
	}
}

static void show_json(uint64_t us)
{
	struct json j = { .out = tty_write };
	uint64_t total = 0, sum = 0;

	json_open(&j, NULL, '{');
	json_number(&j, "us", us);
	json_open(&j, "exits", '[');
	show_sets(&j, us, &total, &sum);
	json_close(&j);
	json_close(&j);
}

static void show_text(uint64_t us)
{
	uint64_t total = 0, sum = 0;

	printf("%s%-20s %5s %12s %12s\n", options.by_cpu ? "cpu " : "",
	       "reason", "code", "so far", "a second");
	show_sets(NULL, us, &total, &sum);
	printf("%s%-26s %12lu %12lu\n", options.by_cpu ? "    " : "", "all",
	       total, sum * 1000000 / us);
}

/* Count for the time asked for; -errno. */
static int measure(uint64_t *us)
{
	uint64_t start, end;
	int error = read_sets(before);

	if (error < 0)
		return error;
	start = sys_time();
	end = start + options.seconds * 1000000;
	while (sys_time() < end)
		sys_wait(end);
	error = read_sets(after);
	*us = sys_time() - start;
	return error;
}

/* An exit status other than 0 if it is wrong. */
static int parse(int argc, char **argv)
{
	struct args a = { .argc = argc, .argv = argv };
	bool number = false;
	int option;

	while ((option = args_next(&a, known))) {
		if (option == 'c')
			options.by_cpu = true;
		else if (option == 'j')
			options.json = true;
		else if (option != ARGS_OPERAND || number ||
			 args_number(a.text, 1, SECONDS_MAX, &options.seconds))
			return command_expected("-c, --json or 1 to %u "
						"seconds, not \"%s\"",
						SECONDS_MAX, a.text);
		else
			number = true;
	}
	return 0;
}

int command(int argc, char **argv)
{
	uint64_t us = 0;
	int error = parse(argc, argv);

	if (error)
		return error;
	before = calloc(2 * CPUS_MAX, sizeof(*before));
	after = before ? before + CPUS_MAX : NULL;
	error = before ? measure(&us) : -ENOMEM;
	if (error < 0)
		return command_failed("the core's answer", error);
	if (options.json)
		show_json(us);
	else
		show_text(us);
	return 0;
}
