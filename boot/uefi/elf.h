/* SPDX-License-Identifier: MIT */
/*
 * tandem.elf as the loader sees it: a sealed file with segments and one
 * struct tandem_info. No firmware in here, so that it runs on the host too.
 */
#ifndef BOOT_UEFI_ELF_H
#define BOOT_UEFI_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tandem/boot.h>
#include <tandem/pci.h>

/*
 * The last bytes of the file, written by boot/seal.py: how the loader knows
 * that nothing of it is missing or altered. Little endian.
 */
struct tandem_seal {
	uint64_t magic;		/* TANDEM_SEAL_MAGIC */
	uint32_t size;		/* bytes of the file before the seal */
	uint32_t crc;		/* CRC-32 (IEEE 802.3) of those bytes */
};

#define TANDEM_SEAL_MAGIC	0x314c4145534e4154ull	/* "TANSEAL1" */

#define ELF_MAX_SEGMENTS	16
#define ELF_MAX_BLOCK_MIB	1024

struct elf_segment {
	uint64_t offset, file_size;	/* bytes in the file */
	uint64_t where, memory_size;	/* bytes from the start of the block */
	bool executable;
};

/* What elf_check found; the file must stay where it is. */
struct elf_image {
	const uint8_t *file;
	unsigned int n_segments;
	struct elf_segment segment[ELF_MAX_SEGMENTS];
	uint64_t entry, ap_entry;	/* bytes from the start of the block */
	struct tandem_info info;	/* a copy, strings terminated */
	const uint8_t *ids;		/* in the file, may be unaligned */
	size_t n_ids;
};

/*
 * Checks a whole file of that size in bytes, which may hold anything, and
 * fills in *image. Returns NULL, or what is wrong as the end of a sentence
 * that starts with the file's name.
 */
const char *elf_check(const void *file, size_t size, struct elf_image *image);

/*
 * Copies the segments of an image that elf_check accepted into a block of
 * image->info.block_mib MiB, which must hold zeros.
 */
void elf_load(const struct elf_image *image, void *block);

/* The n-th entry (below n_ids) of the drivers' device lists, terminated. */
struct pci_id elf_pci_id(const struct elf_image *image, size_t n);

/* Has driver's list the device? */
bool elf_lists(const struct elf_image *image, const char *driver,
	       uint16_t vendor, uint16_t device);

/* Is there such a driver at all? "conceal" is one, "none" is not. */
bool elf_has_driver(const struct elf_image *image, const char *driver);

/* CRC-32 as IEEE 802.3 has it, of n bytes. */
uint32_t elf_crc32(const void *data, size_t n);

#endif
