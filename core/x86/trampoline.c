/* SPDX-License-Identifier: MIT */
/*
 * The page below 1 MiB, see trampoline.h. It is the one place of VMM code
 * outside the block: hidden from the guest like the block, written anew before
 * each use, and executable only in page tables of its own.
 */
#include "trampoline.h"
#include "../mem/mem.h"

#include <errno.h>
#include <string.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/trap.h>

#define PTE_P		BIT(0)
#define PTE_W		BIT(1)
#define LEVELS		4u

/* As in real_mode.S. */
struct words {
	uint64_t entry, stack;
	uint32_t cr3, far_offset;
	uint16_t far_selector, gdt_limit;
	uint32_t gdt_base;
} __packed;

extern const uint8_t trampoline_start[], trampoline_words[], trampoline_end[];

static volatile uint8_t *page;
static uint64_t (*tables)[512];		/* from the root down */

static struct mmio_trap hidden = {
	.name = "page below 1 MiB", .size = PAGE_SIZE,
	.read = mmio_absent_read, .write = mmio_absent_write,
};

/* The VMM's half, and the page alone at its physical address, read-only. */
static int make_tables(void)
{
	uint64_t at = boot_info.low_page;

	tables = pages_alloc(LEVELS);
	if (!tables)
		return -ENOMEM;
	paging_copy_kernel(tables[0]);
	for (unsigned int i = 0; i + 1 < LEVELS; i++)
		tables[i][at >> (39 - 9 * i) & 511] =
			virt_to_phys(tables[i + 1]) | PTE_P | PTE_W;
	tables[LEVELS - 1][at >> 12 & 511] = at | PTE_P;
	return 0;
}

int trampoline_init(void)
{
	int e = make_tables();

	page = mmio_map(boot_info.low_page, PAGE_SIZE);
	if (e < 0 || !page)
		return -ENOMEM;
	hidden.base = boot_info.low_page;
	return mmio_trap_add(&hidden);
}

void trampoline_set(void (*entry)(void), uint64_t stack)
{
	size_t size = (size_t)(trampoline_end - trampoline_start);
	size_t at = (size_t)(trampoline_words - trampoline_start);
	uint32_t base = (uint32_t)boot_info.low_page;
	uint8_t copy[256] __aligned(8) = { 0 };
	struct words w;

	BUG_ON(size > sizeof(copy) || at + sizeof(w) != size);
	memcpy(copy, trampoline_start, size);
	memcpy(&w, copy + at, sizeof(w));
	w.entry = (uintptr_t)entry;
	w.stack = stack;
	w.cr3 = (uint32_t)virt_to_phys(tables[0]);
	w.far_offset += base;
	w.gdt_base += base;
	memcpy(copy + at, &w, sizeof(w));
	for (size_t i = 0; i < sizeof(copy); i += 4)
		mmio_write32(page + i, *(const uint32_t *)(copy + i));
}

host_phys trampoline_page(void)
{
	return boot_info.low_page;
}
