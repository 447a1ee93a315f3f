/* SPDX-License-Identifier: MIT */
/*
 * The program debug: its commands, parsed (parse.c, tested on the host), and
 * what carries them out.
 */
#ifndef DEBUG_DEBUG_H
#define DEBUG_DEBUG_H

#include <abi/debug.h>
#include <abi/domain.h>
#include <stdbool.h>
#include <stddef.h>

enum debug_action {
	DEBUG_DO_NOTHING,	/* no words */
	DEBUG_DO_WRONG,		/* expected says what would be right */
	DEBUG_DO_HELP,
	DEBUG_DO_CALCULATE,
	DEBUG_DO_DUMP,
	DEBUG_DO_REGISTERS,
	DEBUG_DO_NEXT,
	DEBUG_DO_RUN,
	DEBUG_DO_QUIT,
};

enum debug_space {
	DEBUG_SPACE_CALLER,	/* of the guest's program that runs dbgsh */
	DEBUG_SPACE_CR3,
	DEBUG_SPACE_CPU,
	DEBUG_SPACE_PHYSICAL,
};

/* The most that one command dumps. */
#define DEBUG_DUMP_MAX		0x10000u
#define DEBUG_DUMP_DEFAULT	0x100u

struct debug_command {
	enum debug_action action;
	const char *expected;		/* DO_WRONG */
	uint64_t a, b;			/* DO_CALCULATE */
	/* DO_DUMP */
	enum debug_space space;
	bool has_space;			/* it was named */
	uint64_t cr3;
	unsigned int width;		/* bytes, 0: not named */
	bool has_address;
	uint64_t address, length;	/* the last byte has an address */
	/* DO_DUMP, DO_REGISTERS, DO_NEXT */
	uint32_t cpu;
	int program;			/* DO_RUN: its word in argv ... */
	const char *name;		/* ... and its name */
};

/* argv[0..argc) are the words of one command. */
struct debug_command debug_parse(int argc, char *const *argv);

/* ---- main.c ---- */

/* Ask the core. What abi/debug.h tells. */
int debug_ask(enum debug_operation what, void *request, size_t size,
	      void *data, size_t length);

/* Tell why what could not be done; an exit status. */
int debug_failed(const char *what, int error);

/* ---- key.c ---- */

/*
 * Show the core the key: word, or if that is NULL what the user types. 0, or
 * an exit status after telling the user what is wrong.
 */
int debug_key(const char *word);

/* ---- dump.c, cpu.c, run.c: one command each; exit status ---- */

int debug_dump(const struct debug_command *c);
int debug_registers(uint32_t cpu);
int debug_next(uint32_t cpu);
int debug_run(const char *name, int argc, char *const *argv);

/* The state of a CPU: 0, or an exit status after saying what is wrong. */
int debug_cpu_state(uint32_t cpu, struct debug_cpu *state);

#endif
