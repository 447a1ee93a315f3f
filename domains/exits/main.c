/* SPDX-License-Identifier: MIT */
/*
 * `exits [seconds]`: for what reasons the guest left to the VMM, how often so
 * far, and how often a second from now on. Looking makes exits, too: the
 * characters that show the answer, for a start.
 */
#include <abi/exits.h>
#include <domain/args.h>
#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>

#define SECONDS_MAX	3600

static struct exits_entry before[EXITS_REASONS], after[EXITS_REASONS];

/* The counters now: how many there are, or -errno. */
static int read_counters(int desc, struct exits_entry *entry)
{
	struct msg_buf buf = {
		.base = entry, .len = sizeof(before), .writable = 1,
	};
	int len = msgsendbuf(desc, 0, &buf, 1);

	return len < 0 ? len : (int)((size_t)len / sizeof(*entry));
}

static uint64_t count_of(const struct exits_entry *entry, int n, uint32_t code)
{
	for (int i = 0; i < n; i++)
		if (entry[i].code == code)
			return entry[i].count;
	return 0;
}

static void show(int n_before, int n_after, uint64_t us)
{
	uint64_t total = 0, sum = 0;

	printf("%-20s %5s %12s %12s\n", "reason", "code", "so far",
	       "a second");
	for (int i = 0; i < n_after; i++) {
		const struct exits_entry *e = &after[i];
		uint64_t new_ones = e->count -
				    count_of(before, n_before, e->code);

		total += e->count;
		sum += new_ones;
		printf("%-20.20s %5x %12lu %12lu\n", e->name, e->code,
		       e->count, new_ones * 1000000 / us);
	}
	printf("%-26s %12lu %12lu\n", "all", total, sum * 1000000 / us);
}

int command(int argc, char **argv)
{
	uint64_t seconds = 1, start, end;
	int desc, n_before, n_after;

	if (argc > 1 || (argc == 1 && args_number(argv[0], 1, SECONDS_MAX,
						  &seconds))) {
		printf("exits: expected: exits [seconds, 1 to %u]\n",
		       SECONDS_MAX);
		return COMMAND_USAGE;
	}
	desc = msgopen("exits");
	n_before = desc < 0 ? desc : read_counters(desc, before);
	start = sys_time();
	end = start + seconds * 1000000;
	while (n_before >= 0 && sys_time() < end)
		sys_wait(end);
	n_after = n_before < 0 ? n_before : read_counters(desc, after);
	if (n_after < 0) {
		printf("exits: %s\n", command_error(n_after));
		return COMMAND_FAILED;
	}
	show(n_before, n_after, sys_time() - start);
	return 0;
}
