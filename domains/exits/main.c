/* SPDX-License-Identifier: MIT */
/*
 * `exits`: for what reasons the guest left to the VMM, how often so far, and
 * how often a second from now on; of all CPUs together, or of each. Looking
 * makes exits, too: the characters that show the answer, for a start.
 */
#include <abi/exits.h>
#include <domain/args.h>
#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <errno.h>
#include <stdlib.h>

#define SECONDS_MAX	3600
#define CPUS_MAX	32		/* of CONFIG_MAX_CPUS */

static const char usage[] =
	"exits [-c] [--json] [seconds]\n"
	"  -c        of each CPU, not of all together\n"
	"  --json    one JSON object: \"us\", how long was counted, and\n"
	"            \"exits\", a list of objects with \"cpu\" (-c), "
	"\"reason\",\n"
	"            \"code\", \"count\" (so far) and \"rate\" (a second)\n"
	"  seconds   how long to count for the rate, 1 to 3600 (1)\n";

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
static int read_counters(int desc, int cpu, struct counters *c)
{
	struct msg_buf buf = {
		.base = c->entry, .len = sizeof(c->entry), .writable = 1,
	};
	int len = msgsendbuf(desc, cpu, &buf, 1);

	if (len < 0)
		return len;
	c->n = (int)((size_t)len / sizeof(c->entry[0]));
	return 0;
}

/* One set for all CPUs, or one for each; sets n_sets. */
static int read_sets(int desc, struct counters *sets)
{
	int error = 0, i;

	if (!options.by_cpu) {
		n_sets = 1;
		return read_counters(desc, 0, sets);
	}
	for (i = 0; i < CPUS_MAX && !error; i++)
		error = read_counters(desc, i + 1, &sets[i]);
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

static void show_one(int set, const struct exits_entry *e, uint64_t rate,
		     bool first)
{
	if (options.json) {
		printf("%s{", first ? "" : ",");
		if (options.by_cpu)
			printf("\"cpu\":%d,", set);
		printf("\"reason\":\"%s\",\"code\":%u,\"count\":%lu,"
		       "\"rate\":%lu}", e->name, e->code, e->count, rate);
		return;
	}
	if (options.by_cpu)
		printf("%3d ", set);
	printf("%-20.20s %5x %12lu %12lu\n", e->name, e->code, e->count, rate);
}

static void show(uint64_t us)
{
	uint64_t total = 0, sum = 0;
	bool first = true;

	if (options.json)
		printf("{\"us\":%lu,\"exits\":[", us);
	else
		printf("%s%-20s %5s %12s %12s\n", options.by_cpu ? "cpu " : "",
		       "reason", "code", "so far", "a second");
	for (int set = 0; set < n_sets; set++) {
		for (int i = 0; i < after[set].n; i++) {
			const struct exits_entry *e = &after[set].entry[i];
			uint64_t new_ones = e->count -
				count_of(&before[set], e->code);

			total += e->count;
			sum += new_ones;
			show_one(set, e, new_ones * 1000000 / us, first);
			first = false;
		}
	}
	if (options.json)
		printf("]}\n");
	else
		printf("%s%-26s %12lu %12lu\n", options.by_cpu ? "    " : "",
		       "all", total, sum * 1000000 / us);
}

/* Count for the time asked for; -errno. */
static int measure(uint64_t *us)
{
	int desc = msgopen("exits"), error;
	uint64_t start, end;

	error = desc < 0 ? desc : read_sets(desc, before);
	if (error < 0)
		return error;
	start = sys_time();
	end = start + options.seconds * 1000000;
	while (sys_time() < end)
		sys_wait(end);
	error = read_sets(desc, after);
	*us = sys_time() - start;
	return error;
}

/* 0, or -EINVAL. */
static int parse(int argc, char **argv)
{
	bool number = false;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "-c") == 0) {
			options.by_cpu = true;
		} else if (strcmp(argv[i], "--json") == 0) {
			options.json = true;
		} else if (number || args_number(argv[i], 1, SECONDS_MAX,
						 &options.seconds)) {
			return -EINVAL;
		} else {
			number = true;
		}
	}
	return 0;
}

int command(int argc, char **argv)
{
	uint64_t us = 0;
	int error;

	if (argc == 1 && (strcmp(argv[0], "-h") == 0 ||
			  strcmp(argv[0], "--help") == 0)) {
		tty_write(usage, sizeof(usage) - 1);
		return 0;
	}
	if (parse(argc, argv)) {
		printf("exits: expected: ");
		tty_write(usage, sizeof(usage) - 1);
		return COMMAND_USAGE;
	}
	before = calloc(2 * CPUS_MAX, sizeof(*before));
	after = before ? before + CPUS_MAX : NULL;
	error = before ? measure(&us) : -ENOMEM;
	if (error < 0) {
		printf("exits: %s\n", command_error(error));
		return COMMAND_FAILED;
	}
	show(us);
	return 0;
}
