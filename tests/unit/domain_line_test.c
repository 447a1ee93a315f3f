/* SPDX-License-Identifier: MIT */
/*
 * Does the line that a program gets agree with what the user sees, whatever
 * keys come? A small model of a terminal shows what was echoed.
 */
#include "check.h"

#include <domain/line.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int checks;

static char shown[4096];
static size_t columns;

/* Echo as a terminal shows it: rubbing out takes whole characters. */
static void show(const struct line *l)
{
	size_t i;

	for (i = 0; i < l->erase; i++) {
		CHECK(columns > 0);
		do
			columns--;
		while (((unsigned char)shown[columns] & 0xc0) == 0x80);
	}
	for (i = 0; i < l->echo_len; i++) {
		if (l->echo[i] == '\a')
			continue;
		CHECK(columns < sizeof(shown) - 1);
		shown[columns++] = l->echo[i];
	}
	shown[columns] = '\0';
}

/* Type all of keys; the event of the last one. */
static enum line_event type(struct line *l, char *buf, size_t size,
			    const char *keys, size_t len)
{
	enum line_event event = LINE_MORE;
	size_t i;

	columns = 0;
	shown[0] = '\0';
	line_start(l, buf, size, false);
	for (i = 0; i < len; i++) {
		CHECK(event == LINE_MORE);
		event = line_input(l, (uint8_t)keys[i]);
		show(l);
		CHECK(l->len == strlen(buf) && l->len < size);
	}
	return event;
}

static void expect(const char *keys, enum line_event event, const char *line,
		   const char *echo)
{
	struct line l;
	char buf[16];

	CHECK(type(&l, buf, sizeof(buf), keys, strlen(keys)) == event);
	CHECK(strcmp(buf, line) == 0);
	CHECK(strcmp(shown, echo) == 0);
}

static void keys_edit_the_line(void)
{
	expect("help\r", LINE_DONE, "help", "help\n");
	expect("help\n", LINE_DONE, "help", "help\n");
	expect("\r", LINE_DONE, "", "\n");
	expect("hex\b\blp\x7fm\r", LINE_DONE, "hlm", "hlm\n");
	expect("\b\x7f\r", LINE_DONE, "", "\n");
	expect("one two \x17x\r", LINE_DONE, "one x", "one x\n");
	expect("one two\x15y\r", LINE_DONE, "y", "y\n");
	expect("a\tb\r", LINE_DONE, "a b", "a b\n");
	expect("abc\x03", LINE_CANCEL, "abc", "abc^C\n");
	expect("\x04", LINE_END, "", "\n");
	expect("a\x04", LINE_MORE, "a", "a");
	expect("a\x01\x02\x0b\x1f\r", LINE_DONE, "a", "a\n");
}

static void cursor_keys_are_swallowed(void)
{
	expect("a\x1b[Ab\r", LINE_DONE, "ab", "ab\n");
	expect("a\x1bOPb\r", LINE_DONE, "ab", "ab\n");
	expect("a\x1b[1;5Cb\r", LINE_DONE, "ab", "ab\n");
	expect("a\x1b[3~b\r", LINE_DONE, "ab", "ab\n");
	expect("a\x1bxb\r", LINE_DONE, "ab", "ab\n");
	/* not complete: Enter and ^C still work */
	expect("a\x1b[\r", LINE_DONE, "a", "a\n");
	expect("a\x1b[12\x03", LINE_CANCEL, "a", "a^C\n");
}

static void a_character_of_many_bytes_is_one_column(void)
{
	expect("\xc3\xa4\b\r", LINE_DONE, "", "\n");
	expect("a\xe2\x82\xac\b\r", LINE_DONE, "a", "a\n");
	/* not UTF-8 at all: only what is there is rubbed out */
	expect("\x80\x80\b\r", LINE_DONE, "", "\x80\x80\n");
}

static void a_full_line_takes_no_more(void)
{
	expect("123456789012345678\r", LINE_DONE, "123456789012345",
	       "123456789012345\n");
}

static void a_quiet_line_shows_nothing(void)
{
	struct line l;
	char buf[16];
	const char *p;

	line_start(&l, buf, sizeof(buf), true);
	for (p = "ab\bc"; *p; p++) {
		CHECK(line_input(&l, (uint8_t)*p) == LINE_MORE);
		CHECK(l.echo_len == 0 && l.erase == 0);
	}
	CHECK(line_input(&l, '\n') == LINE_DONE && l.echo_len == 0);
	CHECK(strcmp(buf, "ac") == 0);
}

static void random_keys_never_leave_the_buffer(void)
{
	static const char keys[] = "abc \b\x7f\x15\x17\x1b[\xc3\xa4\x80~AO";
	char typed[64], *buf;
	struct line l;
	int round, i;

	for (round = 0; round < 20000; round++) {
		size_t size = 2 + (size_t)rand() % 10;

		for (i = 0; i < (int)sizeof(typed); i++)
			typed[i] = keys[(size_t)rand() % (sizeof(keys) - 1)];
		buf = malloc(size);
		type(&l, buf, size, typed, sizeof(typed));
		free(buf);
	}
}

int main(void)
{
	srand(1);
	keys_edit_the_line();
	cursor_keys_are_swallowed();
	a_character_of_many_bytes_is_one_column();
	a_full_line_takes_no_more();
	a_quiet_line_shows_nothing();
	random_keys_never_leave_the_buffer();
	printf("%u checks\n", checks);
	return 0;
}
