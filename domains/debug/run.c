/* SPDX-License-Identifier: MIT */
/* `!`: start another program of the shell, and wait for its end. */
#include "debug.h"

#include <domain/command.h>
#include <stdio.h>

int debug_run(const char *name, int argc, char *const *argv)
{
	char line[COMMAND_LINE_MAX] = "";
	size_t len = 0;
	int i;

	for (i = 0; i < argc && len < sizeof(line); i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s",
					i ? " " : "", argv[i]);
	return program_run(name, line);
}
