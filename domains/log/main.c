/* SPDX-License-Identifier: MIT */
/*
 * `log [lines]`: the VMM log in memory. The core's handler copies from a
 * position (a count of bytes since the start) and moves it on; bytes that
 * were overwritten meanwhile are skipped there.
 */
#include <domain/args.h>
#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>

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
	while (total < CONFIG_LOG_RING_KIB * 1024ull) {
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
	int desc, error = 0;

	if (argc > 1 || (argc == 1 &&
			 args_number(argv[0], 1, UINT32_MAX, &wanted))) {
		printf("log: expected: log [number of last lines]\n");
		return COMMAND_USAGE;
	}
	desc = msgopen("log_read");
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
	if (error < 0) {
		printf("log: %s\n", command_error(error));
		return COMMAND_FAILED;
	}
	return 0;
}
