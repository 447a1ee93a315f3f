/* SPDX-License-Identifier: MIT */
/*
 * `log [--previous] [lines]`: the VMM log in memory, or what was left of it by
 * the boot before. The core's handler copies from a position (a count of bytes
 * since the start) and moves it on; bytes that were overwritten meanwhile are
 * skipped there.
 */
#include <domain/args.h>
#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <errno.h>

/* the log, and the line that heads the one of the boot before */
#define LOG_MAX		(CONFIG_LOG_RING_KIB * 1024ull + 256)

static const char usage[] =
	"log [--previous] [number of last lines]\n"
	"  --previous  the log of the boot before: how the VMM ended there\n";

static char text[2048];

/* More of the log from *position on: its length, 0 at the end, or -errno. */
static int read_log(int desc, uint64_t *position)
{
	struct msg_buf bufs[2] = {
		{ .base = text, .len = sizeof(text), .writable = 1 },
		{ .base = position, .len = sizeof(*position), .writable = 1 },
	};
	int len = msgsendbuf(desc, 0, bufs, 2);

	return len > (int)sizeof(text) ? (int)sizeof(text) : len;
}

/*
 * Walk the log once: counts its lines in *lines, and shows what comes after
 * the first skip of them unless show is false. What is logged while we look
 * is not chased after: at most the log's own size is read.
 */
static int walk(int desc, bool show, uint64_t skip, uint64_t *lines)
{
	uint64_t position = 0, total = 0;
	int len, i, from;

	*lines = 0;
	while (total < LOG_MAX) {
		len = read_log(desc, &position);
		if (len <= 0)
			return len;
		total += (uint64_t)len;
		for (i = 0, from = *lines < skip ? len : 0; i < len; i++)
			if (text[i] == '\n' && ++*lines == skip)
				from = i + 1;
		if (show && from < len)
			tty_write(text + from, (size_t)(len - from));
	}
	return 0;
}

int command(int argc, char **argv)
{
	uint64_t wanted = 0, lines = 0, skip = 0;
	bool previous = false;
	int desc, error = 0;

	if (argc == 1 && (strcmp(argv[0], "--help") == 0 ||
			  strcmp(argv[0], "-h") == 0)) {
		printf("%s", usage);
		return 0;
	}
	if (argc > 0 && strcmp(argv[0], "--previous") == 0) {
		previous = true;
		argc--;
		argv++;
	}
	if (argc > 1 || (argc == 1 &&
			 args_number(argv[0], 1, UINT32_MAX, &wanted))) {
		printf("log: expected: %s", usage);
		return COMMAND_USAGE;
	}
	desc = msgopen(previous ? "log_previous" : "log_read");
	if (desc < 0) {
		printf("log: %s\n", command_error(desc));
		return COMMAND_FAILED;
	}
	if (argc == 1) {
		error = walk(desc, false, 0, &lines);
		skip = lines > wanted ? lines - wanted : 0;
	}
	if (error >= 0)
		error = walk(desc, true, skip, &lines);
	if (previous && error == -ENOENT) {
		printf("log: there is no log of the boot before\n");
		return COMMAND_FAILED;
	}
	if (error < 0) {
		printf("log: %s\n", command_error(error));
		return COMMAND_FAILED;
	}
	return 0;
}
