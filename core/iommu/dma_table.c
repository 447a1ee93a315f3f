/* SPDX-License-Identifier: MIT */
/*
 * Pages of 1 GiB throughout; where the hole is, of 2 MiB. What is left out has
 * entries that are not present but not zero either: a zero one is refused, too,
 * but by some IOMMUs without a word.
 */
#include "dma_table.h"

#include <tandem/mem.h>

#define PRESENT		BIT(0)
#define NEXT_LEVEL(n)	((uint64_t)(n) << 9)	/* 0: this is a page */
#define READ		BIT(61)
#define WRITE		BIT(62)
#define PAGE		(PRESENT | NEXT_LEVEL(0) | READ | WRITE)
#define ABSENT		NEXT_LEVEL(1)

#define ENTRIES		512u
#define SHIFT_2M	21
#define SHIFT_1G	30
#define SHIFT_512G	39

static uint64_t table_entry(const uint64_t *table, unsigned int level)
{
	return virt_to_phys(table) | PRESENT | NEXT_LEVEL(level) | READ |
	       WRITE;
}

/* The 1 GiB at base, in pages of 2 MiB. 0: no memory. */
static uint64_t split(uint64_t base, uint64_t hole, uint64_t hole_end)
{
	uint64_t *table = pages_alloc(1);

	if (!table)
		return 0;
	for (unsigned int i = 0; i < ENTRIES; i++) {
		uint64_t at = base + ((uint64_t)i << SHIFT_2M);

		table[i] = at >= hole && at < hole_end ? ABSENT : at | PAGE;
	}
	return table_entry(table, 2);
}

static uint64_t giga(uint64_t base, uint64_t hole, uint64_t hole_end)
{
	if (hole < base + GIB(1) && base < hole_end)
		return split(base, hole, hole_end);
	return base | PAGE;
}

uint64_t *dma_table_build(uint64_t limit, uint64_t hole, uint64_t hole_end)
{
	uint64_t n = (limit + BIT(SHIFT_512G) - 1) >> SHIFT_512G;
	uint64_t *root;

	if (!n || n > ENTRIES || hole >= hole_end ||
	    (hole | hole_end) & (MIB(2) - 1))
		return NULL;
	root = pages_alloc(1);
	if (!root)
		return NULL;
	for (uint64_t i = 0; i < ENTRIES; i++) {
		uint64_t *table;

		root[i] = ABSENT;
		if (i >= n)
			continue;
		table = pages_alloc(1);
		if (!table)
			return NULL;
		for (uint64_t k = 0; k < ENTRIES; k++) {
			table[k] = giga(i << SHIFT_512G | k << SHIFT_1G, hole,
					hole_end);
			if (!table[k])
				return NULL;
		}
		root[i] = table_entry(table, 3);
	}
	return root;
}
