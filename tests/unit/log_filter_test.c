/* SPDX-License-Identifier: MIT */
/* Are the right lines of the log left out, in whatever pieces they come? */
#include "check.h"
#include "filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int checks;
static char shown[4096];

static const char text[] =
	"the end of a line whose beginning is gone\n"
	"[    0.000000] Tandem 1, 8 MiB\n"
	"[    0.000001] error: disk: no disk\n"
	"[    1.000001] warning: error: none\n"
	"[    2.000001] netd: error: address\n"
	"[    3.000001] debug: x\n"
	"[    4.000001] errors: are none\n"
	"[    5.000001]\n"
	"[";

static void show(const char *line, size_t len)
{
	strncat(shown, line, len);
}

/* The text in pieces of that many bytes. */
static void run(struct filter *f, size_t piece)
{
	shown[0] = '\0';
	f->show = show;
	for (size_t at = 0; at < sizeof(text) - 1; at += piece) {
		size_t n = sizeof(text) - 1 - at;

		filter_add(f, text + at, n < piece ? n : piece);
	}
	filter_end(f);
}

static void lines_are_chosen_by_level(void)
{
	static const int lines[] = { 3, 4, 8, 9 };

	for (size_t piece = 1; piece < sizeof(text); piece++) {
		for (int level = 0; level < 4; level++) {
			struct filter f = { .level = level };

			run(&f, piece);
			CHECK(f.lines == (uint64_t)lines[level]);
			CHECK(!strstr(shown, "debug: x") == (level < 3));
			CHECK(!strstr(shown, "netd: ") == (level < 2));
			CHECK(!strstr(shown, "warning: ") == (level < 1));
			CHECK(strstr(shown, "no disk") && shown[0] == 't');
		}
	}
}

static void first_ones_are_skipped(void)
{
	struct filter f = { .level = 3, .skip = 8 };

	run(&f, 7);
	CHECK(strcmp(shown, "[") == 0);
	f = (struct filter){ .level = 1, .skip = 3 };
	run(&f, 7);
	CHECK(strcmp(shown, "[") == 0);
	f = (struct filter){ .level = 0, .skip = 100 };
	run(&f, 7);
	CHECK(strcmp(shown, "") == 0);
}

static void a_line_without_end_does_no_harm(void)
{
	struct filter f = { .level = 3, .show = show };
	static char many[3 * FILTER_LINE];

	shown[0] = '\0';
	memset(many, 'x', sizeof(many));
	filter_add(&f, many, sizeof(many));
	filter_end(&f);
	CHECK(strlen(shown) == sizeof(many) && f.lines == 3);
}

static void names_of_levels(void)
{
	CHECK(filter_level("error") == 0 && filter_level("warn") == 1);
	CHECK(filter_level("warning") == 1 && filter_level("info") == 2);
	CHECK(filter_level("d") == 3 && filter_level("debug") == 3);
	CHECK(filter_level("") == -1 && filter_level("errors") == -1);
	CHECK(filter_level("x") == -1);
}

int main(void)
{
	lines_are_chosen_by_level();
	first_ones_are_skipped();
	a_line_without_end_does_no_harm();
	names_of_levels();
	printf("%u checks\n", checks);
	return 0;
}
