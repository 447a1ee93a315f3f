/* SPDX-License-Identifier: MIT */
/*
 * A session with a person: keys go to the VMM, what it says to the terminal.
 *
 * A key waits here until the VMM asks for it, but for the first few, which the
 * VMM keeps for whoever asks later, and for Ctrl-C, which is told at once and
 * makes what was typed before it void, as terminals do: it is meant for what
 * runs now.
 */
#include "session.h"
#include "terminal.h"

#include <stdio.h>
#include <string.h>

#define LEAVE_KEY	0x1d		/* ^] */
#define UNASKED_MAX	32		/* keys told although nobody asks */
#define LOOK_BYTES	256		/* of output, from look to look at keys */

/* What the user typed and nobody asked for yet. */
static struct {
	unsigned char bytes[4096];
	size_t len, taken;
	bool terminal, ended, interrupt, leave;
	unsigned int ends_told;
} typed;

/* The last place of key in what is there, or NULL. */
static const unsigned char *last_typed(int key)
{
	size_t i;

	for (i = typed.len; i > typed.taken; i--)
		if (typed.bytes[i - 1] == key)
			return &typed.bytes[i - 1];
	return NULL;
}

/* Read what is there, waiting for it up to timeout_ms. */
static void read_typed(unsigned int timeout_ms)
{
	const unsigned char *at;
	int n;

	memmove(typed.bytes, typed.bytes + typed.taken,
		typed.len - typed.taken);
	typed.len -= typed.taken;
	typed.taken = 0;
	if (typed.ended || typed.len == sizeof(typed.bytes))
		return;
	n = input_read(typed.bytes + typed.len,
		       sizeof(typed.bytes) - typed.len, timeout_ms);
	if (n == INPUT_ENDED)
		typed.ended = true;
	if (n <= 0)
		return;
	typed.len += (size_t)n;
	if (!typed.terminal)
		return;
	if (last_typed(LEAVE_KEY))
		typed.leave = true;
	at = last_typed(SESSION_INTERRUPT_KEY);
	if (at) {
		typed.interrupt = true;
		typed.taken = (size_t)(at + 1 - typed.bytes);
	}
}

/* Next byte for the VMM, -1 if there is none yet. */
static int next_typed(void)
{
	if (typed.taken < typed.len)
		return typed.bytes[typed.taken++];
	if (typed.ended && typed.ends_told < SESSION_ENDS_MAX) {
		typed.ends_told++;
		return SESSION_END_KEY;
	}
	return -1;
}

/* One byte of output. */
static void put(int byte, unsigned int *since_look)
{
	putchar(byte);
	if (byte == '\n')
		fflush(stdout);
	if (++*since_look < LOOK_BYTES)
		return;
	*since_look = 0;
	read_typed(0);
}

/* Input is wanted: wait for it, then the byte. */
static int answer_input(void)
{
	int byte;

	if (typed.taken == typed.len)
		read_typed(SESSION_ALIVE_MS);
	if (typed.leave || typed.interrupt)
		return -1;
	byte = next_typed();
	if (byte < 0 && typed.ended)
		typed.leave = true;		/* ^D was of no use */
	return byte;
}

/* For a program that looks for keys but does not wait for them. */
static int unasked_key(unsigned int *unasked)
{
	if (typed.taken == typed.len || *unasked == UNASKED_MAX)
		return -1;
	++*unasked;
	return next_typed();
}

int session_interactive(session_call_t call)
{
	unsigned int idle = 0, since_look = 0, unasked = 0;
	int answer, byte;

	memset(&typed, 0, sizeof(typed));
	typed.terminal = terminal_is_input();
	answer = session_first(call);
	while (answer != SESSION_OVER && !typed.leave) {
		byte = -1;
		if (answer > 0) {
			put(answer, &since_look);
			idle = 0;
		} else if (answer == SESSION_WANTS_INPUT) {
			fflush(stdout);
			byte = answer_input();
			idle = unasked = 0;
		} else {
			fflush(stdout);
			read_typed(0);
			byte = unasked_key(&unasked);
			session_pause(&idle);
		}
		if (typed.interrupt) {
			typed.interrupt = false;
			byte = SESSION_INTERRUPT_KEY;
		}
		if (!typed.leave)
			answer = call(byte);
	}
	fflush(stdout);
	return ferror(stdout) ? STATUS_NO_OUTPUT : 0;
}
