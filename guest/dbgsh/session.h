/* SPDX-License-Identifier: MIT */
/*
 * A session with the VMM's debug shell over the VMM call "dbgsh", one byte at
 * a time (docs/vmmcall.md).
 */
#ifndef DBGSH_SESSION_H
#define DBGSH_SESSION_H

/* What a call came back with, if not an output byte (1 to 255). */
enum session_answer {
	SESSION_WANTS_INPUT = 0,
	SESSION_OVER = 0x10a,
	SESSION_NOTHING = -1,
};

/*
 * One call with an input byte, or -1 for none. An output byte or one of
 * enum session_answer. Tests put their own in its place.
 */
typedef int (*session_call_t)(int byte);

/* Talk to the user until the session is over. Exit status. */
int session_interactive(session_call_t call);

/*
 * Have the shell run one command; its output goes to standard output. The
 * command's exit status, or 125 if the session ended before it.
 */
int session_command(session_call_t call, const char *command);

#endif
