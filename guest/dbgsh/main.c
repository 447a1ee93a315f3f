/* SPDX-License-Identifier: MIT */
/* dbgsh: the VMM's debug shell in a terminal or a script of the guest. */
#include "session.h"
#include "terminal.h"

#include <call_vmm.h>
#include <config/release.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMANDS_MAX	64
#define COMMAND_MAX	4000	/* bytes; the VMM takes less */
#define TIMEOUT_MAX	86400	/* seconds */

/*
 * In ecx: edx is a number of this client, by which the VMM sees that it is
 * another than one that was killed and whose address space it has got.
 */
#define CLIENT_MAGIC	0x54445348

static call_vmm_function_t function;
static uint32_t client;

static int call(int byte)
{
	call_vmm_arg_t arg = {
		.rbx = byte, .rcx = CLIENT_MAGIC, .rdx = (intptr_t)client,
	};
	call_vmm_ret_t ret;

	call_vmm_call_function(&function, &arg, &ret);
	return (int)ret.rax;
}

static const char help[] =
	"Usage: dbgsh [-c COMMAND]... [-e] [--json] [--timeout SECONDS]\n"
	"Talk to the debug shell of the VMM beneath this system.\n"
	"\n"
	"  -c, --command COMMAND  run one command of that shell and end with "
	"its status;\n"
	"                         again for more, one after the other\n"
	"  -e, --errexit          leave at the first command that fails\n"
	"  -j, --json             ask each command for JSON\n"
	"  -t, --timeout SECONDS  give up after that time\n"
	"  -h, --help             this text\n"
	"  -V, --version          the release of this program\n"
	"\n"
	"Commands are read from standard input if it is no terminal. In a "
	"session:\n"
	"\"help\" lists the commands, \"exit\" ends it, and Ctrl-] leaves "
	"dbgsh at any time.\n";

static const struct option long_options[] = {
	{ "command", required_argument, NULL, 'c' },
	{ "errexit", no_argument, NULL, 'e' },
	{ "json", no_argument, NULL, 'j' },
	{ "timeout", required_argument, NULL, 't' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char *commands[COMMANDS_MAX];

/* Add one command. NULL, or what is wrong with it. */
static const char *add_command(struct script *script, const char *command)
{
	if (strpbrk(command, "\r\n"))
		return "-c expects one command, on one line";
	if (strlen(command) > COMMAND_MAX)
		return "the command is too long";
	if (script->n_commands == COMMANDS_MAX)
		return "too many commands; standard input has no limit";
	commands[script->n_commands++] = command;
	script->commands = commands;
	return NULL;
}

static const char *set_timeout(struct script *script, const char *text)
{
	char *end;
	unsigned long seconds = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || seconds < 1 ||
	    seconds > TIMEOUT_MAX)
		return "--timeout expects seconds, 1 to 86400";
	script->timeout_s = (unsigned int)seconds;
	return NULL;
}

/* -1: go on with *script; else: exit with that status. */
static int parse(int argc, char **argv, struct script *script)
{
	const char *problem = NULL;
	int option;

	while (!problem) {
		option = getopt_long(argc, argv, "c:ejt:hV", long_options,
				     NULL);
		switch (option) {
		case 'c':
			problem = add_command(script, optarg);
			break;
		case 'e':
			script->stop_at_failure = true;
			break;
		case 'j':
			script->json = true;
			break;
		case 't':
			problem = set_timeout(script, optarg);
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			puts("dbgsh " TANDEM_RELEASE);
			return 0;
		case -1:
			if (optind == argc)
				return -1;
			problem = "commands come after -c, in quotes";
			break;
		default:
			/* getopt has said what is wrong */
			fputs("dbgsh --help tells what is expected\n", stderr);
			return STATUS_WRONG_OPTIONS;
		}
	}
	fprintf(stderr, "dbgsh: %s\n", problem);
	return STATUS_WRONG_OPTIONS;
}

/* Find the function. 0, or an exit status after saying what is missing. */
static int find_shell(void)
{
	CALL_VMM_GET_FUNCTION("dbgsh", &function);
	if (call_vmm_function_no_vmm(&function)) {
		fputs("dbgsh: there is no VMM beneath this system\n", stderr);
		return STATUS_NO_SHELL;
	}
	if (!call_vmm_function_callable(&function)) {
		fputs("dbgsh: the VMM beneath this system has no debug "
		      "shell\n", stderr);
		return STATUS_NO_SHELL;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct script script = { 0 };
	bool interactive;
	int status;

	status = parse(argc, argv, &script);
	if (status >= 0)
		return status;
	interactive = !script.commands && terminal_is_input();
	if (interactive && (script.json || script.stop_at_failure ||
			    script.timeout_s)) {
		fputs("dbgsh: --errexit, --json and --timeout expect -c, or "
		      "commands on standard input\n", stderr);
		return STATUS_WRONG_OPTIONS;
	}
	status = find_shell();
	if (status)
		return status;
	client = (uint32_t)getpid() << 16 ^ (uint32_t)clock_ms();
	if (!interactive)
		return session_script(call, &script);
	if (terminal_raw() < 0) {
		perror("dbgsh: terminal");
		return EXIT_FAILURE;
	}
	return session_interactive(call);
}
