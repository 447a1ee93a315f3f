/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: texts of the configuration, in a machine with any map of memory,
 * wherever the loader says that they are: what is not in RAM is not looked at,
 * and each line told fits the log.
 */
#define main conf_boot_test_main
int conf_boot_test_main(void);
#include "../unit/conf_boot_test.c"
#undef main

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	uint32_t n_ranges = fuzz_byte(&in) % 4;

	start("");
	for (unsigned int i = 0; i < n_ranges; i++) {
		info.range[i].base = (uintptr_t)ram + fuzz_word(&in) % 8192;
		info.range[i].size = fuzz_word(&in);
		/* what is RAM by the map is so in the machine */
		if (info.range[i].size > (uintptr_t)ram + sizeof(ram) -
					 info.range[i].base)
			info.range[i].type = BOOT_RESERVED;
	}
	info.n_ranges = n_ranges;
	for (unsigned int i = 0; i < BOOT_TEXTS; i++) {
		uint8_t how = fuzz_byte(&in);

		place(i, how & 1 ? (uintptr_t)ram + fuzz_word(&in) :
				   fuzz_long(&in),
		      how & 2 ? fuzz_long(&in) : fuzz_word(&in) % 8192);
		info.text[i].problem = how >> 4;
	}
	fuzz_bytes(&in, ram, sizeof(ram));
	conf_start(&info);
	logged[0] = '\0';
	conf_tell(&info);
	return 0;
}

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\1\0\0\0\x20\1\0\0\x10\0\1\0\0\0\0\1\0\0\0\0"
		  "ip.address=1.2.3.4"),
	FUZZ_SEED("\1\0\0\0\x10\1\0\0\x10\0\1\x10\0\x0a\0\1\xff\x0f\x10\0"
		  "log.level = 0\nx = \"y\"\ndbgsh=n # no\n"),
	FUZZ_SEED("\2\0\0\0\x10\0\x10\0\x10\2\0\0\0\0\xff\xff\xff\xff\3\0\0"
		  "\xff\xff\xff\xff\0"),
	{ NULL, 0 },
};
