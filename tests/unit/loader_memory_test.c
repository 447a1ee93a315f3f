/* SPDX-License-Identifier: MIT */
/*
 * Does the VMM learn of exactly the RAM that the firmware's map has, in
 * whatever order, however split and overlapping it is, and never of its own
 * block? The result is compared page by page with a plain array.
 */
#include "check.h"
#include "memory.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int checks;

#define RESERVED	0
#define LOADER_DATA	2
#define RUNTIME_DATA	6
#define CONVENTIONAL	7
#define UNUSABLE	8
#define ACPI_RECLAIM	9
#define ACPI_NVS	10
#define MMIO		11
#define MIB(n)		((uint64_t)(n) << 20)
#define GIB(n)		((uint64_t)(n) << 30)

/* Firmware's entries are longer than the structure, as edk2's are. */
#define MAX_ENTRIES	600

struct map {
	size_t n;
	struct { struct efi_memory e; uint64_t more; } entry[MAX_ENTRIES];
};

#define MAP(m)	(m)->entry, (m)->n * sizeof((m)->entry[0]), \
		sizeof((m)->entry[0])

static void add(struct map *m, uint32_t type, uint64_t at, uint64_t size)
{
	m->entry[m->n].e = (struct efi_memory){ .type = type, .physical = at,
						.pages = size / 4096 };
	m->entry[m->n++].more = ~0ull;
}

static void kinds_of_memory_are_joined(void)
{
	static struct map m;
	struct boot_info info = { .block_base = MIB(4), .block_size = MIB(2) };

	add(&m, ACPI_NVS, MIB(12), MIB(1));
	add(&m, RESERVED, MIB(4), MIB(2));
	add(&m, CONVENTIONAL, MIB(6), MIB(2));
	add(&m, LOADER_DATA, MIB(2), MIB(2));
	add(&m, RUNTIME_DATA, MIB(8), MIB(1));
	add(&m, MMIO, MIB(9), MIB(1));
	add(&m, ACPI_RECLAIM, MIB(11), MIB(1));
	add(&m, UNUSABLE, MIB(10), MIB(1));
	CHECK(memory_ranges(MAP(&m), &info) == 0);
	CHECK(info.n_ranges == 4);
	CHECK(info.range[0].base == MIB(2) && info.range[0].size == MIB(2) &&
	      info.range[0].type == BOOT_RAM);
	CHECK(info.range[1].base == MIB(6) && info.range[1].size == MIB(3));
	CHECK(info.range[2].base == MIB(9) && info.range[2].size == MIB(2) &&
	      info.range[2].type == BOOT_RESERVED);
	CHECK(info.range[3].base == MIB(11) && info.range[3].size == MIB(2));
}

static void senseless_entries_are_left_out(void)
{
	static struct map m;
	struct boot_info info = { 0 };

	add(&m, CONVENTIONAL, MIB(1), 0);
	add(&m, CONVENTIONAL, MIB(1) + 1, MIB(1));
	add(&m, CONVENTIONAL, ~0xfffull, MIB(1));
	add(&m, CONVENTIONAL, 1ull << 52, MIB(1));
	add(&m, CONVENTIONAL, MIB(1), 0);
	m.entry[m.n - 1].e.pages = ~0ull;
	CHECK(memory_ranges(MAP(&m), &info) == 0);
	CHECK(info.n_ranges == 0);
	CHECK(memory_ranges(m.entry, sizeof(m), 8, &info) == 0);
	CHECK(info.n_ranges == 0);
}

static void too_many_ranges_are_an_error(void)
{
	static struct map m;
	struct boot_info *info = calloc(1, sizeof(*info));

	for (unsigned int i = 0; i < BOOT_MAX_RANGES; i++)
		add(&m, CONVENTIONAL, i * 8192, 4096);
	CHECK(memory_ranges(MAP(&m), info) == 0);
	CHECK(info->n_ranges == BOOT_MAX_RANGES);
	add(&m, CONVENTIONAL, BOOT_MAX_RANGES * 8192, 4096);
	CHECK(memory_ranges(MAP(&m), info) == -E2BIG);

	/* a block in the middle of the last range that fits */
	m.n = 1;
	m.entry[0].e.pages = 3;
	for (unsigned int i = 2; i < BOOT_MAX_RANGES + 1; i++)
		add(&m, CONVENTIONAL, i * 8192, 4096);
	info->block_base = 4096;
	info->block_size = 4096;
	CHECK(memory_ranges(MAP(&m), info) == -E2BIG);
	free(info);
}

/* Random maps of 64 pages against an array of 64 pages. */
static void any_map_gives_the_same_pages(void)
{
	enum { PAGES = 64 };

	srand(7);
	for (unsigned int round = 0; round < 20000; round++) {
		static struct map m;
		static struct boot_info info;
		uint8_t want[PAGES] = { 0 }, got[PAGES] = { 0 };
		unsigned int block = rand() % PAGES, length = rand() % 8;
		uint64_t last = 0;

		m.n = 0;
		for (int n = rand() % 24; n > 0; n--) {
			uint32_t type = rand() % 14;
			unsigned int at = rand() % PAGES;
			unsigned int size = rand() % (PAGES - at) / 3;
			bool ram = type >= 1 && type <= 10 && type != UNUSABLE;

			add(&m, type, at * 4096, size * 4096);
			for (unsigned int i = at; i < at + size; i++)
				if (!ram)
					want[i] = BOOT_RESERVED;
				else if (!want[i])
					want[i] = BOOT_RAM;
		}
		for (unsigned int i = block; i < block + length; i++)
			if (i < PAGES)
				want[i] = 0;
		info.block_base = block * 4096;
		info.block_size = length * 4096;
		if (memory_ranges(MAP(&m), &info))
			CHECK(!"fits");
		for (unsigned int i = 0; i < info.n_ranges; i++) {
			struct boot_range *r = &info.range[i];

			if (r->size == 0 || r->base < last ||
			    r->base + r->size > PAGES * 4096)
				CHECK(!"sorted, apart, not empty");
			last = r->base + r->size;
			memset(got + r->base / 4096, r->type, r->size / 4096);
		}
		if (memcmp(want, got, PAGES))
			CHECK(!"the same pages");
	}
	checks++;
}

static void block_is_the_highest_that_fits(void)
{
	static struct map m;

	CHECK(memory_find_block(MAP(&m), MIB(16)) == 0);
	add(&m, CONVENTIONAL, GIB(4), GIB(1));
	add(&m, LOADER_DATA, MIB(64), MIB(64));
	add(&m, CONVENTIONAL, MIB(201), MIB(16));
	CHECK(memory_find_block(MAP(&m), MIB(16)) == 0);
	CHECK(memory_find_block(MAP(&m), MIB(14)) == MIB(202));
	add(&m, CONVENTIONAL, MIB(33), MIB(18));
	CHECK(memory_find_block(MAP(&m), MIB(16)) == MIB(34));
	add(&m, CONVENTIONAL, MIB(300), MIB(100) + 4096);
	CHECK(memory_find_block(MAP(&m), MIB(16)) == MIB(384));
	CHECK(memory_find_block(MAP(&m), MIB(100)) == MIB(300));
	CHECK(memory_find_block(MAP(&m), MIB(102)) == 0);
	add(&m, CONVENTIONAL, GIB(4) - MIB(8), MIB(64));
	CHECK(memory_find_block(MAP(&m), MIB(8)) == GIB(4) - MIB(8));
	CHECK(memory_find_block(MAP(&m), MIB(10)) == MIB(390));
	CHECK(memory_find_block(MAP(&m), ~0ull) == 0);
}

int main(void)
{
	kinds_of_memory_are_joined();
	senseless_entries_are_left_out();
	too_many_ranges_are_an_error();
	any_map_gives_the_same_pages();
	block_is_the_highest_that_fits();
	printf("%u checks\n", checks);
	return 0;
}
