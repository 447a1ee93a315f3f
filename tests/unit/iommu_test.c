/* SPDX-License-Identifier: MIT */
/*
 * The IOMMU's table against a walk as the specification describes it, and the
 * reader of the IVRS against tables that contradict themselves.
 */
#include "check.h"
#include "../../core/iommu/dma_table.h"
#include "../../core/iommu/ivrs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tandem/mem.h>

static unsigned long checks;
static uint8_t pool[100][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
static size_t pages_left;	/* of the pool */

void *pages_alloc(size_t n)
{
	if (n > pages_left)
		return NULL;
	pages_left -= n;
	memset(pool[pages_left], 0, n * PAGE_SIZE);
	return pool[pages_left];
}

host_phys virt_to_phys(const void *p)
{
	return (host_phys)(uintptr_t)p;
}

/* Where a device's access to address a goes; ~0: refused. */
static uint64_t translate(const uint64_t *root, uint64_t a)
{
	uint64_t entry = (uint64_t)(uintptr_t)root | BIT(0) |
			 (uint64_t)DMA_TABLE_LEVELS << 9 | BIT(61) | BIT(62);
	unsigned int level = DMA_TABLE_LEVELS;

	if (a >> (12 + 9 * level))
		return ~0ull;
	for (;;) {
		unsigned int next = entry >> 9 & 7, shift = 12 + 9 * level;
		const uint64_t *table;

		if (!(entry & BIT(0)) || (entry >> 61 & 3) != 3)
			return ~0ull;
		if (next == 0)
			return (entry & 0xffffffffff000ull) |
			       (a & (BIT(shift) - 1));
		CHECK(next == level);	/* no levels are left out */
		table = (const uint64_t *)(uintptr_t)(entry &
						      0xffffffffff000ull);
		level--;
		entry = table[a >> (12 + 9 * level) & 511];
	}
}

#define LOW	0x9f000ull

/* Also with a page below 1 MiB taken out, as for the VMM's real-mode code. */
static void table_is_identity_but_for_the_holes(void)
{
	static const struct {
		uint64_t limit, hole, size;
	} cases[] = {
		{ GIB(4), 0x3d600000, MIB(8) },
		{ GIB(4), GIB(1) - MIB(4), MIB(8) },	/* across a border */
		{ GIB(600), GIB(513), MIB(2) },
		{ GIB(4), MIB(2), MIB(64) },
		{ GIB(8), GIB(2), GIB(2) },
		{ GIB(4), MIB(64) + 0x3000, 0x5000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t hole = cases[i].hole, end = hole + cases[i].size;
		uint64_t top = ALIGN_UP(cases[i].limit, GIB(512));
		const struct dma_hole holes[] = {
			{ hole, end }, { LOW, LOW + PAGE_SIZE },
		};
		uint64_t *root;

		pages_left = 100;
		root = dma_table_build(cases[i].limit, holes, 2);
		CHECK(root);
		for (uint64_t a = 0; a < top; a += MIB(2) * 97)
			CHECK(translate(root, a) ==
			      (a >= hole && a < end ? ~0ull : a));
		for (uint64_t a = hole; a < end; a += PAGE_SIZE)
			CHECK(translate(root, a) == ~0ull);
		CHECK(translate(root, hole - 1) == hole - 1);
		CHECK(translate(root, end) == end);
		CHECK(translate(root, LOW - 1) == LOW - 1);
		CHECK(translate(root, LOW) == ~0ull);
		CHECK(translate(root, LOW + 0xfff) == ~0ull);
		CHECK(translate(root, LOW + 0x1000) == LOW + 0x1000);
		CHECK(translate(root, top) == ~0ull);
		CHECK(translate(root, ~0ull) == ~0ull);
	}
}

static void table_is_refused(void)
{
	const struct dma_hole good = { MIB(2), MIB(4) };
	const struct dma_hole odd = { MIB(2) + 0x800, MIB(4) };
	const struct dma_hole empty = { MIB(4), MIB(4) };

	for (size_t n = 0; n < 3; n++) {
		pages_left = n;		/* root, 512 GiB, 1 GiB */
		CHECK(!dma_table_build(GIB(4), &good, 1));
	}
	pages_left = 100;
	CHECK(dma_table_build(GIB(4), &good, 1));
	CHECK(!dma_table_build(GIB(4), &odd, 1));
	CHECK(!dma_table_build(GIB(4), &empty, 1));
	CHECK(!dma_table_build(0, &good, 1));
	CHECK(!dma_table_build(BIT(49), &good, 1));
}

/* ---- IVRS ---- */

static uint8_t *bytes;

static struct acpi_header *table(uint32_t length)
{
	struct acpi_header *h;

	free(bytes);
	bytes = calloc(1, length);	/* ASan sees what is behind */
	h = (struct acpi_header *)bytes;
	h->length = length;
	return h;
}

static void block(uint32_t at, uint8_t type, uint16_t length, uint16_t device,
		  uint64_t base)
{
	bytes[at] = type;
	memcpy(bytes + at + 2, &length, 2);
	memcpy(bytes + at + 4, &device, 2);
	memcpy(bytes + at + 8, &base, 8);
}

static void units_are_found(void)
{
	struct ivrs_unit unit[IVRS_UNITS];
	struct acpi_header *h = table(48 + 24 + 40 + 32 + 24);

	block(48, 0x10, 24, 0x0002, 0xfed80000);
	block(72, 0x11, 40, 0x0002, 0xfed80000);	/* the same again */
	block(112, 0x20, 32, 0xffff, 1);		/* memory: not ours */
	block(144, 0x40, 24, 0x2002, 0xfec00000);
	CHECK(ivrs_parse(h, unit) == 2);
	CHECK(unit[0].base == 0xfed80000 && unit[0].device_id == 2);
	CHECK(unit[1].base == 0xfec00000 && unit[1].device_id == 0x2002);
	CHECK(ivrs_parse(table(48), unit) == 0);
	CHECK(ivrs_parse(table(36), unit) == 0);
}

static void contradictions_are_refused(void)
{
	struct ivrs_unit unit[IVRS_UNITS];
	struct acpi_header *h = table(48 + 24);

	block(48, 0x10, 24, 2, 0xfed80000);
	CHECK(ivrs_parse(h, unit) == 1);
	block(48, 0x10, 25, 2, 0xfed80000);		/* beyond the end */
	CHECK(ivrs_parse(h, unit) == -EINVAL);
	block(48, 0x10, 23, 2, 0xfed80000);
	CHECK(ivrs_parse(h, unit) == -EINVAL);
	block(48, 0x10, 0, 2, 0xfed80000);		/* would never end */
	CHECK(ivrs_parse(h, unit) == -EINVAL);
	block(48, 0x10, 24, 2, 0xfed80010);
	CHECK(ivrs_parse(h, unit) == -EINVAL);
	block(48, 0x10, 24, 2, 0);
	CHECK(ivrs_parse(h, unit) == -EINVAL);
	block(48, 0x10, 24, 2, 0xfed80000);
	bytes[48 + 16] = 1;				/* another segment */
	CHECK(ivrs_parse(h, unit) == -EINVAL);
	h = table(50);
	CHECK(ivrs_parse(h, unit) == -EINVAL);
	h = table(48 + (IVRS_UNITS + 1) * 24);
	for (uint32_t i = 0; i <= IVRS_UNITS; i++)
		block(48 + i * 24, 0x10, 24, 2, 0x1000000 + i * 0x4000);
	CHECK(ivrs_parse(h, unit) == -ENOSPC);
}

static void any_bytes_are_survived(void)
{
	struct ivrs_unit unit[IVRS_UNITS];

	srand(48882);
	for (unsigned int round = 0; round < 100000; round++) {
		uint32_t length = 36 + (uint32_t)rand() % 200;
		struct acpi_header *h = table(length);

		for (uint32_t i = 36; i < length; i++)
			bytes[i] = rand() % 3 ? (uint8_t)(rand() % 48)
					      : (uint8_t)rand();
		CHECK(ivrs_parse(h, unit) <= (int)IVRS_UNITS);
	}
}

int main(void)
{
	table_is_identity_but_for_the_holes();
	table_is_refused();
	units_are_found();
	contradictions_are_refused();
	any_bytes_are_survived();
	free(bytes);
	printf("%lu checks\n", checks);
	return 0;
}
