/* SPDX-License-Identifier: MIT */
/* The firmware's memory map (ACPI 6.4, chapter 15), see e820.h. */
#include "e820.h"

#include <string.h>
#include <tandem/types.h>

#include "../uefi/memory.h"

#define BELOW_16M_MAX	0x3c00		/* KiB: 15 MiB */
#define ABOVE_1M_MAX	0xfc00		/* KiB: 63 MiB */

/* of enum EFI_MEMORY_TYPE, which memory.c reads */
#define EFI_RESERVED	0
#define EFI_CONVENTIONAL 7
#define EFI_ACPI_RECLAIM 9
#define EFI_ACPI_NVS	10

static uint64_t end_of(const struct e820_entry *e)
{
	return e->size > UINT64_MAX - e->base ? UINT64_MAX : e->base + e->size;
}

bool e820_add(struct e820_map *map, const struct e820_entry *e)
{
	if (!e->size)
		return true;
	if (map->n == E820_MAX)
		return false;
	map->entry[map->n++] = *e;
	return true;
}

/* The part of e within [from, to), as type. */
static bool add_part(struct e820_map *map, const struct e820_entry *e,
		     uint64_t from, uint64_t to, uint32_t type)
{
	uint64_t begin = e->base > from ? e->base : from;
	uint64_t end = end_of(e) < to ? end_of(e) : to;

	return begin >= end || e820_add(map, &(struct e820_entry){
		begin, end - begin, type });
}

bool e820_reserve(struct e820_map *map, uint64_t base, uint64_t size)
{
	const struct e820_map old = *map;
	const uint64_t end = base + size;

	map->n = 0;
	for (uint32_t i = 0; i < old.n; i++) {
		const struct e820_entry *e = &old.entry[i];
		bool room;

		if (e->type != E820_RAM)
			room = e820_add(map, e);
		else
			room = add_part(map, e, 0, base, E820_RAM) &&
			       add_part(map, e, base, end, E820_RESERVED) &&
			       add_part(map, e, end, UINT64_MAX, E820_RAM);
		if (!room)
			return false;
	}
	return true;
}

/* In whole pages: of RAM those within, of all else those that it touches. */
static struct efi_memory in_pages(const struct e820_entry *e)
{
	struct efi_memory m = { .type = EFI_RESERVED };
	uint64_t begin = e->base, end = end_of(e);

	switch (e->type) {
	case E820_RAM:
		m.type = EFI_CONVENTIONAL;
		break;
	case E820_ACPI:
		m.type = EFI_ACPI_RECLAIM;
		break;
	case E820_NVS:
		m.type = EFI_ACPI_NVS;
		break;
	}
	if (m.type == EFI_RESERVED) {
		begin = ALIGN_DOWN(begin, PAGE_SIZE);
		end = ALIGN_DOWN(end + MIN(UINT64_MAX - end, PAGE_MASK),
				 PAGE_SIZE);
	} else {
		begin = ALIGN_UP(begin, PAGE_SIZE);
		end = ALIGN_DOWN(end, PAGE_SIZE);
	}
	m.physical = begin;
	m.pages = end > begin ? (end - begin) / PAGE_SIZE : 0;
	return m;
}

/* As memory.c reads it. Returns the number of bytes. */
static size_t convert(const struct e820_map *map, struct efi_memory *to)
{
	for (uint32_t i = 0; i < map->n; i++)
		to[i] = in_pages(&map->entry[i]);
	return map->n * sizeof(*to);
}

static struct efi_memory converted[E820_MAX];

uint64_t e820_find_block(const struct e820_map *map, uint64_t size,
			 uint64_t used, uint64_t used_size)
{
	struct e820_map left = *map;

	if (!e820_reserve(&left, used, used_size))
		return 0;
	return memory_find_block(converted, convert(&left, converted),
				 sizeof(converted[0]), size);
}

int e820_ranges(const struct e820_map *map, struct boot_info *info)
{
	return memory_ranges(converted, convert(map, converted),
			     sizeof(converted[0]), info);
}

/* Up to where there is RAM from begin on, without a gap, at most to end. */
static uint64_t ram_end(const struct e820_map *map, uint64_t begin,
			uint64_t end)
{
	uint64_t at = begin;

	/* each turn takes one entry, in whatever order they are */
	for (uint32_t turn = 0; turn < map->n && at < end; turn++) {
		uint64_t before = at;

		for (uint32_t i = 0; i < map->n; i++) {
			const struct e820_entry *e = &map->entry[i];

			if (e->type == E820_RAM && e->base <= at &&
			    end_of(e) > at)
				at = end_of(e);
		}
		if (at == before)
			break;
	}
	return at < end ? at : end;
}

void e820_answers(const struct e820_map *map, struct int15_words *words)
{
	uint64_t kib = (ram_end(map, MIB(1), MIB(64)) - MIB(1)) >> 10;

	words->above_1m = (uint16_t)(kib < ABOVE_1M_MAX ? kib : ABOVE_1M_MAX);
	words->below_16m = (uint16_t)(kib < BELOW_16M_MAX ? kib :
							    BELOW_16M_MAX);
	words->above_16m = (uint16_t)((ram_end(map, MIB(16), GIB(4)) -
				       MIB(16)) >> 16);
	words->n = map->n;
	memcpy(words->entry, map->entry, map->n * sizeof(map->entry[0]));
}
