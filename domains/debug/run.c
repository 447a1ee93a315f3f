/* SPDX-License-Identifier: MIT */
/* `!`: start another program of the shell, and wait for its end. */
#include "debug.h"

#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <errno.h>
#include <stdio.h>

static int start(int process, char *line)
{
	struct msg_buf buf = {
		.base = line, .len = (uint32_t)strlen(line) + 1,
	};
	int error = msgsenddesc(process, TTY_IN);

	if (error >= 0)
		error = msgsenddesc(process, TTY_OUT);
	return error < 0 ? error : msgsendbuf(process, 0, &buf, 1);
}

int debug_run(const char *name, int argc, char *const *argv)
{
	char line[COMMAND_LINE_MAX] = "";
	size_t len = 0;
	int process, status, i;

	for (i = 0; i < argc && len < sizeof(line); i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s",
					i ? " " : "", argv[i]);
	process = strlen(name) < MSG_NAME_MAX ? newprocess(name) : -ENOENT;
	if (process == -ENOENT) {
		printf("%s: no such program\n", name);
		return COMMAND_USAGE;
	}
	if (process < 0) {
		printf("%s: cannot be started: %s (%d)\n", name,
		       command_error(process), process);
		return COMMAND_FAILED;
	}
	tty_flush();
	status = start(process, line);
	msgclose(process);
	if (status < 0) {
		printf("%s: ended by the VMM, \"log\" tells why (%d)\n", name,
		       status);
		return COMMAND_FAILED;
	}
	return status;
}
