/* SPDX-License-Identifier: MIT */
/*
 * A terminal of one row that counts: what line editing shows, as a person
 * sees it. Ends the program at what such a terminal would not understand, and
 * when the cursor leaves the row.
 */
#ifndef UNIT_TERMINAL_H
#define UNIT_TERMINAL_H

#include <stddef.h>

#define TERMINAL_COLUMNS	80

/* An empty row, the cursor at its start. */
void terminal_clear(void);
void terminal_write(const char *text, size_t len);

/* The row's text up to its last character that is no blank, UTF-8. */
const char *terminal_row(void);
/* The row before the last newline. */
const char *terminal_last_row(void);
unsigned int terminal_cursor(void);
unsigned int terminal_bells(void);

#endif
