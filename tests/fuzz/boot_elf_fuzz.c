/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: a tandem.elf of any content, with a right seal so that what is
 * behind it is reached: the loader refuses it with a reason, or stays in the file
 * and in the block with all that it reads and writes.
 */
#define main loader_elf_test_main
int loader_elf_test_main(void);
#include "../unit/loader_elf_test.c"
#undef main

#include "fuzz.h"

/* First byte: the file itself follows, or changes of a right one. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct tandem_seal seal = { .magic = TANDEM_SEAL_MAGIC };
	const size_t size_all = offsetof(struct sample, seal);
	static struct elf_image image;
	struct sample s = right();
	const char *wrong;
	uint8_t *file;
	size_t n;

	if (fuzz_byte(&in) & 1) {
		n = in.left;
		file = malloc(n + sizeof(seal));
		fuzz_bytes(&in, file, n);
	} else {
		while (in.left) {
			size_t at = fuzz_word(&in) % size_all;

			n = fuzz_byte(&in) & 15u;
			fuzz_bytes(&in, (uint8_t *)&s + at,
				   MIN(n, size_all - at));
		}
		n = size_all;
		file = malloc(n + sizeof(seal));
		memcpy(file, &s, n);
	}
	seal.size = (uint32_t)n;
	seal.crc = elf_crc32(file, n);
	memcpy(file + n, &seal, sizeof(seal));
	wrong = elf_check(file, n + sizeof(seal), &image);
	CHECK(!wrong || wrong[0]);
	if (!wrong && image.info.block_mib <= 4) {
		size_t block_size = (size_t)image.info.block_mib << 20;
		uint8_t *block = malloc(block_size);

		elf_load(&image, block);
		CHECK(image.entry < block_size && image.ap_entry < block_size);
		for (size_t i = 0; i < image.n_ids && i < 64; i++)
			elf_pci_id(&image, i);
		elf_lists(&image, "bnx", 0x14e4, 0x165a);
		elf_has_driver(&image, image.info.pci_bindings);
		free(block);
	}
	free(file);
	return 0;
}

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\0"),
	FUZZ_SEED("\0\x18\0\1\x20"),
	FUZZ_SEED("\0\x48\0\x08\0\0\0\0\xff\xff\xff\xff"),
	FUZZ_SEED("\1\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0\1\0\0\0"),
	{ NULL, 0 },
};
