/* SPDX-License-Identifier: MIT */
/* A command that asks for commands of its own; see command.h. */
#include <domain/args.h>
#include <domain/command.h>
#include <domain/tty.h>
#include <errno.h>

int command_lines(const char *prompt, bool (*run)(int argc, char **argv))
{
	static char line[COMMAND_LINE_MAX];
	char *words[ARGS_MAX];
	int len, argc;

	for (;;) {
		len = tty_readline(prompt, line, sizeof(line), true);
		if (len == -EPIPE)
			return 0;
		if (len < 0)
			continue;
		argc = args_split(line, words, ARGS_MAX);
		if (argc < 0)
			printf("more than %d words\n", ARGS_MAX);
		else if (!run(argc, words))
			return 0;
	}
}
