/* SPDX-License-Identifier: MIT */
/*
 * What the operating system does for dbgsh: standard input, the user's
 * terminal, time. terminal_posix.c and terminal_windows.c.
 */
#ifndef DBGSH_TERMINAL_H
#define DBGSH_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INPUT_ENDED	(-1)

/* Is standard input a terminal? */
bool terminal_is_input(void);

/*
 * Raw mode, if standard input is a terminal: each key goes to the VMM as it
 * is, Ctrl-C among them. It is put back at exit and whenever a signal ends or
 * stops the program. 0, or -1 with errno.
 */
int terminal_raw(void);

/* As it was; may be called at any time, also from a signal handler. */
void terminal_restore(void);

/*
 * Read what standard input has, at most size bytes, waiting for it up to
 * timeout_ms. The number of bytes, 0 if there are none yet, or INPUT_ENDED.
 */
int input_read(void *buffer, size_t size, unsigned int timeout_ms);

/* Milliseconds of a clock that is never set. */
uint64_t clock_ms(void);

/* Sleep for about so many microseconds. */
void sleep_us(unsigned int us);

#endif
