/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: a domain's program of any content, on real page tables: it is
 * refused, or no page is both writable and code, and all pages come back.
 */
#define main domain_elf_test_main
int domain_elf_test_main(void);
#include "../unit/domain_elf_test.c"
#undef main

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct sample s = right();
	uint8_t how = fuzz_byte(&in);

	boot_info.block_base = TANDEM_VMM_BASE - (uintptr_t)pool;
	pool_limit = how & 2 ? how >> 2 : POOL_PAGES;
	if (pool_limit < 1)
		pool_limit = 1;
	if (how & 1) {
		try(in.at, in.left, NULL);
		down();
		return 0;
	}
	while (in.left) {
		size_t at = fuzz_word(&in) % sizeof(s);
		size_t n = fuzz_byte(&in) & 15u;

		fuzz_bytes(&in, (uint8_t *)&s + at, MIN(n, sizeof(s) - at));
	}
	loading = &s;
	try(&s, sizeof(s), look_code);
	down();
	return 0;
}

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\0"),
	FUZZ_SEED("\x16"),
	FUZZ_SEED("\0\x18\0\1\x20"),
	FUZZ_SEED("\0\x68\0\x08\0\0\0\0\xff\xff\xff\xff"),
	FUZZ_SEED("\1\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\3\0\x3e\0\1\0\0\0"),
	{ NULL, 0 },
};
