/* SPDX-License-Identifier: MIT */
/*
 * The page below 1 MiB, see trampoline.h. It is the one place of VMM code
 * outside the block: hidden from the guest like the block, written anew before
 * each use, and executable only in page tables of its own.
 */
#include "trampoline.h"
#include "real_mode.h"
#include "../mem/mem.h"

#include <errno.h>
#include <string.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/trap.h>

#define PTE_P		BIT(0)
#define PTE_W		BIT(1)
#define LEVELS		4u

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
	uint8_t copy[256] __aligned(8) = { 0 };

	BUG_ON(real_mode_size() > sizeof(copy));
	real_mode_place(copy, (uint32_t)boot_info.low_page, (uintptr_t)entry,
			stack, (uint32_t)virt_to_phys(tables[0]));
	for (size_t i = 0; i < sizeof(copy); i += 4)
		mmio_write32(page + i, *(const uint32_t *)(copy + i));
}

host_phys trampoline_page(void)
{
	return boot_info.low_page;
}
