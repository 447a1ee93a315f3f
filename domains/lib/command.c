/* SPDX-License-Identifier: MIT */
/* Start of a command and what commands have in common; domain/command.h. */
#include <domain/args.h>
#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <domain/usage.h>
#include <errno.h>
#include <stdio.h>

static char line[COMMAND_LINE_MAX];
static char *words[ARGS_MAX];

int domain_main(int type, int value, struct msg_buf *bufs, size_t n)
{
	const struct usage *u = usage_find(COMMAND);
	int argc;

	(void)value;
	if (type == MSG_BUF && n > 0) {
		size_t len = bufs[0].len;

		if (len > sizeof(line) - 1)
			len = sizeof(line) - 1;
		memcpy(line, bufs[0].base, len);
	}
	argc = args_split(line, words, ARGS_MAX);
	if (argc < 0)
		return command_expected("at most %d words", ARGS_MAX);
	for (int i = 0; u && u->text && i < argc; i++) {
		if (strcmp(words[i], "-h") == 0 ||
		    strcmp(words[i], "--help") == 0) {
			tty_write(u->text, strlen(u->text));
			return 0;
		}
	}
	return command(argc, words);
}

int command_expected(const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	printf("%s: expected %s; \"%s -h\" tells more\n", COMMAND, text,
	       COMMAND);
	return COMMAND_USAGE;
}

int command_failed(const char *what, int error)
{
	printf("%s: %s: %s (%d)\n", COMMAND, what, command_error(error),
	       error);
	return COMMAND_FAILED;
}

int command_ask(const char *name, int value, void *to, size_t len)
{
	struct msg_buf buf = {
		.base = to, .len = (uint32_t)len, .writable = 1,
	};
	int desc = msgopen(name), result;

	if (desc < 0)
		return desc;
	result = msgsendbuf(desc, value, &buf, 1);
	msgclose(desc);
	return result > (int)len ? (int)len : result;
}
