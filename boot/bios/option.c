/* SPDX-License-Identifier: MIT */
/* The loader's own part of the command line, see target.h. */
#include "target.h"

#include <stdint.h>
#include <string.h>

#define BOOT		"boot="
#define DRIVE_MAX	0xff
#define PARTITION_MAX	60

/* The n bytes that follow end the number, or a comma does. */
static bool number(const char **p, const char *end, unsigned int *value)
{
	unsigned int base = 10;
	const char *start;

	if (end - *p > 2 && (*p)[0] == '0' && ((*p)[1] | 0x20) == 'x') {
		base = 16;
		*p += 2;
	}
	*value = 0;
	for (start = *p; *p < end && **p != ','; ++*p) {
		unsigned int digit = (unsigned int)(**p - '0');

		if (digit > 9) {
			digit = (unsigned int)((**p | 0x20) - 'a');
			digit = digit < 6 ? digit + 10 : base;
		}
		if (digit >= base)
			return false;
		*value = *value * base + digit;
		if (*value > DRIVE_MAX)
			return false;
	}
	return *p > start;
}

static const char *read_target(const char *p, size_t n, struct target *t)
{
	static const char wrong[] = "boot= wants a disk (0x80), a disk and a "
				    "partition (0x80,1) or next";
	const char *end = p + n;
	unsigned int drive, partition = 0;

	if (n == 4 && !memcmp(p, "next", 4)) {
		t->next = true;
		return NULL;
	}
	if (!number(&p, end, &drive))
		return wrong;
	if (p < end) {
		p++;
		if (!number(&p, end, &partition) || p < end || !partition ||
		    partition > PARTITION_MAX)
			return wrong;
	}
	*t = (struct target){ .drive = (int)drive, .partition = partition };
	return NULL;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* Bytes of the word at p; blanks within quotes are of it. */
static size_t word(const char *p, size_t left)
{
	bool quoted = false;
	size_t n = 0;

	while (n < left && (quoted || !is_space(p[n])))
		quoted ^= p[n++] == '"';
	return n;
}

const char *target_read(char *line, size_t *size, struct target *t)
{
	const size_t prefix = sizeof(BOOT) - 1;
	const char *wrong = NULL;
	bool first = true;

	for (size_t i = 0; i < *size; first = false) {
		size_t n = word(line + i, *size - i);

		if (n == 0) {
			i++;
			continue;
		}
		if (n >= prefix && !memcmp(line + i, BOOT, prefix))
			wrong = read_target(line + i + prefix, n - prefix, t);
		else if (!first || memchr(line + i, '=', n)) {
			i += n;
			continue;
		}
		/* blanks, so that words keep their numbers but for these */
		memset(line + i, ' ', n);
		i += n;
	}
	return wrong;
}
