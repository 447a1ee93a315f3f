/* SPDX-License-Identifier: MIT */
/*
 * A line on the terminal: always on one row, of which a part is shown if it is
 * longer. Typing at its end, the usual case, costs no more bytes than were
 * typed, since each of them is a VM exit.
 */
#include "line.h"

#include <stdio.h>
#include <string.h>

#define SEARCH_PROMPT	"search: "

void line_out(struct line *l, const char *text, size_t len)
{
	if (!l->quiet)
		l->out(text, len);
}

void line_bell(struct line *l)
{
	line_out(l, "\a", 1);
}

size_t line_before(const struct line *l, size_t at)
{
	while (at > 0 && ((uint8_t)l->buf[at - 1] & 0xc0) == 0x80)
		at--;
	return at > 0 ? at - 1 : 0;
}

size_t line_after(const struct line *l, size_t at)
{
	if (at < l->len)
		at++;
	while (at < l->len && ((uint8_t)l->buf[at] & 0xc0) == 0x80)
		at++;
	return at;
}

/* The character at c, which is complete. */
static uint32_t code_of(const uint8_t *c)
{
	if (c[0] < 0x80)
		return c[0];
	if (c[0] < 0xe0)
		return (c[0] & 0x1fu) << 6 | (c[1] & 0x3fu);
	if (c[0] < 0xf0)
		return (c[0] & 0xfu) << 12 | (c[1] & 0x3fu) << 6 |
		       (c[2] & 0x3fu);
	return (c[0] & 7u) << 18 | (c[1] & 0x3fu) << 12 |
	       (c[2] & 0x3fu) << 6 | (c[3] & 0x3fu);
}

/* Characters that take two columns, or none (combining, joining). */
static const struct { uint32_t first, last; size_t columns; } odd[] = {
	{ 0x300, 0x36f, 0 }, { 0x1100, 0x115f, 2 }, { 0x200b, 0x200f, 0 },
	{ 0x20d0, 0x20ff, 0 }, { 0x2e80, 0xa4cf, 2 }, { 0xac00, 0xd7a3, 2 },
	{ 0xf900, 0xfaff, 2 }, { 0xfe00, 0xfe0f, 0 }, { 0xfe30, 0xfe6f, 2 },
	{ 0xff00, 0xff60, 2 }, { 0xffe0, 0xffe6, 2 }, { 0x1f300, 0x1faff, 2 },
	{ 0x20000, 0x3fffd, 2 },
};

/* Columns of the text between two places. */
static size_t columns(const char *text, size_t from, size_t to)
{
	size_t sum = 0;

	for (; from < to; from++) {
		uint32_t code;

		if (((uint8_t)text[from] & 0xc0) == 0x80)
			continue;
		code = code_of((const uint8_t *)text + from);
		sum++;
		for (size_t i = 0; code >= odd[0].first &&
		     i < sizeof(odd) / sizeof(odd[0]); i++)
			if (code >= odd[i].first && code <= odd[i].last)
				sum += odd[i].columns - 1;
	}
	return sum;
}

/* What stands before the line; its columns. */
static size_t show_prompt(struct line *l)
{
	size_t n;

	if (!l->searching) {
		line_out(l, l->prompt, strlen(l->prompt));
		return columns(l->prompt, 0, strlen(l->prompt));
	}
	line_out(l, SEARCH_PROMPT, sizeof(SEARCH_PROMPT) - 1);
	n = strlen(l->pattern);
	line_out(l, l->pattern, n);
	line_out(l, ": ", 2);
	return sizeof(SEARCH_PROMPT) - 1 + columns(l->pattern, 0, n) + 2;
}

/* Columns for the line behind a prompt: the cursor has one, ^C two. */
static size_t room_behind(size_t prompt)
{
	return prompt + 13 < LINE_COLUMNS ? LINE_COLUMNS - 3 - prompt : 10;
}

/* Choose what part is shown, so that the cursor is in it: its end. */
static size_t choose_part(struct line *l, size_t room)
{
	size_t right;

	if (columns(l->buf, 0, l->len) <= room)
		l->left = 0;
	if (l->left > l->at)
		l->left = l->at;
	/* a third of the row is left where the cursor went out of it */
	while (l->left > 0 && columns(l->buf, l->left, l->at) < room / 3)
		l->left = line_before(l, l->left);
	if (columns(l->buf, l->left, l->at) > room)
		while (columns(l->buf, l->left, l->at) > room * 2 / 3)
			l->left = line_after(l, l->left);
	for (right = l->at; right < l->len;) {
		size_t next = line_after(l, right);

		if (columns(l->buf, l->left, next) > room)
			break;
		right = next;
	}
	return right;
}

void line_show(struct line *l)
{
	size_t right, behind;
	char back[16];

	if (l->quiet)
		return;
	line_out(l, "\r", 1);
	right = choose_part(l, room_behind(show_prompt(l)));
	line_out(l, l->buf + l->left, right - l->left);
	line_out(l, "\033[K", 3);
	behind = columns(l->buf, l->at, right);
	if (behind > 0)
		line_out(l, back, (size_t)snprintf(back, sizeof(back),
						   "\033[%zuD", behind));
}

void line_show_new(struct line *l, const char *text, size_t len)
{
	size_t prompt;

	/* a quiet line may hold any bytes, not only whole characters */
	if (l->quiet)
		return;
	prompt = columns(l->prompt, 0, strlen(l->prompt));
	if (l->at == l->len && !l->searching &&
	    columns(l->buf, l->left, l->len) <= room_behind(prompt))
		line_out(l, text, len);
	else
		line_show(l);
}

/* A character of one byte has one column. */
void line_show_shorter(struct line *l)
{
	if (l->left == 0 && !l->searching)
		line_out(l, "\b \b", 3);
	else
		line_show(l);
}
