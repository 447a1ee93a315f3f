/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: multicast DNS messages as they come from the link. What the guard
 * lets through, lwIP's reader of names, which is a second one, can read, too: it
 * has as many questions and records as it says, and ends where they end.
 */
#include "check.h"
#include "fuzz.h"

#include <guard.h>
#include <stdlib.h>
#include <string.h>

static unsigned int checks;

/* As lwIP's mdns_readname(): behind the name, 0: it gives up. */
static size_t second_name(const uint8_t *m, size_t len, size_t at,
			  unsigned int depth, size_t *length)
{
	while (depth < 64 && at < len) {
		uint8_t c = m[at++];

		if ((c & 0xc0) == 0xc0) {
			size_t to;

			if (at >= len)
				return 0;
			to = (size_t)(c & 0x3f) << 8 | m[at++];
			return second_name(m, len, to, depth + 1, length) ?
			       at : 0;
		}
		if (c > 63 || c > len - at)
			return 0;
		*length += c + 1u;
		if (*length > 255)
			return 0;
		at += c;
		if (!c)
			return at;
	}
	return 0;
}

static unsigned int word(const uint8_t *m, size_t at)
{
	return (unsigned int)(m[at] << 8 | m[at + 1]);
}

static bool second_opinion(const uint8_t *m, size_t len)
{
	unsigned int questions, all = 0;
	size_t at = 12, length;

	if (len < 12)
		return false;
	questions = word(m, 4);
	for (size_t i = 4; i < 12; i += 2)
		all += word(m, i);
	for (unsigned int i = 0; i < all; i++) {
		length = 0;
		at = second_name(m, len, at, 0, &length);
		if (!at || len - at < (i < questions ? 4u : 10u))
			return false;
		at += i < questions ? 4 : 10;
		if (i >= questions) {
			if (word(m, at - 2) > len - at)
				return false;
			at += word(m, at - 2);
		}
	}
	return at == len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum guard_verdict v;
	uint8_t *exact;

	if (size < 1)
		return 0;
	exact = malloc(size);		/* ASan sees what is behind it */
	memcpy(exact, data + 1, size - 1);
	v = guard_look(exact, size - 1, data[0] & 1);
	if (v == GUARD_PASS)
		CHECK(second_opinion(exact, size - 1));
	free(exact);
	return 0;
}

#define QUERY	"\0\0\0\0\0\0\1\0\0\0\0\0\0"
#define NAME	"\6tandem\5local\0"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED(QUERY NAME "\0\xff\0\1"),
	FUZZ_SEED("\0\0\0\x84\0\0\0\0\1\0\0\0\1" NAME
		  "\0\1\0\1\0\0\0\x78\0\4\x0a\0\2\x32"
		  "\xc0\x0c\0\x0c\0\1\0\0\0\x78\0\2\xc0\x0c"),
	{ NULL, 0 },
};
