/* SPDX-License-Identifier: MIT */
/*
 * Is the block function ChaCha20's, and is the output even, new each time, and
 * bounded as asked for? Also without a generator in the CPU.
 */
#include "check.h"

#include <string.h>

#include "../../core/random.c"

#define DRAWS	100000

static unsigned int checks;

void log_msg(enum log_level level __unused, const char *fmt __unused, ...)
{
}

/* RFC 8439, section 2.3.2 */
static void test_block_is_that_of_the_rfc(void)
{
	static const uint32_t want[16] = {
		0xe4e7f110, 0x15593bd1, 0x1fdd0f50, 0xc47120a3,
		0xc7f4d1c7, 0x0368c033, 0x9aaa2204, 0x4e6cd4c3,
		0x466482d2, 0x09aa9f07, 0x05d7c214, 0xa2028bd9,
		0xd19c12b5, 0xb94e16de, 0xe883d0cb, 0x4e3c50a2,
	};
	static const uint32_t tail[4] = { 1, 0x09000000, 0x4a000000, 0 };
	uint32_t k[8], out[16];

	for (unsigned int i = 0; i < 32; i++)
		((uint8_t *)k)[i] = (uint8_t)i;
	chacha20_block(out, k, tail);
	CHECK(!memcmp(out, want, sizeof(out)));
}

static void test_numbers_are_even_and_below(void)
{
	unsigned int ones[64] = { 0 }, hit[10] = { 0 };
	uint64_t last = 0;

	for (unsigned int i = 0; i < DRAWS; i++) {
		uint64_t v = random64(), below = random_below(10);

		CHECK(v != last && below < 10);
		last = v;
		hit[below]++;
		for (unsigned int b = 0; b < 64; b++)
			ones[b] += v >> b & 1;
	}
	for (unsigned int b = 0; b < 64; b++)
		CHECK(ones[b] > DRAWS * 48 / 100 && ones[b] < DRAWS * 52 / 100);
	for (unsigned int i = 0; i < 10; i++)
		CHECK(hit[i] > DRAWS * 9 / 100 && hit[i] < DRAWS * 11 / 100);
	CHECK(!random_below(1));
}

int main(void)
{
	test_block_is_that_of_the_rfc();
	CHECK(!random_init());
	test_numbers_are_even_and_below();
	printf("%u checks\n", checks);
	return 0;
}
