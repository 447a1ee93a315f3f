/* SPDX-License-Identifier: MIT */
/* `help`: the commands of the shell, one line each, or the usage of one. */
#include <domain/command.h>
#include <domain/tty.h>
#include <domain/usage.h>
#include <string.h>

static int show(const char *name)
{
	const struct usage *u = usage_find(name);

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
