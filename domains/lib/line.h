/* SPDX-License-Identifier: MIT */
/* The parts of line editing: include/domain/line.h tells what it does. */
#ifndef LIB_LINE_H
#define LIB_LINE_H

#include <domain/line.h>

#define CTRL(letter)	((letter) & 0x1f)

/* ---- line.c: the text ---- */

/* Put text at the cursor, the cursor behind it; the bell if it does not fit. */
void line_insert(struct line *l, const char *text, size_t len);
/* Another text in all, the cursor at its end. */
void line_replace(struct line *l, const char *text);

/* ---- line_show.c: the terminal ---- */

/* Show text, unless the line is quiet. */
void line_out(struct line *l, const char *text, size_t len);
void line_bell(struct line *l);
/* Show prompt and line anew, on the row of the terminal where the cursor is. */
void line_show(struct line *l);
/* As line_show(), after text[0..len) has come in just before the cursor. */
void line_show_new(struct line *l, const char *text, size_t len);

/* As line_show(), after one byte at the end was deleted. */
void line_show_shorter(struct line *l);

/* Where the characters before and after offset at begin. */
size_t line_before(const struct line *l, size_t at);
size_t line_after(const struct line *l, size_t at);

/* ---- line_history.c ---- */

/* Go to the line before (1) or after (-1) this one. */
void line_move(struct line *l, int step);
/* ^R */
void line_search(struct line *l);
/* A byte while searching: true if it was for the search. */
bool line_search_input(struct line *l, uint8_t byte);

/* ---- line_complete.c: Tab ---- */

void line_complete(struct line *l);

#endif
