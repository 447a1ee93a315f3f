/* SPDX-License-Identifier: MIT */
/* Is everything refused that is not wholly a number or an address in range? */
#include "check.h"

#include <domain/args.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int checks;

static void words_are_cut_at_blanks(void)
{
	char line[] = "  client\tsend  a b ";
	char many[] = "1 2 3 4";
	char none[] = " \t ";
	char *argv[4];

	CHECK(args_split(line, argv, 4) == 4);
	CHECK(strcmp(argv[0], "client") == 0 && strcmp(argv[1], "send") == 0);
	CHECK(strcmp(argv[2], "a") == 0 && strcmp(argv[3], "b") == 0);
	CHECK(args_split(many, argv, 3) == -E2BIG);
	CHECK(args_split(none, argv, 3) == 0);
}

static void check_number(const char *text, int result, uint64_t value)
{
	uint64_t got = 12345;

	CHECK(args_number(text, 1, 65535, &got) == result);
	if (result == 0)
		CHECK(got == value);
}

static void numbers_are_strict(void)
{
	uint64_t v;

	check_number("1", 0, 1);
	check_number("65535", 0, 65535);
	check_number("007", 0, 7);
	check_number("0", -ERANGE, 0);
	check_number("65536", -ERANGE, 0);
	check_number("18446744073709551617", -ERANGE, 0);	/* 2^64 + 1 */
	check_number("99999999999999999999999", -ERANGE, 0);
	check_number("", -EINVAL, 0);
	check_number("7x", -EINVAL, 0);
	check_number("x7", -EINVAL, 0);
	check_number("-7", -EINVAL, 0);
	check_number("+7", -EINVAL, 0);
	check_number(" 7", -EINVAL, 0);
	check_number("7 ", -EINVAL, 0);
	check_number("0x7", -EINVAL, 0);
	CHECK(args_number("18446744073709551615", 0, UINT64_MAX, &v) == 0 &&
	      v == UINT64_MAX);
	CHECK(args_number("18446744073709551616", 0, UINT64_MAX, &v) ==
	      -ERANGE);
}

static void addresses_are_strict(void)
{
	static const char *const wrong[] = {
		"", ".", "1", "1.2.3", "1.2.3.", "1.2.3.4.", "1.2.3.4.5",
		"256.1.1.1", "1.1.1.256", "1..2.3", ".1.2.3", "1.2.3.4 ",
		" 1.2.3.4", "a.b.c.d", "1.2.3.x", "-1.2.3.4", "01.2.3.4",
		"1.2.3.04", "0x1.2.3.4", "1.2.3.99999999999999999999",
	};
	uint32_t a = 0;
	size_t i;

	CHECK(args_ipv4("10.0.2.50", &a) == 0 && a == 0x0a000232);
	CHECK(args_ipv4("255.255.255.255", &a) == 0 && a == 0xffffffff);
	CHECK(args_ipv4("0.0.0.0", &a) == 0 && a == 0);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(args_ipv4(wrong[i], &a) == -EINVAL);
}

static const struct args_option options[] = {
	{ "follow", 'f', 0, 'f' }, { "lines", 'n', 1, 'n' },
	{ "json", 0, 0, 'j' }, { 0 },
};

/* Each option's letter and value; "?" and so on for what is wrong. */
static void options_of(const char *text, const char *wanted)
{
	char line[100], got[200] = "", *argv[8];
	struct args a = { .argv = argv };
	int option;

	snprintf(line, sizeof(line), "%s", text);
	a.argc = args_split(line, argv, 8);
	while ((option = args_next(&a, options)) && strlen(got) < 100) {
		char one[50];

		snprintf(one, sizeof(one), "%s;", option == 'n' || option < 0 ?
			 a.text : "");
		strncat(got, option > 0 ? (char[]){ (char)option, 0 } :
			option == ARGS_OPERAND ? "=" :
			option == ARGS_UNKNOWN ? "?" :
			option == ARGS_NO_VALUE ? "!" : "-", 2);
		strcat(got, one);
		if (option < ARGS_OPERAND)
			break;
	}
	if (strcmp(got, wanted))
		printf("%s: %s instead of %s\n", text, got, wanted);
	CHECK(strcmp(got, wanted) == 0);
}

static void options_come_in_any_form(void)
{
	options_of("", "");
	options_of("-f", "f;");
	options_of("-n 5 x -f y", "n5;=x;f;=y;");
	options_of("-n5", "n5;");
	options_of("-fn 5", "f;n5;");
	options_of("-fn5", "f;n5;");
	options_of("--follow --lines 7 --json", "f;n7;j;");
	options_of("--lines=7", "n7;");
	options_of("--lines=", "n;");
	options_of("x -- -f --json", "=x;=-f;=--json;");
	options_of("-", "=-;");
	options_of("-n", "!-n;");
	options_of("--lines", "!--lines;");
	options_of("-x", "?-x;");
	options_of("-fx", "f;?-fx;");
	options_of("--line 7", "?--line;");
	options_of("--liness 7", "?--liness;");
	options_of("--follow=1", "---follow=1;");
}

int main(void)
{
	options_come_in_any_form();
	words_are_cut_at_blanks();
	numbers_are_strict();
	addresses_are_strict();
	printf("%u checks\n", checks);
	return 0;
}
