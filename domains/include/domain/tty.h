/* SPDX-License-Identifier: MIT */
/*
 * Text input and output of a program that a person uses: its descriptor 0 is
 * asked for input bytes, descriptor 1 is given output (docs/domains.md). When
 * the session has ended the program is ended with it, so that callers need no
 * error handling.
 */
#ifndef DOMAIN_TTY_H
#define DOMAIN_TTY_H

#include <domain/line.h>
#include <stdarg.h>
#include <stddef.h>

#define TTY_IN		0
#define TTY_OUT		1

/* Next input byte; what was written so far is shown first. Blocks. */
int tty_getc(void);

/* What has been typed already: a byte, or -1. Does not wait. */
int tty_typed(void);

/* The next tty_getc() returns byte; one at a time. */
void tty_ungetc(int byte);

/* Output is collected and sent when full, before input and at exit. */
void tty_putc(int c);
void tty_write(const char *text, size_t len);
void tty_flush(void);

/* Formatted output, at most 511 bytes in one call. */
void printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What Tab completes in lines read from now on; NULL: nothing. */
void tty_set_words(line_words words);

/*
 * Read a line with echo, editing and history (domain/line.h); with echo false
 * the bytes are taken as they come, for programs. Returns its length, -ECANCELED
 * (^C), -EPIPE (^D on an empty line), or without echo -E2BIG (it did not fit).
 */
int tty_readline(const char *prompt, char *buf, size_t size, bool echo);

#endif
