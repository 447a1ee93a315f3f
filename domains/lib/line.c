/* SPDX-License-Identifier: MIT */
/* Line editing: keys and text. include/domain/line.h tells what it does. */
#include "line.h"

#include <string.h>

enum { PLAIN, AFTER_ESC, IN_CSI, IN_SS3 };

#define DELETE_KEY	0x7f
#define MODIFIER_ALT	3
#define MODIFIER_CTRL	5

void line_start(struct line *l)
{
	l->len = l->at = l->left = 0;
	l->escape = PLAIN;
	l->has = l->needs = 0;
	l->back = 0;
	l->searching = l->tab = l->lost = false;
	l->buf[0] = '\0';
	line_out(l, l->prompt, strlen(l->prompt));
}

/* ---- text ---- */

void line_insert(struct line *l, const char *text, size_t len)
{
	if (len > l->size - 1 - l->len) {
		l->lost = true;
		line_bell(l);
		return;
	}
	memmove(l->buf + l->at + len, l->buf + l->at, l->len - l->at + 1);
	memcpy(l->buf + l->at, text, len);
	l->len += len;
	l->at += len;
	line_show_new(l, text, len);
}

void line_replace(struct line *l, const char *text)
{
	size_t len = strlen(text);

	/* one that was remembered by a program with longer lines */
	if (len > l->size - 1)
		len = 0;
	memcpy(l->buf, text, len);
	l->buf[len] = '\0';
	l->len = l->at = len;
	line_show(l);
}

/* Delete what is between two places; keep: for ^Y. */
static void cut(struct line *l, size_t from, size_t to, bool keep)
{
	size_t n = to - from;
	bool end = l->at == l->len && to == l->len;

	if (n == 0)
		return;
	if (keep && l->memory && n < sizeof(l->memory->killed)) {
		memcpy(l->memory->killed, l->buf + from, n);
		l->memory->killed[n] = '\0';
	}
	memmove(l->buf + from, l->buf + to, l->len - to + 1);
	l->len -= n;
	l->at = from;
	if (l->len == 0)
		l->lost = false;
	if (end && n == 1)
		line_show_shorter(l);
	else
		line_show(l);
}

static void move(struct line *l, size_t to)
{
	if (to == l->at)
		return;
	l->at = to;
	line_show(l);
}

static size_t word_before(const struct line *l)
{
	size_t at = l->at;

	while (at > 0 && l->buf[at - 1] == ' ')
		at--;
	while (at > 0 && l->buf[at - 1] != ' ')
		at--;
	return at;
}

static size_t word_after(const struct line *l)
{
	size_t at = l->at;

	while (at < l->len && l->buf[at] == ' ')
		at++;
	while (at < l->len && l->buf[at] != ' ')
		at++;
	return at;
}

/* ^T: the characters on both sides of the cursor; at the end, the last two. */
static void transpose(struct line *l)
{
	size_t middle = l->at == l->len ? line_before(l, l->at) : l->at;
	size_t from = line_before(l, middle), to = line_after(l, middle);
	char first[4];
	size_t n = middle - from;

	if (n == 0 || to == middle)
		return;
	memcpy(first, l->buf + from, n);
	memmove(l->buf + from, l->buf + middle, to - middle);
	memcpy(l->buf + from + (to - middle), first, n);
	l->at = to;
	line_show(l);
}

static void yank(struct line *l)
{
	if (l->memory)
		line_insert(l, l->memory->killed, strlen(l->memory->killed));
}

/* ---- escape sequences ---- */

/* The final byte of ESC [ ... or ESC O. */
static void sequence(struct line *l, uint8_t final)
{
	uint16_t modifier = l->parameter[1];
	bool words = modifier == MODIFIER_ALT || modifier == MODIFIER_CTRL;

	switch (final) {
	case 'A':
		line_move(l, 1);
		break;
	case 'B':
		line_move(l, -1);
		break;
	case 'C':
		move(l, words ? word_after(l) : line_after(l, l->at));
		break;
	case 'D':
		move(l, words ? word_before(l) : line_before(l, l->at));
		break;
	case 'H':
		move(l, 0);
		break;
	case 'F':
		move(l, l->len);
		break;
	case '~':
		if (l->parameter[0] == 1 || l->parameter[0] == 7)
			move(l, 0);
		else if (l->parameter[0] == 4 || l->parameter[0] == 8)
			move(l, l->len);
		else if (l->parameter[0] == 3)
			cut(l, l->at, line_after(l, l->at), false);
		break;
	}
}

/* ESC and one byte, which is what Alt sends */
static void alt(struct line *l, uint8_t byte)
{
	switch (byte) {
	case 'b':
		move(l, word_before(l));
		break;
	case 'f':
		move(l, word_after(l));
		break;
	case 'd':
		cut(l, l->at, word_after(l), true);
		break;
	case DELETE_KEY:
	case CTRL('H'):
		cut(l, word_before(l), l->at, true);
		break;
	}
}

static void parameter(struct line *l, uint8_t byte)
{
	uint16_t *p;

	if (byte == ';') {
		if (l->parameters < 2)
			l->parameters++;
		return;
	}
	if (byte < '0' || byte > '9' || l->parameters >= 2)
		return;
	p = &l->parameter[l->parameters];
	if (*p < 1000)
		*p = (uint16_t)(*p * 10 + byte - '0');
}

static bool in_escape(struct line *l, uint8_t byte)
{
	switch (l->escape) {
	case AFTER_ESC:
		l->parameters = 0;
		l->parameter[0] = l->parameter[1] = 0;
		if (byte == '[') {
			l->escape = IN_CSI;
		} else if (byte == 'O') {
			l->escape = IN_SS3;
		} else if (byte != CTRL('[')) {
			l->escape = PLAIN;
			alt(l, byte);
		}
		return true;
	case IN_CSI:		/* until a final byte */
		if (byte == CTRL('[')) {
			l->escape = AFTER_ESC;
		} else if (byte >= 0x40 && byte <= 0x7e) {
			l->escape = PLAIN;
			sequence(l, byte);
		} else {
			parameter(l, byte);
		}
		return true;
	case IN_SS3:
		l->escape = PLAIN;
		sequence(l, byte);
		return true;
	}
	return false;
}

/* ---- characters ---- */

/* How many bytes a character has that begins so; 0: none does. */
static uint8_t bytes_of(uint8_t first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* RFC 3629, and nothing that a terminal takes for a control character. */
static bool acceptable(const uint8_t *c, uint8_t n)
{
	switch (n) {
	case 2:
		return c[0] != 0xc2 || c[1] >= 0xa0;
	case 3:
		return (c[0] != 0xe0 || c[1] >= 0xa0) &&
		       (c[0] != 0xed || c[1] < 0xa0);
	case 4:
		return (c[0] != 0xf0 || c[1] >= 0x90) &&
		       (c[0] != 0xf4 || c[1] < 0x90);
	}
	return true;
}

/* A byte of text: it is added when its character is complete. */
static void add(struct line *l, uint8_t byte)
{
	bool more = (byte & 0xc0) == 0x80;

	if (l->quiet) {
		line_insert(l, (const char *)&byte, 1);
		return;
	}
	if (l->has > 0 && !more) {
		l->has = 0;
		line_bell(l);
	}
	if (l->has == 0)
		l->needs = bytes_of(byte);
	if (l->needs == 0) {
		line_bell(l);
		return;
	}
	l->character[l->has++] = byte;
	if (l->has < l->needs)
		return;
	l->has = 0;
	if (acceptable(l->character, l->needs))
		line_insert(l, (const char *)l->character, l->needs);
	else
		line_bell(l);
}

/* ---- keys ---- */

static void control(struct line *l, uint8_t byte)
{
	switch (byte) {
	case CTRL('A'):
		move(l, 0);
		break;
	case CTRL('B'):
		move(l, line_before(l, l->at));
		break;
	case CTRL('D'):
		cut(l, l->at, line_after(l, l->at), false);
		break;
	case CTRL('E'):
		move(l, l->len);
		break;
	case CTRL('F'):
		move(l, line_after(l, l->at));
		break;
	case CTRL('K'):
		cut(l, l->at, l->len, true);
		break;
	case CTRL('L'):
		line_out(l, "\033[H\033[J", 6);
		line_show(l);
		break;
	case CTRL('N'):
		line_move(l, -1);
		break;
	case CTRL('P'):
		line_move(l, 1);
		break;
	case CTRL('R'):
		line_search(l);
		break;
	case CTRL('T'):
		transpose(l);
		break;
	case CTRL('Y'):
		yank(l);
		break;
	case CTRL('['):
		l->escape = AFTER_ESC;
		break;
	}
}

static void key(struct line *l, uint8_t byte)
{
	bool tab = l->tab;

	l->tab = false;
	switch (byte) {
	case CTRL('H'):
	case DELETE_KEY:
		cut(l, line_before(l, l->at), l->at, false);
		break;
	case CTRL('U'):
		cut(l, 0, l->at, true);
		break;
	case CTRL('W'):
		cut(l, word_before(l), l->at, true);
		break;
	case '\t':
		if (!l->words || l->quiet) {
			line_insert(l, " ", 1);
			break;
		}
		l->tab = tab;
		line_complete(l);
		break;
	default:
		if (byte >= ' ')
			add(l, byte);
		else if (!l->quiet)
			control(l, byte);
	}
}

enum line_event line_input(struct line *l, uint8_t byte)
{
	if (byte == CTRL('C')) {
		line_out(l, "^C\n", 3);
		return LINE_CANCEL;
	}
	if (l->searching && line_search_input(l, byte))
		return LINE_MORE;
	if (byte == '\r' || byte == '\n') {
		line_out(l, "\n", 1);
		return LINE_DONE;
	}
	if (byte == CTRL('D') && l->len == 0 && l->escape == PLAIN) {
		line_out(l, "\n", 1);
		return LINE_END;
	}
	if (!in_escape(l, byte))
		key(l, byte);
	return LINE_MORE;
}
