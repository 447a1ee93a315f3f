/* SPDX-License-Identifier: MIT */
/*
 * Line editing as a state machine without input or output of its own, so
 * that it can be tested on the host: one byte in, up to LINE_ECHO_MAX bytes
 * to be shown out.
 *
 * Keys: Enter (CR, LF or both), Backspace/^H, ^U (whole line), ^W (word), ^C,
 * ^D on an empty line. Escape sequences of cursor keys and other control
 * characters are swallowed.
 */
#ifndef DOMAIN_LINE_H
#define DOMAIN_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_ECHO_MAX	8

enum line_event { LINE_MORE, LINE_DONE, LINE_CANCEL, LINE_END };

struct line {
	char *buf;		/* NUL-terminated after each byte */
	size_t size, len;
	bool quiet;		/* no echo, no editing but Enter, ^C and ^D */
	uint8_t escape;		/* inside an escape sequence */
	/* what to show for the last byte: echo[] rubbed out erase times */
	char echo[LINE_ECHO_MAX];
	uint8_t echo_len;
	size_t erase;		/* columns to rub out, before echo */
};

/* Start a line in buf[size], size > 1. */
void line_start(struct line *l, char *buf, size_t size, bool quiet);

/* Take one byte of input. */
enum line_event line_input(struct line *l, uint8_t byte);

#endif
