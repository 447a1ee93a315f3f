/* SPDX-License-Identifier: MIT */
/*
 * Pages of 1 GiB throughout; where a hole is, smaller ones. What is left out
 * has entries that are not present but not zero either: a zero one is refused,
 * too, but by some IOMMUs without a word.
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
#define SHIFT_512G	39
#define LEVEL_1G	3u

/* What an entry of a table of that level covers; level 1: 4 KiB. */
static uint64_t entry_size(unsigned int level)
{
	return 1ull << (12 + 9 * (level - 1));
}

struct plan {
	uint64_t limit;
	const struct dma_hole *hole;
	unsigned int n;
};

static uint64_t *table(const struct plan *p, uint64_t base, unsigned int level);

static bool touched(const struct plan *p, uint64_t base, uint64_t size)
{
	for (unsigned int i = 0; i < p->n; i++)
		if (p->hole[i].base < base + size && base < p->hole[i].end)
			return true;
	return false;
}

static bool swallowed(const struct plan *p, uint64_t base, uint64_t size)
{
	for (unsigned int i = 0; i < p->n; i++)
		if (p->hole[i].base <= base && base + size <= p->hole[i].end)
			return true;
	return false;
}

/* The entry for base in a table of that level. 0: no memory. */
static uint64_t entry(const struct plan *p, uint64_t base, unsigned int level)
{
	uint64_t size = entry_size(level), *below;

	if (base >= p->limit || swallowed(p, base, size))
		return ABSENT;
	if (level <= LEVEL_1G && !touched(p, base, size))
		return base | PAGE;
	below = table(p, base, level - 1);
	return below ? virt_to_phys(below) | PRESENT | READ | WRITE |
		       NEXT_LEVEL(level - 1) : 0;
}

static uint64_t *table(const struct plan *p, uint64_t base, unsigned int level)
{
	uint64_t *t = pages_alloc(1);

	for (unsigned int i = 0; t && i < ENTRIES; i++) {
		t[i] = entry(p, base + i * entry_size(level), level);
		if (!t[i])
			return NULL;
	}
	return t;
}

uint64_t *dma_table_build(uint64_t limit, const struct dma_hole *hole,
			  unsigned int n)
{
	struct plan p = { ALIGN_UP(limit, BIT(SHIFT_512G)), hole, n };

	if (!limit || limit > (uint64_t)ENTRIES << SHIFT_512G)
		return NULL;
	for (unsigned int i = 0; i < n; i++)
		if (hole[i].base >= hole[i].end ||
		    (hole[i].base | hole[i].end) & PAGE_MASK)
			return NULL;
	return table(&p, 0, DMA_TABLE_LEVELS);
}
