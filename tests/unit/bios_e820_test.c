/* SPDX-License-Identifier: MIT */
/*
 * Does a guest that asks INT 15h learn of all RAM but what is taken, whatever
 * the firmware's map looks like? And the VMM of none of that either? Random
 * maps are compared page by page with a plain array.
 */
#include "check.h"
#include "e820.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int checks;

#define KIB(n)		((uint64_t)(n) << 10)
#define MIB(n)		((uint64_t)(n) << 20)
#define GIB(n)		((uint64_t)(n) << 30)
#define UNUSABLE	5

static void add(struct e820_map *m, uint64_t base, uint64_t size,
		uint32_t type)
{
	CHECK(e820_add(m, &(struct e820_entry){ base, size, type }));
}

/* A small machine as SeaBIOS tells of it. */
static struct e820_map machine(void)
{
	struct e820_map m = { 0 };

	add(&m, 0, KIB(639), E820_RAM);
	add(&m, KIB(639), KIB(1), E820_RESERVED);
	add(&m, KIB(960), KIB(64), E820_RESERVED);
	add(&m, MIB(1), MIB(255) - KIB(132), E820_RAM);
	add(&m, MIB(256) - KIB(132), KIB(132), E820_RESERVED);
	add(&m, GIB(4) - KIB(256), KIB(256), E820_RESERVED);
	add(&m, GIB(4), GIB(1), E820_RAM);
	return m;
}

static void what_is_reserved_leaves_the_rest(void)
{
	struct e820_map m = machine();

	CHECK(e820_reserve(&m, MIB(100), MIB(8)));
	CHECK(m.n == 9);
	CHECK(m.entry[3].base == MIB(1) && m.entry[3].size == MIB(99));
	CHECK(m.entry[4].base == MIB(100) && m.entry[4].size == MIB(8));
	CHECK(m.entry[4].type == E820_RESERVED);
	CHECK(m.entry[5].base == MIB(108));
	CHECK(m.entry[5].type == E820_RAM);
	/* over a border: what is something else stays that */
	m = machine();
	CHECK(e820_reserve(&m, KIB(628), KIB(12)));
	CHECK(m.entry[0].size == KIB(628) && m.entry[1].size == KIB(11));
	CHECK(m.entry[1].type == E820_RESERVED);
	CHECK(m.entry[2].base == KIB(639));
	/* of nothing but RAM */
	m = (struct e820_map){ 0 };
	add(&m, MIB(1), MIB(2), E820_NVS);
	CHECK(e820_reserve(&m, MIB(2), MIB(4)));
	CHECK(m.n == 1 && m.entry[0].type == E820_NVS &&
	      m.entry[0].size == MIB(2));
}

static void a_map_without_room_is_refused(void)
{
	struct e820_map m = { 0 };

	for (unsigned int i = 0; i < E820_MAX; i++)
		add(&m, MIB(2ull * i), MIB(1), E820_RAM);
	CHECK(!e820_add(&m, &(struct e820_entry){ GIB(9), 1, 1 }));
	CHECK(e820_add(&m, &(struct e820_entry){ GIB(9), 0, 1 }));
	CHECK(!e820_reserve(&m, KIB(4), KIB(4)));
}

static void the_block_is_the_highest_that_is_free(void)
{
	struct e820_map m = machine();

	CHECK(e820_find_block(&m, MIB(8), MIB(16), MIB(9)) == MIB(246));
	CHECK(e820_find_block(&m, MIB(8), MIB(250), MIB(1)) == MIB(242));
	CHECK(e820_find_block(&m, MIB(230), MIB(16), MIB(9)) == 0);
	CHECK(e820_find_block(&m, MIB(512), 0, 0) == 0);
}

static void older_calls_tell_of_ram_up_to_the_first_gap(void)
{
	static struct int15_words w;
	struct e820_map m = machine();

	e820_answers(&m, &w);
	CHECK(w.n == 7 && w.entry[6].base == GIB(4));
	CHECK(w.below_16m == 0x3c00 && w.above_1m == 0xfc00);
	/* whole 64 KiB */
	CHECK(w.above_16m == 240 * 16 - 3);
	CHECK(e820_reserve(&m, MIB(32), MIB(8)));
	e820_answers(&m, &w);
	CHECK(w.above_1m == 31 * 1024 && w.above_16m == 256);
	CHECK(e820_reserve(&m, MIB(8), MIB(2)));
	e820_answers(&m, &w);
	CHECK(w.below_16m == 7 * 1024 && w.above_1m == 7 * 1024);
	/* in pieces and in no order */
	m = (struct e820_map){ 0 };
	add(&m, MIB(20), MIB(4), E820_RAM);
	add(&m, MIB(10), MIB(10), E820_RAM);
	add(&m, 0, MIB(10), E820_RAM);
	e820_answers(&m, &w);
	CHECK(w.below_16m == 0x3c00 && w.above_1m == 23 * 1024);
	CHECK(w.above_16m == 128);
	/* none */
	m.n = 0;
	e820_answers(&m, &w);
	CHECK(!w.below_16m && !w.above_16m && !w.above_1m && !w.n);
}

static void parts_of_pages_are_no_ram_to_the_vmm(void)
{
	struct boot_info info = { .block_base = MIB(64), .block_size = MIB(8) };
	struct e820_map m = machine();

	add(&m, MIB(300) + 5, ~0ull, UNUSABLE);		/* wraps */
	CHECK(e820_ranges(&m, &info) == 0);
	CHECK(info.range[0].base == 0 && info.range[0].size == KIB(636));
	CHECK(info.range[0].type == BOOT_RAM);
	CHECK(info.range[1].base == KIB(636) && info.range[1].size == KIB(4));
	CHECK(info.range[1].type == BOOT_RESERVED);
	CHECK(info.range[3].type == BOOT_RAM &&
	      info.range[3].size == MIB(63));
}

/* ---- random maps, page by page ------------------------------------------- */

#define PAGES		512
#define TAKEN		64		/* pages */

static uint32_t type_at(const struct e820_map *m, uint64_t page)
{
	uint32_t type = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		const struct e820_entry *e = &m->entry[i];

		if (page * 4096 >= e->base && page * 4096 - e->base < e->size)
			type = e->type;
	}
	return type;
}

static bool vmm_has(const struct boot_info *info, uint64_t page)
{
	for (uint32_t i = 0; i < info->n_ranges; i++) {
		const struct boot_range *r = &info->range[i];

		if (r->type == BOOT_RAM && page * 4096 >= r->base &&
		    page * 4096 - r->base < r->size)
			return true;
	}
	return false;
}

static void one_random_map(void)
{
	struct e820_map m = { 0 }, before;
	uint64_t at = 0, taken = (uint64_t)rand() % PAGES;
	struct boot_info info = { .block_base = GIB(3), .block_size = MIB(2) };

	while (at < PAGES) {
		uint64_t size = 1 + (uint64_t)rand() % 64;

		if (rand() % 4)
			add(&m, at * 4096, size * 4096,
			    1 + (uint32_t)rand() % 5);
		at += size;
	}
	before = m;
	CHECK(e820_reserve(&m, taken * 4096, TAKEN * 4096));
	CHECK(e820_ranges(&m, &info) == 0);
	for (uint64_t p = 0; p < PAGES + 64; p++) {
		uint32_t was = type_at(&before, p), is = type_at(&m, p);
		bool within = p >= taken && p < taken + TAKEN;

		CHECK(is == (within && was == E820_RAM ? E820_RESERVED : was));
		CHECK(vmm_has(&info, p) == (is == E820_RAM ||
					    is == E820_ACPI || is == E820_NVS));
	}
}

int main(void)
{
	what_is_reserved_leaves_the_rest();
	a_map_without_room_is_refused();
	the_block_is_the_highest_that_is_free();
	older_calls_tell_of_ram_up_to_the_first_gap();
	parts_of_pages_are_no_ram_to_the_vmm();
	srand(1);
	for (int i = 0; i < 500; i++)
		one_random_map();
	printf("bios_e820: %u checks\n", checks);
	return 0;
}
