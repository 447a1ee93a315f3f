/* SPDX-License-Identifier: MIT */
/*
 * Reads the memory map that GetMemoryMap gives (UEFI 2.10, 7.2.3). The map is
 * in no order, firmware splits it finely, and it need not be free of
 * overlaps: each entry is cut out of the list of ranges, then put in.
 */
#include "memory.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* EFI_MEMORY_TYPE */
enum {
	EFI_LOADER_CODE = 1, EFI_LOADER_DATA, EFI_BOOT_SERVICES_CODE,
	EFI_BOOT_SERVICES_DATA, EFI_RUNTIME_SERVICES_CODE,
	EFI_RUNTIME_SERVICES_DATA, EFI_CONVENTIONAL, EFI_UNUSABLE,
	EFI_ACPI_RECLAIM, EFI_ACPI_NVS,
};

#define EFI_PAGE		4096ull
#define HIGHEST_PHYSICAL	(1ull << 52)	/* architectural limit */
#define BELOW_4_GIB		(1ull << 32)

_Static_assert(sizeof(struct efi_memory) == 40, "EFI_MEMORY_DESCRIPTOR");

static bool is_ram(uint32_t type)
{
	switch (type) {
	case EFI_LOADER_CODE:
	case EFI_LOADER_DATA:
	case EFI_BOOT_SERVICES_CODE:
	case EFI_BOOT_SERVICES_DATA:
	case EFI_RUNTIME_SERVICES_CODE:
	case EFI_RUNTIME_SERVICES_DATA:
	case EFI_CONVENTIONAL:
	case EFI_ACPI_RECLAIM:
	case EFI_ACPI_NVS:
		return true;
	default:
		return false;
	}
}

/* The n-th entry, or false behind the last; *size is 0 if it makes no sense. */
static bool entry(const void *map, size_t size_map, size_t size_entry,
		  size_t n, struct efi_memory *e, uint64_t *size)
{
	if (size_entry < sizeof(*e) || n >= size_map / size_entry)
		return false;
	memcpy(e, (const char *)map + n * size_entry, sizeof(*e));
	*size = 0;
	if (e->physical % EFI_PAGE == 0 && e->physical < HIGHEST_PHYSICAL &&
	    e->pages <= (HIGHEST_PHYSICAL - e->physical) / EFI_PAGE)
		*size = e->pages * EFI_PAGE;
	return true;
}

uint64_t memory_find_block(const void *map, size_t size_map, size_t size_entry,
			   uint64_t size)
{
	struct efi_memory e;
	uint64_t have, best = 0;

	for (size_t i = 0; entry(map, size_map, size_entry, i, &e, &have);
	     i++) {
		uint64_t end, at;

		if (e.type != EFI_CONVENTIONAL || e.physical >= BELOW_4_GIB)
			continue;
		end = e.physical + have;
		if (end > BELOW_4_GIB)
			end = BELOW_4_GIB;
		if (size > end - e.physical)
			continue;
		at = (end - size) & ~(BLOCK_ALIGN - 1);
		if (at >= e.physical && at > best)
			best = at;
	}
	return best;
}

/* Makes room for one more range at index i. */
static int open_slot(struct boot_info *info, uint32_t i)
{
	if (info->n_ranges == BOOT_MAX_RANGES)
		return -E2BIG;
	memmove(&info->range[i + 1], &info->range[i],
		(info->n_ranges - i) * sizeof(info->range[0]));
	info->n_ranges++;
	return 0;
}

static void close_slot(struct boot_info *info, uint32_t i)
{
	info->n_ranges--;
	memmove(&info->range[i], &info->range[i + 1],
		(info->n_ranges - i) * sizeof(info->range[0]));
}

/* Takes size bytes at base out of all ranges. */
static int cut(struct boot_info *info, uint64_t base, uint64_t size)
{
	for (uint32_t i = 0; i < info->n_ranges; i++) {
		struct boot_range *r = &info->range[i];
		uint64_t end = base + size, r_end = r->base + r->size;

		if (r_end <= base || r->base >= end)
			continue;
		if (r->base < base && r_end > end) {
			if (open_slot(info, i))
				return -E2BIG;
			r[0].size = base - r->base;
			r[1].base = end;
			r[1].size = r_end - end;
			return 0;
		}
		if (r->base < base) {
			r->size = base - r->base;
		} else if (r_end > end) {
			r->base = end;
			r->size = r_end - end;
		} else {
			close_slot(info, i--);
		}
	}
	return 0;
}

/* Puts in a range that overlaps none; joins it with its neighbours. */
static int put(struct boot_info *info, uint64_t base, uint64_t size,
	       uint32_t type)
{
	struct boot_range *r = info->range;
	uint32_t i = 0;
	bool joins_last, joins_next;

	while (i < info->n_ranges && r[i].base < base)
		i++;
	joins_last = i > 0 && r[i - 1].type == type &&
		     r[i - 1].base + r[i - 1].size == base;
	joins_next = i < info->n_ranges && r[i].type == type &&
		     r[i].base == base + size;
	if (joins_last) {
		r[i - 1].size += size;
		if (joins_next) {
			r[i - 1].size += r[i].size;
			close_slot(info, i);
		}
		return 0;
	}
	if (joins_next) {
		r[i].base = base;
		r[i].size += size;
		return 0;
	}
	if (open_slot(info, i))
		return -E2BIG;
	r[i] = (struct boot_range){ .base = base, .size = size, .type = type };
	return 0;
}

/* RAM first, so that what is not RAM replaces it where both are listed. */
int memory_ranges(const void *map, size_t size_map, size_t size_entry,
		  struct boot_info *info)
{
	static const uint32_t order[] = { BOOT_RAM, BOOT_RESERVED };

	info->n_ranges = 0;
	for (unsigned int pass = 0; pass < 2; pass++) {
		struct efi_memory e;
		uint64_t size;

		for (size_t i = 0;
		     entry(map, size_map, size_entry, i, &e, &size); i++) {
			uint32_t type = is_ram(e.type) ? BOOT_RAM :
							 BOOT_RESERVED;

			if (type != order[pass] || size == 0)
				continue;
			if (cut(info, e.physical, size) ||
			    put(info, e.physical, size, type))
				return -E2BIG;
		}
	}
	return cut(info, info->block_base, info->block_size);
}
