/* SPDX-License-Identifier: MIT */
/*
 * `debug`: the guest as the VMM sees it. With arguments it does one thing and
 * ends; without, it asks for commands until `q`. All that is shown comes from
 * the core's handler "debug" (core/domain/debug_calls.c), which also decides
 * whether it may be.
 */
#include "debug.h"

#include <domain/args.h>
#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <errno.h>
#include <tandem/kconfig.h>

static const char help[] =
	"debug [key=KEY] [command]: one command, or a prompt for more\n"
	"Numbers are hexadecimal, with or without 0x; those of CPUs decimal.\n"
	"  d [address [length]]  dump memory at a virtual address; without one,\n"
	"                        what follows the last dump\n"
	"  D [address [length]]  the same at a physical address\n"
	"      width=1|2|4|8     before the address: bytes of a number\n"
	"      cr3=X, cpu=N      d: with these page tables, or those of a CPU,\n"
	"                        not with those of the program that runs dbgsh\n"
	"  r [cpu]               registers of a CPU (0)\n"
	"  n [cpu]               what that CPU does next\n"
	"  h A B                 A + B and A - B\n"
	"  ! program [words]     run a program of the shell\n"
	"  h                     this text\n"
	"  q                     leave\n"
	"The same by name: dump, physical, registers, next, help, run, quit.\n";

static int handler = -ENOENT;

int debug_ask(enum debug_operation what, void *request, size_t size,
	      void *data, size_t length)
{
	struct msg_buf bufs[2] = {
		{ .base = request, .len = (uint32_t)size, .writable = 1 },
		{ .base = data, .len = (uint32_t)length, .writable = 1 },
	};

	if (handler < 0)
		return handler;
	return msgsendbuf(handler, what, bufs, data ? 2 : 1);
}

int debug_failed(const char *what, int error)
{
	if (error == -EACCES)
		printf("%s: locked; the key is asked for again after %u s "
		       "without a command\n", what, DEBUG_OPEN_SECONDS);
	else
		printf("%s: %s (%d)\n", what, command_error(error), error);
	return COMMAND_FAILED;
}

static int calculate(uint64_t a, uint64_t b)
{
	printf("%016lx + %016lx = %016lx\n", a, b, a + b);
	printf("%016lx - %016lx = %016lx\n", a, b, a - b);
	return 0;
}

static int run(const struct debug_command *c, int argc, char **argv)
{
	switch (c->action) {
	case DEBUG_DO_WRONG:
		printf("debug: expected: %s\n", c->expected);
		return COMMAND_USAGE;
	case DEBUG_DO_HELP:
		tty_write(help, sizeof(help) - 1);
		return 0;
	case DEBUG_DO_CALCULATE:
		return calculate(c->a, c->b);
	case DEBUG_DO_DUMP:
		return debug_dump(c);
	case DEBUG_DO_REGISTERS:
		return debug_registers(c->cpu);
	case DEBUG_DO_NEXT:
		return debug_next(c->cpu);
	case DEBUG_DO_RUN:
		return debug_run(c->name, argc - c->program - 1,
				 argv + c->program + 1);
	case DEBUG_DO_NOTHING:
	case DEBUG_DO_QUIT:
		break;
	}
	return 0;
}

static bool run_line(int argc, char **argv)
{
	struct debug_command c = debug_parse(argc, argv);

	if (c.action == DEBUG_DO_QUIT)
		return false;
	run(&c, argc, argv);
	return true;
}

static bool is_help(int argc, char *const *argv)
{
	return argc == 1 && (strcmp(argv[0], "-h") == 0 ||
			     strcmp(argv[0], "--help") == 0 ||
			     strcmp(argv[0], "help") == 0);
}

int command(int argc, char **argv)
{
	const char *key = NULL;
	struct debug_command c;
	int status;

	if (argc > 0 && strncmp(argv[0], "key=", 4) == 0) {
		key = argv[0] + 4;
		argc--;
		argv++;
	}
	if (is_help(argc, argv)) {
		tty_write(help, sizeof(help) - 1);
		return 0;
	}
	c = debug_parse(argc, argv);
	if (c.action == DEBUG_DO_WRONG)
		return run(&c, argc, argv);
	handler = msgopen("debug");
	if (handler < 0)
		return debug_failed("debug", handler);
	if (IS_ENABLED(CONFIG_DEBUG_ROOT_KEY)) {
		status = debug_key(key);
		if (status)
			return status;
	}
	return argc == 0 ? command_lines("debug> ", run_line) :
			   run(&c, argc, argv);
}
