/* SPDX-License-Identifier: MIT */
/*
 * The user's terminal in raw mode: each key goes to the VMM as it is. It is
 * put back at exit and whenever a signal ends or stops the program.
 */
#ifndef DBGSH_TERMINAL_H
#define DBGSH_TERMINAL_H

/* Raw mode, if standard input is a terminal. 0, or -1 with errno. */
int terminal_raw(void);

/* As it was; may be called at any time, also from a signal handler. */
void terminal_restore(void);

#endif
