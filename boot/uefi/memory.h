/* SPDX-License-Identifier: MIT */
/*
 * The firmware's memory map: where the VMM block can lie in it, and what the
 * VMM is told of it. No firmware in here, so that it runs on the host too.
 */
#ifndef BOOT_UEFI_MEMORY_H
#define BOOT_UEFI_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <tandem/boot.h>

/* EFI_MEMORY_DESCRIPTOR (UEFI 2.10, 7.2.3); entries may be longer. */
struct efi_memory {
	uint32_t type, pad;
	uint64_t physical, virtual, pages, attribute;
};

#define BLOCK_ALIGN	(2ull << 20)

/*
 * The highest address below 4 GiB, aligned to BLOCK_ALIGN, at which size
 * bytes of conventional memory are free, or 0. map: size_map bytes of entries
 * of size_entry bytes each.
 */
uint64_t memory_find_block(const void *map, size_t size_map, size_t size_entry,
			   uint64_t size);

/*
 * Fills in info->range and n_ranges: RAM and what the firmware lists as
 * something else, sorted, joined, without the block at info->block_base.
 * Where entries overlap, it is not RAM. Returns 0 or -E2BIG if there are more
 * than BOOT_MAX_RANGES.
 */
int memory_ranges(const void *map, size_t size_map, size_t size_entry,
		  struct boot_info *info);

#endif
