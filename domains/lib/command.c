/* SPDX-License-Identifier: MIT */
/* Start of a command and what commands have in common; domain/command.h. */
#include <domain/args.h>
#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <errno.h>

static char line[COMMAND_LINE_MAX];
static char *words[ARGS_MAX];

int domain_main(int type, int value, struct msg_buf *bufs, size_t n)
{
	int argc;

	(void)value;
	if (type == MSG_BUF && n > 0) {
		size_t len = bufs[0].len;

		if (len > sizeof(line) - 1)
			len = sizeof(line) - 1;
		memcpy(line, bufs[0].base, len);
	}
	argc = args_split(line, words, ARGS_MAX);
	if (argc < 0) {
		printf("more than %d words\n", ARGS_MAX);
		return COMMAND_USAGE;
	}
	return command(argc, words);
}

int command_show(const char *name)
{
	static char text[4096];
	struct msg_buf buf = {
		.base = text, .len = sizeof(text), .writable = 1,
	};
	int desc = msgopen(name), len;

	if (desc < 0) {
		printf("%s: %s\n", name, command_error(desc));
		return COMMAND_FAILED;
	}
	len = msgsendbuf(desc, 0, &buf, 1);
	msgclose(desc);
	if (len < 0) {
		printf("%s: %s\n", name, command_error(len));
		return COMMAND_FAILED;
	}
	tty_write(text, (size_t)len < sizeof(text) ? (size_t)len
						   : sizeof(text));
	return 0;
}
