/* SPDX-License-Identifier: MIT */
/*
 * `log`: the VMM log in memory, or what was left of it by the boot before. The
 * core's handler copies from a position (a count of bytes since the start) and
 * moves it on; bytes that were overwritten meanwhile are skipped there.
 */
#include "filter.h"

#include <domain/args.h>
#include <domain/command.h>
#include <domain/log.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <errno.h>

/* the log, and the line that heads the one of the boot before */
#define LOG_MAX		(CONFIG_LOG_RING_KIB * 1024ull + 256)
#define FOLLOW_US	100000

static const struct args_option known[] = {
	{ "follow", 'f', 0, 'f' }, { "previous", 'p', 0, 'p' },
	{ "level", 'l', 1, 'l' }, { "lines", 'n', 1, 'n' }, { 0 },
};

static struct options {
	bool follow, previous;
	int level;
	uint64_t lines;			/* 0: all */
} options = { .level = LOG_DEBUG };

static struct filter filter;
static int desc;			/* the core's handler */

/* More of the log from *position on: its length, 0 at the end, or -errno. */
static int read_log(uint64_t *position, char *text, size_t size)
{
	struct msg_buf bufs[2] = {
		{ .base = text, .len = (uint32_t)size, .writable = 1 },
		{ .base = position, .len = sizeof(*position), .writable = 1 },
	};
	int len = msgsendbuf(desc, 0, bufs, 2);

	return len > (int)size ? (int)size : len;
}

/*
 * All that there is from *position on goes through the filter. What is logged
 * while we look is not chased after: at most the log's own size is read.
 */
static int walk(uint64_t *position)
{
	static char text[2048];
	uint64_t total = 0;
	int len;

	while (total < LOG_MAX) {
		len = read_log(position, text, sizeof(text));
		if (len <= 0)
			return len;
		total += (uint64_t)len;
		filter_add(&filter, text, (size_t)len);
	}
	return 0;
}

/* Until q is typed; ^C ends the program from outside. */
static int follow(uint64_t position)
{
	int error = 0, key;

	while (error >= 0) {
		key = tty_typed();
		if (key == 'q' || key == 'Q')
			break;
		sys_wait(sys_time() + FOLLOW_US);
		error = walk(&position);
	}
	return error;
}

static int show(void)
{
	uint64_t position = 0;
	int error = 0;

	filter = (struct filter){ .level = options.level };
	if (options.lines) {
		error = walk(&position);
		filter_end(&filter);
		if (filter.lines > options.lines)
			filter.skip = filter.lines - options.lines;
		filter.lines = 0;
		position = 0;
	}
	filter.show = tty_write;
	if (error >= 0)
		error = walk(&position);
	if (error >= 0 && options.follow)
		error = follow(position);
	filter_end(&filter);
	return error;
}

/* One option or operand; an exit status other than 0 if it is wrong. */
static int take(int option, const char *text)
{
	switch (option) {
	case 'f':
		options.follow = true;
		return 0;
	case 'p':
		options.previous = true;
		return 0;
	case 'l':
		options.level = filter_level(text);
		if (options.level < 0)
			return command_expected("level error, warning, info or "
						"debug, not \"%s\"", text);
		return 0;
	case 'n':
	case ARGS_OPERAND:
		if (args_number(text, 1, UINT32_MAX, &options.lines))
			return command_expected("a number of lines from 1 on, "
						"not \"%s\"", text);
		return 0;
	case ARGS_NO_VALUE:
		return command_expected("a value behind %s", text);
	default:
		return command_expected("--follow, --previous, --level LEVEL, "
					"--lines LINES, not \"%s\"", text);
	}
}

int command(int argc, char **argv)
{
	struct args a = { .argc = argc, .argv = argv };
	int option, error;

	while ((option = args_next(&a, known))) {
		error = take(option, a.text);
		if (error)
			return error;
	}
	if (options.follow && options.previous)
		return command_expected("--follow or --previous: nothing comes "
					"to that one");
	desc = msgopen(options.previous ? "log_previous" : "log_read");
	error = desc < 0 ? desc : show();
	if (options.previous && error == -ENOENT) {
		printf("log: there is no log of the boot before\n");
		return COMMAND_FAILED;
	}
	if (error < 0)
		return command_failed("the core's answer", error);
	return 0;
}
