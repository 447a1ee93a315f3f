/* SPDX-License-Identifier: MIT */
/* Start another program of the shell, and wait for its end; see command.h. */
#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <errno.h>

/*
 * Hand over input and output, and run. Exit status or negative errno, of which
 * -ECANCELED is ^C (core/domain/dbgsh.c).
 */
static int run(int process, char *line)
{
	struct msg_buf buf = {
		.base = line, .len = (uint32_t)strlen(line) + 1,
	};
	int error = msgsenddesc(process, TTY_IN);

	if (error >= 0)
		error = msgsenddesc(process, TTY_OUT);
	return error < 0 ? error : msgsendbuf(process, 0, &buf, 1);
}

int program_run(const char *name, char *line)
{
	int process = strlen(name) < MSG_NAME_MAX ? newprocess(name) : -ENOENT;
	int status;

	if (process == -ENOENT) {
		printf("%s: no such command; \"help\" lists them\n", name);
		return COMMAND_USAGE;
	}
	if (process < 0) {
		printf("%s: cannot be started: %s (%d)\n", name,
		       command_error(process), process);
		return COMMAND_FAILED;
	}
	tty_flush();
	status = run(process, line);
	msgclose(process);
	if (status == -ECANCELED) {
		printf("^C\n");
		return COMMAND_INTERRUPTED;
	}
	if (status < 0) {
		printf("%s: ended by the VMM, \"log\" tells why (%d)\n", name,
		       status);
		return COMMAND_FAILED;
	}
	return status;
}
