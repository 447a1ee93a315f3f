/* SPDX-License-Identifier: MIT */
/*
 * Does the VMM's snprintf write what C11 says, and never behind its buffer?
 * The host's C library is the judge: all conversions with random flags, widths,
 * precisions, values and buffer sizes.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define snprintf tandem_snprintf
#define vsnprintf tandem_vsnprintf
int snprintf(char *buf, size_t size, const char *fmt, ...);
int vsnprintf(char *buf, size_t size, const char *fmt, va_list args);
#include "../../lib/printf.c"
#undef snprintf
#undef vsnprintf

/* formats are made at run time */
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

#define ROUNDS		300000
#define BUFFER		200
#define GUARD		0x5a

static unsigned int failed;
static uint64_t random_state = 20261121;

static uint64_t rnd(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dull;
}

static unsigned int below(unsigned int n)
{
	return (unsigned int)(rnd() % n);
}

static uint64_t random_value(void)
{
	static const uint64_t values[] = {
		0, 1, 9, 10, 255, INT_MAX, (uint64_t)INT_MIN, UINT_MAX,
		INT64_MAX, (uint64_t)INT64_MIN, UINT64_MAX,
	};
	unsigned int i = below(2 * sizeof(values) / sizeof(values[0]));

	return i < sizeof(values) / sizeof(values[0]) ? values[i] :
		rnd() >> below(64);
}

/* %[flags][width][.precision][length]conversion */
static void random_format(char *f, char *conversion, bool *wide)
{
	static const char *const lengths[] = { "", "h", "hh", "l", "ll", "z",
					       "j", "t" };
	unsigned int length = below(8);

	*f++ = '<';
	*f++ = '%';
	*conversion = "diuxX"[below(5)];
	for (unsigned int i = below(4); i > 0; i--) {
		char flag = "-0+ #"[below(5)];
		bool is_signed = *conversion == 'd' || *conversion == 'i';

		/* only where C defines them */
		if ((flag == '#') ? (*conversion == 'x' || *conversion == 'X') :
		    (flag == '+' || flag == ' ') ? is_signed : true)
			*f++ = flag;
	}
	if (below(2))
		f += sprintf(f, "%u", below(30));
	if (!below(3))
		f += sprintf(f, ".%u", below(30));
	f += sprintf(f, "%s%c>", lengths[length], *conversion);
	*wide = length >= 3;
}

static void check(const char *format, size_t size, const char *got, int n,
		  const char *wanted, int wanted_n)
{
	bool over = false;

	for (size_t i = size; i < BUFFER; i++)
		over |= got[i] != GUARD;
	if (n == wanted_n && !over && (!size || !strcmp(got, wanted)))
		return;
	printf("\"%s\" in %zu bytes: \"%s\" (%d), expected \"%s\" (%d)%s\n",
	       format, size, size ? got : "", n, wanted, wanted_n,
	       over ? ", written behind the end" : "");
	failed++;
}

static size_t random_size(void)
{
	return below(4) ? BUFFER : below(40);
}

static void test_numbers_as_the_hosts_library(void)
{
	char format[64], got[BUFFER], wanted[BUFFER], conversion;

	for (unsigned int i = 0; i < ROUNDS && failed < 10; i++) {
		size_t size = random_size();
		uint64_t v = random_value();
		bool wide;
		int n, m;

		random_format(format, &conversion, &wide);
		memset(got, GUARD, sizeof(got));
		if (wide) {
			n = tandem_snprintf(got, size, format, v);
			m = snprintf(wanted, size, format, v);
		} else {
			n = tandem_snprintf(got, size, format, (int)v);
			m = snprintf(wanted, size, format, (int)v);
		}
		check(format, size, got, n, wanted, m);
	}
}

static void test_strings_as_the_hosts_library(void)
{
	static const char *const formats[] = {
		"%s", "%10s|", "%-10s|", "%.3s", "%10.3s|", "%-10.3s|", "%.0s",
	};
	char text[40], got[BUFFER], wanted[BUFFER];

	for (unsigned int i = 0; i < ROUNDS / 10 && failed < 10; i++) {
		const char *format = formats[below(7)];
		size_t size = random_size(), length = below(30);
		int n, m;

		for (size_t k = 0; k < length; k++)
			text[k] = (char)('a' + below(26));
		text[length] = '\0';
		memset(got, GUARD, sizeof(got));
		n = tandem_snprintf(got, size, format, text);
		m = snprintf(wanted, size, format, text);
		check(format, size, got, n, wanted, m);
	}
}

/* Format with arguments, both ways. */
#define SAME(format, ...) \
	do { \
		char got_[BUFFER], wanted_[BUFFER]; \
		memset(got_, GUARD, sizeof(got_)); \
		int n_ = tandem_snprintf(got_, 100, format, ##__VA_ARGS__); \
		int m_ = snprintf(wanted_, 100, format, ##__VA_ARGS__); \
		check(format, 100, got_, n_, wanted_, m_); \
	} while (0)

static void test_the_rest_as_the_hosts_library(void)
{
	char raw[2] = { 'a', 'b' };	/* not terminated */

	SAME("plain");
	SAME("100%%");
	SAME("%c%5c%-5c|", 'x', 'y', 'z');
	SAME("%*d|%-*d|%*d", 6, 42, 6, 42, -6, 42);
	SAME("%.*d|%.*d", 4, 42, -4, 42);
	SAME("%*.*d", 8, 4, -42);
	SAME("%.2s", raw);
	SAME("%.*s", 2, raw);
	SAME("%p", (void *)0x1234);
	SAME("%d %s %lx %u", -1, "two", 3ul, 4u);
}

static void test_a_string_that_is_missing(void)
{
	char got[BUFFER];

	tandem_snprintf(got, sizeof(got), "%s", (char *)NULL);
	if (strcmp(got, "(null)"))
		failed++;
}

/* A format that ends too early must not be read behind its end. */
static void test_formats_cut_short(void)
{
	static const char *const formats[] = { "%", "%-", "%5", "%.", "%l",
					       "%.5", "%08l" };
	char got[BUFFER];

	for (unsigned int i = 0; i < sizeof(formats) / sizeof(formats[0]);
	     i++) {
		char *copy = strdup(formats[i]);	/* ASan watches it */

		if (tandem_snprintf(got, sizeof(got), copy, 1) || got[0])
			failed++;
		free(copy);
	}
}

int main(void)
{
	test_numbers_as_the_hosts_library();
	test_strings_as_the_hosts_library();
	test_the_rest_as_the_hosts_library();
	test_a_string_that_is_missing();
	test_formats_cut_short();
	printf("%u conversions, %u failures\n", ROUNDS + ROUNDS / 10, failed);
	return failed != 0;
}
