/* SPDX-License-Identifier: MIT */
/*
 * A session with the VMM's debug shell; see session.h.
 *
 * With `-c` the shell is told by ^N that a program is there: no prompt, no
 * echo, and behind the command's output come 0x1e, its exit status and a
 * newline.
 */
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LEAVE_KEY	0x1d		/* ^] */
#define END_KEY		0x04		/* ^D */
#define QUIET_BYTE	0x0e
#define STATUS_BYTE	0x1e
#define STATUS_LOST	125
#define ALIVE_MS	1000		/* a call at least so often */
#define END_KEYS_MAX	64		/* ends of file told, at most */
#define FIRST_CALLS_MAX	100000		/* to get rid of an old session */

/* Nothing to say: wait a moment, longer each time, up to 10 ms. */
static void pause_a_moment(unsigned int *times)
{
	useconds_t us = 100u << (*times < 7 ? *times : 7);

	usleep(us < 10000 ? us : 10000);
	++*times;
}

/*
 * The first answer of a session of our own. A fresh shell greets; one that
 * asks for input before it has said anything belongs to a program that was
 * killed and whose address space we have got: end it, and whatever runs in it.
 */
static int first_answer(session_call_t call)
{
	unsigned int idle = 0, ends = 0, calls;
	int answer = SESSION_NOTHING, byte = -1;
	bool stale = false;

	for (calls = 0; calls < FIRST_CALLS_MAX; calls++) {
		answer = call(byte);
		byte = -1;
		if (answer == SESSION_WANTS_INPUT) {
			if (ends++ == END_KEYS_MAX)
				return answer;	/* it is used as it is */
			stale = true;
			byte = END_KEY;
		} else if (answer == SESSION_NOTHING) {
			pause_a_moment(&idle);
		} else if (!stale) {
			return answer;
		} else if (answer == SESSION_OVER) {
			stale = false;
		}
	}
	return answer;
}

static void put(int byte)
{
	putchar(byte);
	if (byte == '\n')
		fflush(stdout);
}

/* What the user typed and nobody asked for yet. */
static struct {
	unsigned char bytes[1024];
	size_t len, taken;
	bool ended;
	unsigned int ends_told;
} typed;

/*
 * Read what is there, waiting for it up to timeout_ms. Returns false if the
 * user wants to leave.
 */
static bool read_typed(int timeout_ms)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
	ssize_t n;

	if (typed.ended || typed.taken < typed.len)
		return true;
	if (poll(&fd, 1, timeout_ms) <= 0)
		return true;
	n = read(STDIN_FILENO, typed.bytes, sizeof(typed.bytes));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0) {
		typed.ended = true;
		return true;
	}
	typed.len = (size_t)n;
	typed.taken = 0;
	return !isatty(STDIN_FILENO) || !memchr(typed.bytes, LEAVE_KEY,
						typed.len);
}

/* Next byte for the VMM, -1 if there is none yet. */
static int next_typed(void)
{
	if (typed.taken < typed.len)
		return typed.bytes[typed.taken++];
	if (typed.ended && typed.ends_told < END_KEYS_MAX) {
		typed.ends_told++;
		return END_KEY;
	}
	return -1;
}

int session_interactive(session_call_t call)
{
	unsigned int idle = 0;
	int answer, byte = -1;

	memset(&typed, 0, sizeof(typed));
	for (answer = first_answer(call);; answer = call(byte)) {
		byte = -1;
		if (answer == SESSION_OVER)
			break;
		if (answer > 0) {
			put(answer);
			idle = 0;
			continue;
		}
		fflush(stdout);
		if (answer == SESSION_WANTS_INPUT) {
			idle = 0;
			if (!read_typed(ALIVE_MS))
				break;
			byte = next_typed();
			if (byte < 0 && typed.ended)
				break;		/* ^D was of no use */
		} else {
			if (!read_typed(0))
				break;
			pause_a_moment(&idle);
		}
	}
	fflush(stdout);
	return 0;
}

/* The bytes of a session that runs one command and ends. */
struct script {
	const char *text;		/* what to answer next */
	bool asked;			/* the shell has taken the first byte */
	bool in_status;
	char status[16];
	size_t status_len;
	bool complete;
};

/* Text goes out, the status at its end is kept. */
static void take_output(struct script *s, int byte)
{
	if (!s->asked || s->complete)
		return;			/* greeting, prompt, farewell */
	if (!s->in_status && byte != STATUS_BYTE) {
		put(byte);
	} else if (byte == STATUS_BYTE) {
		s->in_status = true;
		s->status_len = 0;
	} else if (byte == '\n') {
		s->complete = true;
	} else if (s->status_len < sizeof(s->status) - 1) {
		s->status[s->status_len++] = (char)byte;
		s->status[s->status_len] = '\0';
	}
}

/* What to answer when input is asked for. */
static int next_scripted(struct script *s)
{
	s->asked = true;
	if (*s->text == '\0')
		/* asked again: whoever it is should come to its end */
		s->text = "exit\n";
	return (unsigned char)*s->text++;
}

int session_command(session_call_t call, const char *command)
{
	struct script s = { 0 };
	unsigned int idle = 0, asked = 0, limit;
	int answer, byte = -1;
	char *text;

	text = malloc(strlen(command) + 3);
	if (!text)
		return STATUS_LOST;
	sprintf(text, "%c%s\n", QUIET_BYTE, command);
	s.text = text;
	limit = (unsigned int)strlen(text) + 1024;
	for (answer = first_answer(call);; answer = call(byte)) {
		byte = -1;
		if (answer == SESSION_OVER)
			break;
		if (answer > 0) {
			take_output(&s, answer);
			idle = 0;
		} else if (answer == SESSION_WANTS_INPUT) {
			if (asked++ > limit)
				break;		/* it never ends */
			byte = next_scripted(&s);
		} else {
			fflush(stdout);
			pause_a_moment(&idle);
		}
	}
	free(text);
	fflush(stdout);
	return s.complete ? atoi(s.status) & 0xff : STATUS_LOST;
}
