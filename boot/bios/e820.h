/* SPDX-License-Identifier: MIT */
/*
 * The firmware's memory map: what is taken out of it, what INT 15h says of the
 * rest, and what the VMM is told. No firmware in here, so that it runs on the
 * host too.
 */
#ifndef BOOT_BIOS_E820_H
#define BOOT_BIOS_E820_H

#include <stdbool.h>
#include <stdint.h>
#include <tandem/boot.h>

#include "resident.h"

struct e820_map {
	uint32_t n;
	struct e820_entry entry[E820_MAX];
};

/* Append an entry; false if there is no room for it. Empty ones are left out. */
bool e820_add(struct e820_map *map, const struct e820_entry *e);

/*
 * What is RAM of size bytes at base is reserved from now on. False if there is
 * no room for that; the map is then not to be used.
 */
bool e820_reserve(struct e820_map *map, uint64_t base, uint64_t size);

/*
 * The highest place below 4 GiB for a block of size bytes (memory_find_block),
 * outside of used_size bytes at used; 0 if there is none.
 */
uint64_t e820_find_block(const struct e820_map *map, uint64_t size,
			 uint64_t used, uint64_t used_size);

/* The answers of INT 15h; all but the old vector. */
void e820_answers(const struct e820_map *map, struct int15_words *words);

/* info->range, without the block, which info has. 0 or -E2BIG. */
int e820_ranges(const struct e820_map *map, struct boot_info *info);

#endif
