/* SPDX-License-Identifier: MIT */
/*
 * A session without a person: commands of `-c` or lines of standard input.
 *
 * The shell is told by ^N that a program is there: no prompt, no echo, and
 * behind each command's output come 0x1e, its exit status and a newline. So it
 * is known whether the shell asks, for the next command, or a program that
 * runs in it, for input of its own.
 */
#include "session.h"
#include "terminal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUIET_BYTE	0x0e
#define STATUS_BYTE	0x1e
/*
 * For an orderly end after a timeout: what computes and does not know ^C is
 * ended by the VMM after a while. A session that is left would be that of the next
 * program which gets our address space.
 */
#define GIVE_UP_MS	3000
#define LINE_SIZE	4096
#define JSON_OPTION	" --json"

enum state { GREETING, AT_PROMPT, RUNNING };
enum line { LINE_NONE, LINE_READY, LINE_ENDED };

struct run {
	const struct script *script;
	enum state state;
	char greeting[256];
	size_t greeting_len;
	/* what to answer next */
	const char *text;
	char line[LINE_SIZE + sizeof(JSON_OPTION) + 1];
	size_t next_command;
	/* standard input */
	char input[LINE_SIZE];
	size_t input_len, input_taken;
	size_t line_len;
	bool input_ended;
	/* the bytes behind a command's output */
	bool in_status;
	char status_text[8];
	size_t status_len;
	int status;
	/* the end */
	unsigned int ends;		/* times that somebody was told to end */
	uint64_t deadline;		/* 0: none */
	bool timed_out, refused;
	bool leaving;			/* the shell was told "exit" */
};

static void put(int byte, const struct run *r)
{
	if (r->timed_out)
		return;
	putchar(byte);
	if (byte == '\n')
		fflush(stdout);
}

/* 0x1e that was no status, and what came behind it, is output. */
static void put_no_status(struct run *r)
{
	size_t i;

	r->in_status = false;
	put(STATUS_BYTE, r);
	for (i = 0; i < r->status_len; i++)
		put((unsigned char)r->status_text[i], r);
}

static void take_status(struct run *r, int byte)
{
	if (byte == '\n' && r->status_len > 0) {
		r->status_text[r->status_len] = '\0';
		r->status = atoi(r->status_text) & 0xff;
		r->in_status = false;
		r->state = AT_PROMPT;
		r->text = "";		/* what the program did not want */
	} else if ((isdigit(byte) || (byte == '-' && r->status_len == 0)) &&
		   r->status_len < sizeof(r->status_text) - 1) {
		r->status_text[r->status_len++] = (char)byte;
	} else {
		put_no_status(r);
		put(byte, r);
	}
}

static void take_output(struct run *r, int byte)
{
	if (r->state == GREETING) {
		if (r->greeting_len < sizeof(r->greeting) - 1)
			r->greeting[r->greeting_len++] = (char)byte;
	} else if (r->in_status) {
		take_status(r, byte);
	} else if (byte == STATUS_BYTE) {
		r->in_status = true;
		r->status_len = 0;
	} else if (r->state == RUNNING) {
		put(byte, r);
	}
}

/* ---- lines ---- */

/* Next byte of standard input, or -1: not yet, or never. */
static int input_byte(struct run *r)
{
	int n;

	if (r->input_taken == r->input_len && !r->input_ended) {
		fflush(stdout);
		n = input_read(r->input, sizeof(r->input), SESSION_ALIVE_MS);
		r->input_ended = n == INPUT_ENDED;
		r->input_len = n > 0 ? (size_t)n : 0;
		r->input_taken = 0;
	}
	return r->input_taken < r->input_len
		? (unsigned char)r->input[r->input_taken++] : -1;
}

static enum line input_line(struct run *r)
{
	int byte;

	while ((byte = input_byte(r)) >= 0 && byte != '\n') {
		if (r->line_len == LINE_SIZE) {
			fprintf(stderr, "dbgsh: a line of input is longer than "
				"%d bytes\n", LINE_SIZE);
			r->status = STATUS_WRONG_OPTIONS;
			r->input_ended = true;
			r->input_taken = r->input_len = r->line_len = 0;
			return LINE_ENDED;
		}
		if (byte)
			r->line[r->line_len++] = (char)byte;
	}
	if (byte < 0 && !r->input_ended)
		return LINE_NONE;
	if (byte < 0 && r->line_len == 0)
		return LINE_ENDED;
	if (r->line_len > 0 && r->line[r->line_len - 1] == '\r')
		r->line_len--;
	r->line[r->line_len] = '\0';
	r->line_len = 0;
	return LINE_READY;
}

static enum line next_line(struct run *r)
{
	const struct script *s = r->script;

	if (!s->commands)
		return input_line(r);
	if (r->state == RUNNING || r->next_command == s->n_commands)
		return LINE_ENDED;
	snprintf(r->line, LINE_SIZE, "%s", s->commands[r->next_command++]);
	return LINE_READY;
}

static bool is_exit(const char *line)
{
	line += strspn(line, " \t");
	return strncmp(line, "exit", 4) == 0 && strchr(" \t", line[4]);
}

/* Is there something to run in it? */
static bool is_command(const char *line)
{
	line += strspn(line, " \t");
	return *line != '\0' && *line != '#';
}

/* The shell asks. */
static int answer_prompt(struct run *r)
{
	enum line line = LINE_ENDED;

	if (!r->timed_out && !(r->script->stop_at_failure && r->status != 0))
		do
			line = next_line(r);
		while (line == LINE_READY && !is_command(r->line));
	if (line == LINE_NONE)
		return -1;
	r->state = RUNNING;
	if (line == LINE_ENDED)
		strcpy(r->line, "exit");
	r->leaving = is_exit(r->line);
	if (r->script->json && !r->leaving)
		strcat(r->line, JSON_OPTION);
	strcat(r->line, "\n");
	r->text = r->line;
	return (unsigned char)*r->text++;
}

/* A program asks; or the shell does not end when it should. */
static int answer_program(struct run *r)
{
	enum line line = LINE_ENDED;

	if (!r->timed_out && !r->leaving && !r->ends)
		line = next_line(r);
	if (line == LINE_NONE)
		return -1;
	if (line == LINE_ENDED) {
		if (r->ends++ % 2 == 0)
			return SESSION_END_KEY;
		strcpy(r->line, "exit");
	}
	strcat(r->line, "\n");
	r->text = r->line;
	return (unsigned char)*r->text++;
}

/* What to answer when input is asked for, or -1. */
static int next_byte(struct run *r)
{
	if (r->state == GREETING) {
		r->state = AT_PROMPT;
		return QUIET_BYTE;
	}
	if (*r->text)
		return (unsigned char)*r->text++;
	return r->state == AT_PROMPT ? answer_prompt(r) : answer_program(r);
}

/* ---- the session ---- */

/* True when there is nothing more to wait for. */
static bool too_late(struct run *r)
{
	if (!r->deadline || clock_ms() < r->deadline)
		return false;
	if (r->timed_out)
		return true;
	fflush(stdout);
	fprintf(stderr, "dbgsh: not done within %u s, given up\n",
		r->script->timeout_s);
	r->timed_out = true;
	r->text = "";
	r->deadline = clock_ms() + GIVE_UP_MS;
	return false;
}

static void converse(session_call_t call, struct run *r)
{
	unsigned int idle = 0;
	int answer, byte;
	bool told = false;

	for (answer = session_first(call); answer != SESSION_OVER;
	     answer = call(byte)) {
		byte = -1;
		if (too_late(r) || r->ends > SESSION_ENDS_MAX)
			return;
		if (r->timed_out && !told) {
			told = true;
			byte = SESSION_INTERRUPT_KEY;
		} else if (answer == SESSION_WANTS_INPUT) {
			byte = next_byte(r);
			idle = 0;
		} else if (answer == SESSION_NOTHING) {
			fflush(stdout);
			session_pause(&idle);
		}
		if (answer > 0) {
			take_output(r, answer);
			idle = 0;
		}
	}
	r->refused = r->state == GREETING;
}

static int outcome(struct run *r)
{
	if (r->in_status)
		put_no_status(r);
	fflush(stdout);
	if (r->timed_out)
		return STATUS_TIMEOUT;
	if (r->refused) {
		fprintf(stderr, "dbgsh: the VMM gives no session: %.*s\n",
			(int)strcspn(r->greeting, "\r\n"), r->greeting);
		return STATUS_NO_SHELL;
	}
	if (ferror(stdout)) {
		fputs("dbgsh: standard output cannot be written\n", stderr);
		return STATUS_NO_OUTPUT;
	}
	if (r->state == RUNNING && !r->leaving) {
		fputs("dbgsh: the session ended before the command did\n",
		      stderr);
		return STATUS_LOST;
	}
	return r->status;
}

int session_script(session_call_t call, const struct script *script)
{
	static struct run r;

	memset(&r, 0, sizeof(r));
	r.script = script;
	r.text = "";
	if (script->timeout_s)
		r.deadline = clock_ms() + script->timeout_s * 1000ull;
	converse(call, &r);
	return outcome(&r);
}
