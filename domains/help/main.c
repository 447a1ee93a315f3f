/* SPDX-License-Identifier: MIT */
/* `help`: the commands of the shell, one line each. */
#include <domain/command.h>
#include <domain/tty.h>
#include <string.h>
#include <tandem/kconfig.h>

struct entry {
	const char *name, *what;
	int built;
};

static const struct entry entries[] = {
	{ "echoctl", "echo server and client: see \"echoctl help\"",
	  IS_ENABLED(CONFIG_ECHO) },
	{ "exit", "end this session", 1 },
	{ "exits", "VM exits by reason; \"exits 10\" counts for 10 seconds", 1 },
	{ "help", "this list", 1 },
	{ "log", "the VMM log; \"log 20\" shows its last 20 lines, "
	  "\"log --previous\" that of the boot before", 1 },
	{ "net", "state and counters of the shared network card",
	  IS_ENABLED(CONFIG_NET_IPPASS) },
	{ "ps", "the programs that run in protection domains", 1 },
	{ "version", "release and build of this VMM", 1 },
	{ "crash", "break a rule of domains on purpose (for tests)",
	  IS_ENABLED(CONFIG_DEBUG_COMMANDS) },
	{ "kill", "end a program: \"kill netd\" (for tests)",
	  IS_ENABLED(CONFIG_DEBUG_COMMANDS) },
	{ "spin", "run for ever on purpose (for tests)",
	  IS_ENABLED(CONFIG_DEBUG_COMMANDS) },
	{ "usertests", "ask the core hostile questions (for tests); "
	  "\"usertests -l\" lists them", IS_ENABLED(CONFIG_DEBUG_COMMANDS) },
};

#define N_ENTRIES (sizeof(entries) / sizeof(entries[0]))

int command(int argc, char **argv)
{
	const struct entry *e;
	int shown = 0;

	if (argc > 1) {
		printf("help: expected: help [command]\n");
		return COMMAND_USAGE;
	}
	for (e = entries; e < entries + N_ENTRIES; e++) {
		if (!e->built || (argc == 1 && strcmp(argv[0], e->name) != 0))
			continue;
		printf("%-10s %s\n", e->name, e->what);
		shown++;
	}
	if (shown == 0) {
		printf("help: %s: no such command\n", argv[0]);
		return COMMAND_FAILED;
	}
	return 0;
}
