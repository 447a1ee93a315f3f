/* SPDX-License-Identifier: MIT */
/*
 * Does the line that a program gets agree with what the user sees, whatever
 * keys come? A model of a terminal shows what was written to it, and a second
 * editor, on an array of characters, says what the line should be.
 */
#include "check.h"
#include "terminal.h"

#include <domain/line.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROMPT	"> "
#define UP	"\033[A"
#define DOWN	"\033[B"
#define RIGHT	"\033[C"
#define LEFT	"\033[D"

static unsigned int checks;
static struct line_memory memory;

static struct line start(char *buf, size_t size)
{
	struct line l = {
		.buf = buf, .size = size, .prompt = PROMPT,
		.out = terminal_write, .memory = &memory,
	};

	terminal_clear();
	line_start(&l);
	return l;
}

/* What the terminal shows, and what should be there: blanks at the end are
 * not seen. */
static bool same(const char *shown, const char *wanted)
{
	size_t n = strlen(shown);

	return strncmp(wanted, shown, n) == 0 &&
	       strspn(wanted + n, " ") == strlen(wanted + n);
}

/* Short lines are on the screen as they are, the cursor where it should be. */
static void check_shown(const struct line *l)
{
	char row[LINE_MAX + sizeof(PROMPT)];

	CHECK(l->len == strlen(l->buf) && l->len < l->size && l->at <= l->len);
	if (l->searching)
		return;
	snprintf(row, sizeof(row), PROMPT "%s", l->buf);
	if (l->len < 70)
		CHECK(same(terminal_row(), row));
	CHECK(terminal_cursor() >= 2);
}

/* Type all of keys; the event of the last one. */
static enum line_event type(struct line *l, const char *keys, size_t len)
{
	enum line_event event = LINE_MORE;

	for (size_t i = 0; i < len; i++) {
		CHECK(event == LINE_MORE);
		event = line_input(l, (uint8_t)keys[i]);
		if (event == LINE_MORE)
			check_shown(l);
	}
	return event;
}

static void expect(const char *keys, enum line_event event, const char *line,
		   const char *seen)
{
	char buf[16], shown[100];
	const char *row;
	struct line l = start(buf, sizeof(buf));

	CHECK(type(&l, keys, strlen(keys)) == event);
	if (strcmp(buf, line))
		printf("%s instead of %s after %s\n", buf, line, keys);
	CHECK(strcmp(buf, line) == 0);
	snprintf(shown, sizeof(shown), PROMPT "%s", seen);
	row = event == LINE_MORE ? terminal_row() : terminal_last_row();
	if (!same(row, shown))
		printf("%s shown instead of %s\n", row, shown);
	CHECK(same(row, shown));
}

static void expect_line(const char *keys, const char *line)
{
	expect(keys, LINE_DONE, line, line);
}

static void keys_edit_the_line(void)
{
	expect_line("help\r", "help");
	expect_line("help\n", "help");
	expect_line("\r", "");
	expect_line("hex\b\blp\x7fm\r", "hlm");
	expect_line("\b\x7f\r", "");
	expect_line("one two \x17x\r", "one x");
	expect_line("one two\x15y\r", "y");
	expect_line("a\tb\r", "a b");
	expect("abc\x03", LINE_CANCEL, "abc", "abc^C");
	expect("\x04", LINE_END, "", "");
	expect("a\x04", LINE_MORE, "a", "a");
	expect_line("a\x1d\x1e\x1f\r", "a");
}

static void the_cursor_moves(void)
{
	expect_line("ac" LEFT "b\r", "abc");
	expect_line("bc\033[Ha\033[Fd\r", "abcd");
	expect_line("bc\033[1~a\033[4~d\r", "abcd");
	expect_line("bc\033OHa\033OFd\r", "abcd");
	expect_line("bc\x01" "a\x05" "d\r", "abcd");
	expect_line("acd\x02\x02" "b\x06" "X\r", "abcXd");
	expect_line(LEFT "a" RIGHT RIGHT "b\r", "ab");
	expect_line("one two\033bX\r", "one Xtwo");
	expect_line("one two\033[1;5D\033[1;5DX\r", "Xone two");
	expect_line("one two\x01\033fX\r", "oneX two");
	expect_line("one two\x01\033[1;5C\033[1;3CX\r", "one twoX");
}

static void text_is_deleted_on_both_sides(void)
{
	expect_line("abc\x02\x04" "d\r", "abd");
	expect_line("abc\x01\033[3~\033[3~\r", "c");
	expect_line("abc\x02\b\r", "ac");
	expect_line("abcd\x02\x02\x0b\r", "ab");
	expect_line("abcd\x02\x02\x15\r", "cd");
	expect_line("one two\x02\x17\r", "one o");
	expect_line("one two\x01\033d\r", " two");
	expect_line("one two\033\x7f\r", "one ");
	/* and comes back where the cursor is */
	expect_line("one two\x17\x01\x19 \r", "two one ");
	expect_line("abc\x15\x19\x19\r", "abcabc");
	expect_line("abc\x02\x14\r", "acb");
	expect_line("abc\x14\r", "acb");
	expect_line("a\x14\r", "a");
	expect_line("ab\x01\x14\r", "ab");
}

static void odd_sequences_do_nothing(void)
{
	expect_line("a\033[12;34;56Zb\r", "ab");
	expect_line("a\033xb\r", "ab");
	expect_line("a\033[999999999999999999999~b\r", "ab");
	expect_line("a\033\033\033[D.\r", ".a");
	expect_line("a\033[1\033[D.\r", ".a");
	/* not complete: Enter and ^C still work */
	expect_line("a\033[\r", "a");
	expect("a\033[12\x03", LINE_CANCEL, "a", "a^C");
}

static void characters_are_whole(void)
{
	expect_line("\xc3\xa4\b\r", "");
	expect_line("a\xe2\x82\xac\b\r", "a");
	expect_line("\xc3\xa4" LEFT "x\xc3\xb6\r", "x\xc3\xb6\xc3\xa4");
	expect_line("\xc3\xa4\xc3\xb6\x14\r", "\xc3\xb6\xc3\xa4");
	expect_line("\xe6\xbc\xa2" "a\x02\x02z\r", "z\xe6\xbc\xa2" "a");
	expect_line("e\xcc\x81x\b\r", "e\xcc\x81");
	expect_line("\xf0\x9f\x98\x80\x01\x04\r", "");
	/* no UTF-8: over long, surrogate, out of range, alone, cut short */
	expect_line("\xc0\x80\xe0\x80\x80\xed\xa0\x80\xf4\x90\x80\x80\r", "");
	expect_line("\x80\xff\xc3" "a\xe2\x82" "b\r", "ab");
	/* C1: a terminal would take it for the start of a sequence */
	expect_line("\xc2\x9b" "a\r", "a");
}

static void a_full_line_takes_no_more(void)
{
	expect_line("123456789012345678\r", "123456789012345");
	CHECK(terminal_bells() == 3);
	/* a character is never half in */
	expect_line("12345678901234\xc3\xa4\r", "12345678901234");
}

static void a_long_line_is_shown_in_part(void)
{
	char buf[LINE_MAX];
	struct line l = start(buf, sizeof(buf));

	for (int i = 0; i < 200; i++)
		type(&l, &"0123456789"[i % 10], 1);
	CHECK(strlen(terminal_row()) > 40);
	CHECK(strcmp(terminal_row() + strlen(terminal_row()) - 3, "789") == 0);
	type(&l, "\x01", 1);
	CHECK(strncmp(terminal_row(), PROMPT "0123", 6) == 0);
	CHECK(terminal_cursor() == 2);
	type(&l, "X", 1);
	CHECK(strncmp(terminal_row(), PROMPT "X0123", 7) == 0);
	for (int i = 0; i < 120; i++)
		type(&l, RIGHT, 3);
	type(&l, "Y", 1);
	CHECK(strstr(terminal_row(), "9Y0") && l.at == 122);
	type(&l, "\x05", 1);
	CHECK(strcmp(terminal_row() + strlen(terminal_row()) - 3, "789") == 0);
	for (int i = 0; i < 190; i++)
		type(&l, "\b", 1);
	CHECK(strcmp(terminal_row(), PROMPT "X01234567890") == 0);
}

static void earlier_lines_come_back(void)
{
	memset(&memory, 0, sizeof(memory));
	expect_line(UP DOWN "\x10\x0e\r", "");
	CHECK(terminal_bells() == 4);
	line_remember(&memory, "first");
	line_remember(&memory, "second");
	line_remember(&memory, "second");
	line_remember(&memory, "");
	expect_line(UP "\r", "second");
	expect_line(UP UP "\r", "first");
	expect_line(UP UP UP UP "\r", "first");
	expect_line("new" UP UP DOWN "\r", "second");
	expect_line("new" UP UP DOWN DOWN DOWN "er\r", "newer");
	expect_line("\x10\x10\x0e!\r", "second!");
	for (int i = 0; i < 3 * LINE_HISTORY; i++) {
		char text[32];

		snprintf(text, sizeof(text), "line %d", i);
		line_remember(&memory, text);
	}
	CHECK(strcmp(memory.line[(memory.lines - 1) % LINE_HISTORY],
		     "line 95") == 0);
	for (int i = 0; i < LINE_HISTORY + 5; i++) {
		char keys[400] = "";

		for (int k = 0; k <= i; k++)
			strcat(keys, UP);
		strcat(keys, "\r");
		expect_line(keys, i < LINE_HISTORY ?
			    (char[]){ 'l', 'i', 'n', 'e', ' ',
				      (char)('0' + (95 - i) / 10),
				      (char)('0' + (95 - i) % 10), 0 } :
			    "line 64");
	}
}

static enum line_event typed_and_left(const char *keys)
{
	char buf[16];
	struct line l = start(buf, sizeof(buf));

	return type(&l, keys, strlen(keys));
}

static void earlier_lines_are_searched(void)
{
	memset(&memory, 0, sizeof(memory));
	line_remember(&memory, "net ports");
	line_remember(&memory, "log -n 5");
	line_remember(&memory, "net link");
	expect_line("\x12net\r", "net link");
	expect_line("\x12net\x12\r", "net ports");
	expect_line("\x12net\x12\x12\x12\r", "net ports");
	expect_line("\x12lo\x05!\r", "log -n 5!");
	expect_line("new\x12net\x07!\r", "new!");
	expect_line("new\x12zzz\r", "new");
	expect_line("\x12nex\bt p\r", "net ports");
	expect_line("\x12net" LEFT "X\r", "net linXk");
	CHECK(LINE_CANCEL == typed_and_left("\x12net\x03"));
}

static const char *some_words(const char *text, size_t at, unsigned int n)
{
	static const char *const first[] = { "log", "net", "netd" };
	static const char *const of_net[] = { "ports", "counters", "connections" };
	static char word[20];		/* one for all */

	if (n >= 3 || (at > 0 && strncmp(text, "net ", 4) != 0))
		return NULL;
	snprintf(word, sizeof(word), "%s", at > 0 ? of_net[n] : first[n]);
	return word;
}

static void complete(const char *keys, const char *line)
{
	char buf[16];
	struct line l = start(buf, sizeof(buf));

	l.words = some_words;
	CHECK(type(&l, keys, strlen(keys)) == LINE_DONE);
	CHECK(strcmp(buf, line) == 0);
}

static void tab_completes_words(void)
{
	char buf[16];
	struct line l;

	complete("l\t\r", "log ");
	complete("n\t\r", "net");
	complete("net\t\t\r", "net");
	complete("net p\t\r", "net ports ");
	complete("net \t\r", "net ");
	complete("net c\t\r", "net co");
	complete("net co\t\tu\t\r", "net counters ");
	complete("x\t\r", "x");
	complete("log \t\r", "log ");
	/* in the middle: what is behind the cursor stays */
	complete("l 5\x02\x02\t\r", "log  5");
	/* a full line is not broken */
	complete("net 34567890 p\t\r", "net 34567890 p");

	l = start(buf, sizeof(buf));
	l.words = some_words;
	type(&l, "n\t\t", 3);
	CHECK(strcmp(terminal_last_row(), "") != 0);
	CHECK(strstr(terminal_last_row(), "net  netd"));
	CHECK(strcmp(terminal_row(), PROMPT "net") == 0);
}

static void never(const char *text, size_t len)
{
	(void)text, (void)len;
	CHECK(!"something is shown");
}

static void a_quiet_line_shows_nothing(void)
{
	char buf[16];
	struct line l = { .buf = buf, .size = sizeof(buf), .quiet = true,
			  .prompt = PROMPT, .out = never,
			  .words = some_words };

	line_start(&l);
	for (const char *p = "ab\bc\td\xe4"; *p; p++)
		CHECK(line_input(&l, (uint8_t)*p) == LINE_MORE);
	CHECK(line_input(&l, '\n') == LINE_DONE);
	CHECK(strcmp(buf, "ac d\xe4") == 0);
}

/* Half a character at the end of the buffer: nobody looks for its rest. */
static void a_quiet_line_takes_any_bytes(void)
{
	char *buf = malloc(16);
	struct line l = { .buf = buf, .size = 16, .quiet = true,
			  .prompt = PROMPT, .out = never };

	line_start(&l);
	for (int i = 0; i < 20; i++)
		CHECK(line_input(&l, 0xf0) == LINE_MORE);
	CHECK(l.len == 15 && strlen(buf) == 15);
	CHECK(l.lost);
	CHECK(line_input(&l, 0x15) == LINE_MORE && l.len == 0 && !l.lost);
	free(buf);
}

/* ---- anything at random, against a second editor ---- */

/* Characters of the second editor; each is a string. */
static struct {
	const char *c[LINE_MAX], *killed[LINE_MAX];
	int n, at, n_killed;
} other;

static void other_cut(int from, int to, bool keep)
{
	if (to > from && keep) {
		other.n_killed = to - from;
		memcpy(other.killed, &other.c[from],
		       sizeof(other.c[0]) * (size_t)(to - from));
	}
	memmove(&other.c[from], &other.c[to],
		sizeof(other.c[0]) * (size_t)(other.n - to));
	other.n -= to - from;
	other.at = from;
}

static void other_insert(const char *const *c, int n, size_t size)
{
	size_t bytes = 0;

	for (int i = 0; i < other.n; i++)
		bytes += strlen(other.c[i]);
	for (int i = 0; i < n; i++)
		bytes += strlen(c[i]);
	if (bytes >= size)
		return;
	memmove(&other.c[other.at + n], &other.c[other.at],
		sizeof(other.c[0]) * (size_t)(other.n - other.at));
	memcpy(&other.c[other.at], c, sizeof(*c) * (size_t)n);
	other.n += n;
	other.at += n;
}

static int other_word_before(void)
{
	int at = other.at;

	while (at > 0 && !strcmp(other.c[at - 1], " "))
		at--;
	while (at > 0 && strcmp(other.c[at - 1], " "))
		at--;
	return at;
}

static int other_word_after(void)
{
	int at = other.at;

	while (at < other.n && !strcmp(other.c[at], " "))
		at++;
	while (at < other.n && strcmp(other.c[at], " "))
		at++;
	return at;
}

static void other_transpose(void)
{
	int middle = other.at == other.n ? other.at - 1 : other.at;
	const char *c;

	if (middle < 1)
		return;
	c = other.c[middle];
	other.c[middle] = other.c[middle - 1];
	other.c[middle - 1] = c;
	other.at = middle + 1;
}

static const char *const keys[] = {
	"a", "b", " ", "\xc3\xa4", "\xe2\x82\xac", "\xe6\xbc\xa2", "\xcc\x81",
	LEFT, RIGHT, "\x01", "\x05", "\b", "\033[3~", "\x0b", "\x15", "\x17",
	"\x19", "\x14", "\033b", "\033f", "\033d", "\x80", "\033[5~", "\x0c",
};
#define TEXT_KEYS	7
#define N_KEYS		(sizeof(keys) / sizeof(keys[0]))

static void other_key(size_t k, size_t size)
{
	switch (k) {
	case 7: if (other.at > 0) other.at--; break;
	case 8: if (other.at < other.n) other.at++; break;
	case 9: other.at = 0; break;
	case 10: other.at = other.n; break;
	case 11: if (other.at) other_cut(other.at - 1, other.at, false); break;
	case 12: if (other.at < other.n) other_cut(other.at, other.at + 1,
						   false); break;
	case 13: other_cut(other.at, other.n, true); break;
	case 14: other_cut(0, other.at, true); break;
	case 15: other_cut(other_word_before(), other.at, true); break;
	case 16: other_insert(other.killed, other.n_killed, size); break;
	case 17: other_transpose(); break;
	case 18: other.at = other_word_before(); break;
	case 19: other.at = other_word_after(); break;
	case 20: other_cut(other.at, other_word_after(), true); break;
	}
	if (k < TEXT_KEYS)
		other_insert(&keys[k], 1, size);
}

static void random_keys_do_what_a_second_editor_does(void)
{
	for (int round = 0; round < 300; round++) {
		size_t size = round % 2 ? LINE_MAX : 2 + (size_t)rand() % 40;
		char *buf = malloc(size), text[LINE_MAX];
		struct line l = start(buf, size);

		memset(&memory, 0, sizeof(memory));
		memset(&other, 0, sizeof(other));
		for (int i = 0; i < 400; i++) {
			size_t k = (size_t)rand() %
				   (rand() % 4 ? TEXT_KEYS : N_KEYS);

			type(&l, keys[k], strlen(keys[k]));
			other_key(k, size);
			text[0] = '\0';
			for (int c = 0; c < other.n; c++)
				strcat(text, other.c[c]);
			CHECK(strcmp(text, buf) == 0);
			text[0] = '\0';
			for (int c = 0; c < other.at; c++)
				strcat(text, other.c[c]);
			CHECK(strlen(text) == l.at);
		}
		free(buf);
	}
}

/* Any byte at all: nothing leaves the buffer, the row or UTF-8. */
static void random_bytes_do_no_harm(void)
{
	memset(&memory, 0, sizeof(memory));
	for (int round = 0; round < 2000; round++) {
		size_t size = 2 + (size_t)rand() % (LINE_MAX - 2);
		char *buf = malloc(size);
		struct line l = start(buf, size);

		l.words = some_words;
		for (int i = 0; i < 200; i++) {
			uint8_t byte = (uint8_t)(rand() % 3 ? rand() % 128
							    : rand());
			enum line_event event = line_input(&l, byte);

			CHECK(l.len == strlen(buf) && l.len < size &&
			      l.at <= l.len && l.left <= l.len);
			if (event == LINE_MORE)
				continue;
			if (event == LINE_DONE)
				line_remember(&memory, buf);
			terminal_clear();
			line_start(&l);
		}
		free(buf);
	}
	CHECK(memory.lines > LINE_HISTORY);
}

int main(void)
{
	srand(1);
	keys_edit_the_line();
	the_cursor_moves();
	text_is_deleted_on_both_sides();
	odd_sequences_do_nothing();
	characters_are_whole();
	a_full_line_takes_no_more();
	a_long_line_is_shown_in_part();
	earlier_lines_come_back();
	earlier_lines_are_searched();
	tab_completes_words();
	a_quiet_line_shows_nothing();
	a_quiet_line_takes_any_bytes();
	random_keys_do_what_a_second_editor_does();
	random_bytes_do_no_harm();
	printf("%u checks\n", checks);
	return 0;
}
