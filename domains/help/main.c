/* SPDX-License-Identifier: MIT */
/* `help`: the commands of the shell, one line each, or the usage of one. */
#include <domain/command.h>
#include <domain/tty.h>
#include <domain/usage.h>
#include <string.h>

static int show(const char *name)
{
	const struct usage *u = usage_find(name);

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
	if (!u) {
		printf("help: %s: no such command; \"help\" lists them\n",
		       name);
		return COMMAND_FAILED;
	}
	if (u->text)
		tty_write(u->text, strlen(u->text));
	else
		printf("%s: %s%s\"%s -h\" tells more\n", u->name, u->what,
		       u->what[0] ? "; " : "", u->name);
	return 0;
}

int command(int argc, char **argv)
{
	const struct usage *u;
	unsigned int n;

	if (argc > 1)
		return command_expected("one command, or none");
	if (argc == 1)
		return show(argv[0]);
	for (n = 0; (u = usage_get(n)); n++)
		printf("%-10s %s\n", u->name, u->what);
	return 0;
}
