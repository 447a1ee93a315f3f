/* SPDX-License-Identifier: MIT */
/*
 * A session with the VMM's debug shell over the VMM call "dbgsh", one byte at
 * a time (docs/vmmcall.md).
 */
#ifndef DBGSH_SESSION_H
#define DBGSH_SESSION_H

#include <stdbool.h>
#include <stddef.h>

/* What a call came back with, if not an output byte (1 to 255). */
enum session_answer {
	SESSION_WANTS_INPUT = 0,
	SESSION_OVER = 0x10a,
	SESSION_NOTHING = -1,
};

/* Exit status of dbgsh, beside those of commands; dbgsh.1. */
enum session_status {
	STATUS_WRONG_OPTIONS = 64,
	STATUS_NO_SHELL = 69,
	STATUS_NO_OUTPUT = 74,
	STATUS_TIMEOUT = 124,
	STATUS_LOST = 125,
};

#define SESSION_ALIVE_MS	1000	/* a call at least so often */
#define SESSION_END_KEY		0x04	/* ^D: ends a program, then the shell */
#define SESSION_INTERRUPT_KEY	0x03	/* ^C */
#define SESSION_ENDS_MAX	64	/* so often it is told to end, at most */

/*
 * One call with an input byte, or -1 for none. An output byte or one of
 * enum session_answer. Tests put their own in its place.
 */
typedef int (*session_call_t)(int byte);

/*
 * The first answer of a session of our own. What an old session of this
 * address space still has to say is dropped.
 */
int session_first(session_call_t call);

/*
 * Nothing to say: wait a moment, longer each time, up to 10 ms. *times counts;
 * the caller sets it to 0 when there was something.
 */
void session_pause(unsigned int *times);

/* Talk to the user until the session is over. Exit status. */
int session_interactive(session_call_t call);

/* What to have the shell do without a user. */
struct script {
	const char *const *commands;	/* lines, or NULL: standard input's */
	size_t n_commands;
	bool json;			/* each is told --json */
	bool stop_at_failure;
	unsigned int timeout_s;		/* for all of it; 0: none */
};

/*
 * Have the shell run commands; their output goes to standard output. The exit
 * status of the last one that ran, 0 if there was none, or one of enum
 * session_status after a message on standard error.
 */
int session_script(session_call_t call, const struct script *script);

#endif
