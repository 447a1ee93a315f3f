/* SPDX-License-Identifier: MIT */
/* dbgsh: the VMM's debug shell in a terminal of the guest. */
#include "session.h"
#include "terminal.h"

#include <call_vmm.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static call_vmm_function_t function;

static int call(int byte)
{
	call_vmm_arg_t arg = { .rbx = byte };
	call_vmm_ret_t ret;

	call_vmm_call_function(&function, &arg, &ret);
	return (int)ret.rax;
}

static void usage(FILE *to)
{
	fputs("Usage: dbgsh [-c COMMAND]\n"
	      "Talk to the debug shell of the VMM beneath this system.\n"
	      "\n"
	      "  -c COMMAND  run one command of that shell and end with its "
	      "status\n"
	      "  --help      this text\n"
	      "\n"
	      "In a session: \"help\" lists the commands, \"exit\" ends it, and "
	      "Ctrl-] leaves\n"
	      "dbgsh at any time.\n", to);
}

/* 0: go on, with *command set by -c; else: exit with *status. */
static int parse(int argc, char **argv, const char **command, int *status)
{
	*command = NULL;
	*status = 0;
	if (argc == 1)
		return 0;
	if (argc == 2 && (!strcmp(argv[1], "--help") ||
			  !strcmp(argv[1], "-h"))) {
		usage(stdout);
		return 1;
	}
	if (argc == 3 && !strcmp(argv[1], "-c")) {
		if (!strpbrk(argv[2], "\r\n")) {
			*command = argv[2];
			return 0;
		}
		fputs("dbgsh: -c expects one command, on one line\n", stderr);
	} else {
		fprintf(stderr, "dbgsh: %s: expected -c COMMAND or --help\n",
			argv[1]);
	}
	*status = 2;
	return 1;
}

/* Find the function. 0, or 1 after saying what is missing. */
static int find_shell(void)
{
	CALL_VMM_GET_FUNCTION("dbgsh", &function);
	if (call_vmm_function_no_vmm(&function)) {
		fputs("dbgsh: there is no VMM beneath this system\n", stderr);
		return 1;
	}
	if (!call_vmm_function_callable(&function)) {
		fputs("dbgsh: the VMM beneath this system has no debug "
		      "shell\n", stderr);
		return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *command;
	int status;

	if (parse(argc, argv, &command, &status))
		return status;
	if (find_shell())
		return 1;
	if (command)
		return session_command(call, command);
	if (terminal_raw() < 0) {
		perror("dbgsh: terminal");
		return 1;
	}
	return session_interactive(call);
}
