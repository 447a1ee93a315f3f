/* SPDX-License-Identifier: MIT */
/*
 * Line editing as a state machine without input of its own, so that it can be
 * tested on the host: one byte in, what is to be shown goes to a function.
 *
 * The keys are those of other shells: arrows, Home, End, Delete; ^A ^E ^B ^F ^H
 * ^D ^T, words by Alt-B, Alt-F, Alt-D and Ctrl with arrows; ^K ^U ^W delete
 * what ^Y brings back; ^P ^N and up and down for earlier lines, ^R to look for
 * one; Tab; ^L; Enter (CR, LF or both), ^C, and ^D on an empty line. Other
 * control characters are swallowed.
 *
 * The terminal is taken to have LINE_COLUMNS columns, or more, and to
 * understand CR, BS and, of ECMA-48, CUF, CUB, ED and EL. A line that is longer
 * is shown in part. Text is UTF-8; of other bytes only the bell is heard.
 */
#ifndef DOMAIN_LINE_H
#define DOMAIN_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_COLUMNS	80
#define LINE_MAX	256	/* bytes of a line that is remembered */
#define LINE_HISTORY	32	/* lines */
#define LINE_PATTERN	32	/* bytes that ^R looks for */

enum line_event { LINE_MORE, LINE_DONE, LINE_CANCEL, LINE_END };

/* What outlives a line: earlier ones, and what was deleted last. */
struct line_memory {
	char line[LINE_HISTORY][LINE_MAX];
	unsigned int lines;		/* ever added */
	char draft[LINE_MAX];		/* the new line, while at an old one */
	char killed[LINE_MAX];
};

/*
 * The n-th word, from 0, that could stand at offset at of text, until the next
 * call; NULL after the last. What stands there does not count: only words that
 * begin so are used.
 */
typedef const char *(*line_words)(const char *text, size_t at, unsigned int n);

struct line {
	/* the caller's, set before line_start() */
	char *buf;			/* NUL-terminated after each byte */
	size_t size;			/* of buf, over 1 */
	bool quiet;			/* for programs: nothing is shown, and
					 * of the keys only ^H ^U ^W, Enter, ^C
					 * and ^D are known */
	const char *prompt;
	void (*out)(const char *text, size_t len);
	struct line_memory *memory;	/* NULL: no history */
	line_words words;		/* NULL: Tab is a blank */

	/* line.c's */
	bool lost;			/* text that did not fit */
	size_t len, at;			/* at: the cursor, in bytes */
	size_t left;			/* first byte that is shown */
	uint8_t escape, parameters;	/* inside an escape sequence */
	uint16_t parameter[2];
	uint8_t character[4];		/* of several bytes, so far */
	uint8_t has, needs;
	unsigned int back;		/* lines ago; 0: the new one */
	bool searching;
	char pattern[LINE_PATTERN];
	bool tab;			/* the byte before was a Tab */
};

/* Start a line; shows the prompt. */
void line_start(struct line *l);

/* Take one byte of input. */
enum line_event line_input(struct line *l, uint8_t byte);

/* A line is complete: remember it, unless it is empty or the last one again. */
void line_remember(struct line_memory *m, const char *text);

#endif
