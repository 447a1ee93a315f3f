/* SPDX-License-Identifier: MIT */
/* Line editing; include/domain/line.h tells what it does. */
#include <domain/line.h>

enum { PLAIN, AFTER_ESC, IN_SEQUENCE };

#define CTRL(letter)	((letter) & 0x1f)

void line_start(struct line *l, char *buf, size_t size, bool quiet)
{
	l->buf = buf;
	l->size = size;
	l->len = 0;
	l->quiet = quiet;
	l->escape = PLAIN;
	l->echo_len = 0;
	l->erase = 0;
	buf[0] = '\0';
}

static void show(struct line *l, const char *text)
{
	if (l->quiet)
		return;
	while (*text && l->echo_len < LINE_ECHO_MAX)
		l->echo[l->echo_len++] = *text++;
}

static void rub_out(struct line *l, size_t new_len)
{
	size_t i;

	/* the continuation bytes of UTF-8 take no column */
	for (i = new_len; i < l->len && !l->quiet; i++)
		if (((uint8_t)l->buf[i] & 0xc0) != 0x80)
			l->erase++;
	l->len = new_len;
	l->buf[new_len] = '\0';
}

static size_t before_last_character(const struct line *l)
{
	size_t len = l->len;

	while (len > 0 && ((uint8_t)l->buf[len - 1] & 0xc0) == 0x80)
		len--;
	return len > 0 ? len - 1 : 0;
}

static size_t before_last_word(const struct line *l)
{
	size_t len = l->len;

	while (len > 0 && l->buf[len - 1] == ' ')
		len--;
	while (len > 0 && l->buf[len - 1] != ' ')
		len--;
	return len;
}

static bool in_escape(struct line *l, uint8_t byte)
{
	switch (l->escape) {
	case AFTER_ESC:		/* ESC [ and ESC O go on, ESC x is complete */
		l->escape = byte == '[' || byte == 'O' ? IN_SEQUENCE : PLAIN;
		return true;
	case IN_SEQUENCE:	/* until a final byte */
		if (byte >= 0x40 && byte <= 0x7e)
			l->escape = PLAIN;
		return true;
	}
	return false;
}

static void add(struct line *l, uint8_t byte)
{
	char text[2] = { (char)byte, '\0' };

	if (l->len + 1 >= l->size) {
		show(l, "\a");
		return;
	}
	l->buf[l->len++] = (char)byte;
	l->buf[l->len] = '\0';
	show(l, text);
}

enum line_event line_input(struct line *l, uint8_t byte)
{
	l->echo_len = 0;
	l->erase = 0;
	if (byte == CTRL('C')) {
		show(l, "^C\n");
		return LINE_CANCEL;
	}
	if (byte == '\r' || byte == '\n') {
		show(l, "\n");
		return LINE_DONE;
	}
	if (in_escape(l, byte))
		return LINE_MORE;

	switch (byte) {
	case CTRL('D'):
		if (l->len > 0)
			return LINE_MORE;
		show(l, "\n");
		return LINE_END;
	case CTRL('H'):
	case 0x7f:
		rub_out(l, before_last_character(l));
		break;
	case CTRL('U'):
		rub_out(l, 0);
		break;
	case CTRL('W'):
		rub_out(l, before_last_word(l));
		break;
	case CTRL('['):
		l->escape = AFTER_ESC;
		break;
	default:
		if (byte >= ' ' || byte == '\t')
			add(l, byte == '\t' ? ' ' : byte);
	}
	return LINE_MORE;
}
