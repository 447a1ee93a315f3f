/* SPDX-License-Identifier: MIT */
/* A terminal of one row; see terminal.h. */
#include "terminal.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL	600	/* bytes of a character with what joins it */

static char cell[TERMINAL_COLUMNS][CELL];
static bool second[TERMINAL_COLUMNS];	/* half of a wide character */
static unsigned int cursor, bells;
static char last_row[TERMINAL_COLUMNS * CELL];

static void refuse(const char *what)
{
	printf("terminal: %s\n", what);
	exit(1);
}

static void erase(unsigned int from)
{
	for (unsigned int i = from; i < TERMINAL_COLUMNS; i++) {
		cell[i][0] = '\0';
		second[i] = false;
	}
}

void terminal_clear(void)
{
	erase(0);
	cursor = bells = 0;
	last_row[0] = '\0';
}

const char *terminal_row(void)
{
	static char row[TERMINAL_COLUMNS * CELL];
	unsigned int end = TERMINAL_COLUMNS;

	row[0] = '\0';
	while (end > 0 && !second[end - 1] &&
	       (!cell[end - 1][0] || !strcmp(cell[end - 1], " ")))
		end--;
	for (unsigned int i = 0; i < end; i++)
		if (!second[i])
			strcat(row, cell[i][0] ? cell[i] : " ");
	return row;
}

const char *terminal_last_row(void)
{
	return last_row;
}

unsigned int terminal_cursor(void)
{
	return cursor;
}

unsigned int terminal_bells(void)
{
	return bells;
}

/* Columns of a few characters that the tests use. */
static unsigned int width(const char *c)
{
	if (!strcmp(c, "\xcc\x81"))		/* combining acute accent */
		return 0;
	if (!strcmp(c, "\xe6\xbc\xa2") ||	/* a Han character */
	    !strcmp(c, "\xf0\x9f\x98\x80"))	/* a face */
		return 2;
	return 1;
}

static void put(const char *c)
{
	unsigned int w = width(c);

	if (w == 0) {
		char *to = cursor == 0 ? cell[0] : second[cursor - 1] ?
			   cell[cursor - 2] : cell[cursor - 1];

		if (strlen(to) + strlen(c) >= CELL)
			refuse("too much in one place");
		strcat(to, c);
		return;
	}
	/* in the last column a terminal would begin to wrap */
	if (cursor + w >= TERMINAL_COLUMNS)
		refuse("the text leaves the row");
	strcpy(cell[cursor], c);
	second[cursor] = false;
	if (w == 2) {
		cell[cursor + 1][0] = '\0';
		second[cursor + 1] = true;
	}
	cursor += w;
}

/* ESC [ number final; returns its length. */
static size_t sequence(const char *text, size_t len)
{
	size_t i = 2;
	unsigned int n = 0;

	if (len < 3 || text[1] != '[')
		refuse("an escape sequence that nobody knows");
	for (; i < len && text[i] >= '0' && text[i] <= '9'; i++)
		n = n * 10 + (unsigned int)(text[i] - '0');
	switch (i < len ? text[i] : 0) {
	case 'D':
		if (n == 0 || n > cursor)
			refuse("the cursor leaves the row to the left");
		cursor -= n;
		break;
	case 'K':
		erase(cursor);
		break;
	case 'H':
		cursor = 0;
		break;
	case 'J':
		erase(cursor);
		break;
	default:
		refuse("an escape sequence that nobody knows");
	}
	return i + 1;
}

void terminal_write(const char *text, size_t len)
{
	static char character[5];
	static size_t has, needs;

	while (len > 0) {
		unsigned char c = (unsigned char)*text;
		size_t n = 1;

		if (has > 0 || c >= 0x80) {
			if (has == 0)
				needs = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
			if ((has == 0) != (c >= 0xc0))
				refuse("not UTF-8");
			character[has++] = (char)c;
			character[has] = '\0';
			if (has == needs) {
				put(character);
				has = 0;
			}
		} else if (c == 033) {
			n = sequence(text, len);
		} else if (c == '\r') {
			cursor = 0;
		} else if (c == '\n') {
			strcpy(last_row, terminal_row());
			cursor = 0;
			erase(0);
		} else if (c == '\b') {
			if (cursor == 0)
				refuse("\\b at the start of the row");
			cursor--;
		} else if (c == '\a') {
			bells++;
		} else if (c < ' ' || c == 0x7f) {
			refuse("a control character");
		} else {
			put((char[]){ (char)c, '\0' });
		}
		text += n;
		len -= n;
	}
}
