/* SPDX-License-Identifier: MIT */
/*
 * A program that the shell starts: it is given its input and output as
 * descriptors 0 and 1, and the rest of the command line as a text buffer.
 * lib/command.c has the domain_main() that turns this into command().
 */
#ifndef DOMAIN_COMMAND_H
#define DOMAIN_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#define COMMAND_LINE_MAX	256

/* Exit status of a command that was asked for something it cannot do. */
#define COMMAND_FAILED		1
#define COMMAND_USAGE		2
/* ... of one that ^C has ended */
#define COMMAND_INTERRUPTED	130

/* argv[0..argc) are the words after the command's name. Exit status. */
int command(int argc, char **argv);

/*
 * The command line was wrong: tell what was expected, as text behind
 * "COMMAND: expected ". Returns COMMAND_USAGE.
 */
int command_expected(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

/* Something did not work: "COMMAND: what: why". Returns COMMAND_FAILED. */
int command_failed(const char *what, int error);

/*
 * Ask the handler of that name, of the core or of a service, for something:
 * value says what, the answer goes to buf[len). Its length, or -errno.
 */
int command_ask(const char *name, int value, void *buf, size_t len);

/*
 * Ask for commands until the input ends (^D) or run() returns false: it is
 * given the words of a line, of which there may be none. Exit status.
 */
int command_lines(const char *prompt, bool (*run)(int argc, char **argv));

/*
 * Run a program of the shell with this program's input and output and the text
 * line as its arguments, until it ends. Its exit status; failures are told.
 */
int program_run(const char *name, char *line);

/* What a negative errno means, for a person. */
const char *command_error(int error);

#endif
