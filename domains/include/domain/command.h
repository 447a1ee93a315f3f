/* SPDX-License-Identifier: MIT */
/*
 * A program that the shell starts: it is given its input and output as
 * descriptors 0 and 1, and the rest of the command line as a text buffer.
 * lib/command.c has the domain_main() that turns this into command().
 */
#ifndef DOMAIN_COMMAND_H
#define DOMAIN_COMMAND_H

#define COMMAND_LINE_MAX	256

/* Exit status of a command that was asked for something it cannot do. */
#define COMMAND_FAILED		1
#define COMMAND_USAGE		2

/* argv[0..argc) are the words after the command's name. Exit status. */
int command(int argc, char **argv);

/*
 * Ask the core's handler name for text and show it. Exit status; failures
 * are told to the user.
 */
int command_show(const char *name);

/* What a negative errno means, for a person. */
const char *command_error(int error);

#endif
