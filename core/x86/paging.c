/* SPDX-License-Identifier: MIT */
/*
 * The VMM's own page tables (AMD64 APM volume 2, section 5.3):
 *
 *	0 .. 2^47		domains, one table each
 *	DIRECT_MAP_BASE		guest RAM at its physical address, no code
 *	MMIO_BASE		device registers, uncached
 *	TANDEM_VMM_BASE		the block: code, constants, data, free pages
 *
 * Nothing is both writable and executable; the block has one mapping only;
 * guard pages below the stacks are absent.
 */
#include "cpu.h"
#include "../mem/mem.h"

#include <errno.h>
#include <string.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/spinlock.h>

#define PTE_P		BIT(0)
#define PTE_W		BIT(1)
#define PTE_PWT		BIT(3)
#define PTE_PCD		BIT(4)
#define PTE_LARGE	BIT(7)
#define PTE_G		BIT(8)
#define PTE_NX		BIT(63)
#define PTE_ADDR	0x000ffffffffff000ull

#define SIZE_2M		MIB(2)
#define SIZE_1G		GIB(1)
#define MMIO_PAGES	512

static uint64_t *root;
static uint64_t *mmio_table;
static unsigned int mmio_used;
static struct spinlock mmio_lock;
static bool has_1g;

host_phys virt_to_phys(const void *p)
{
	uintptr_t a = (uintptr_t)p - TANDEM_VMM_BASE;

	BUG_ON(a >= boot_info.block_size);
	return boot_info.block_base + a;
}

static void *table_virt(uint64_t entry)
{
	return (void *)(TANDEM_VMM_BASE + (entry & PTE_ADDR) -
			boot_info.block_base);
}

/* The table that the entry points to, made if it is absent. */
static uint64_t *next_table(uint64_t *entry)
{
	if (!(*entry & PTE_P)) {
		void *t = pages_alloc(1);

		if (!t)
			return NULL;
		*entry = virt_to_phys(t) | PTE_P | PTE_W;
	}
	return table_virt(*entry);
}

static int map(uint64_t virt, uint64_t phys, uint64_t size, uint64_t flags)
{
	uint64_t *t = root;
	unsigned int shift = 39;

	while ((1ull << shift) > size) {
		t = next_table(&t[virt >> shift & 511]);
		if (!t)
			return -ENOMEM;
		shift -= 9;
	}
	t[virt >> shift & 511] = phys | flags | PTE_P |
				 (shift > 12 ? PTE_LARGE : 0);
	return 0;
}

static int map_block(void)
{
	for (uint64_t o = 0; o < boot_info.block_size; o += PAGE_SIZE) {
		uint64_t v = TANDEM_VMM_BASE + o;
		uint64_t flags = PTE_G | PTE_W | PTE_NX;
		int e;

		if (v < (uintptr_t)text_end)
			flags = PTE_G;
		else if (v < (uintptr_t)rodata_end)
			flags = PTE_G | PTE_NX;
		if (cpu_stack_guard(v))
			continue;
		e = map(v, boot_info.block_base + o, PAGE_SIZE, flags);
		if (e < 0)
			return e;
	}
	return 0;
}

static bool overlaps_block(uint64_t base, uint64_t size)
{
	return base < boot_info.block_base + boot_info.block_size &&
	       boot_info.block_base < base + size;
}

/*
 * Map RAM [base, end) in large pages. They may reach past its borders into
 * addresses that guest_ram() refuses, but never into the block.
 */
static int map_ram(uint64_t base, uint64_t end)
{
	const uint64_t flags = PTE_G | PTE_W | PTE_NX;

	for (uint64_t a = ALIGN_DOWN(base, SIZE_2M); a < end;) {
		uint64_t size = SIZE_2M;
		int e;

		if (has_1g && !(a % SIZE_1G) && end - a >= SIZE_1G &&
		    !overlaps_block(a, SIZE_1G))
			size = SIZE_1G;
		if (!overlaps_block(a, size)) {
			e = map(DIRECT_MAP_BASE + a, a, size, flags);
			if (e < 0)
				return e;
		}
		a += size;
	}
	return 0;
}

int paging_init(void)
{
	int e;

	has_1g = cpuid(0x80000001, 0).edx & BIT(26);
	root = pages_alloc(1);
	if (!root)
		return -ENOMEM;
	e = map_block();
	for (unsigned int i = 0; !e && i < boot_info.n_ranges; i++) {
		const struct boot_range *r = &boot_info.range[i];

		if (r->type == BOOT_RAM && r->base < DIRECT_MAP_SIZE)
			e = map_ram(r->base, r->base + r->size);
	}
	/* one page table for all registers; it also fixes the PML4 entry */
	if (!e)
		e = map(MMIO_BASE, 0, PAGE_SIZE, PTE_NX);
	if (e < 0)
		return e;
	mmio_table = root;
	for (unsigned int shift = 39; shift > 12; shift -= 9)
		mmio_table = table_virt(mmio_table[MMIO_BASE >> shift & 511]);
	mmio_table[0] = 0;
	write_cr3(virt_to_phys(root));
	return 0;
}

uint64_t paging_root(void)
{
	return virt_to_phys(root);
}

void paging_copy_kernel(uint64_t *pml4)
{
	memcpy(pml4 + 256, root + 256, 256 * sizeof(*pml4));
}

/* Index of n mapped pages that start at physical page base, or -1. */
static int mmio_find(host_phys base, unsigned int n)
{
	for (unsigned int i = 0; i + n <= mmio_used; i++) {
		unsigned int k = 0;

		while (k < n && (mmio_table[i + k] & PTE_ADDR) ==
				base + k * PAGE_SIZE)
			k++;
		if (k == n)
			return (int)i;
	}
	return -1;
}

volatile void *mmio_map(host_phys base, size_t size)
{
	host_phys first = ALIGN_DOWN(base, PAGE_SIZE);
	unsigned int n = (ALIGN_UP(base + size, PAGE_SIZE) - first) / PAGE_SIZE;
	int i;

	spin_lock(&mmio_lock);
	i = mmio_find(first, n);
	if (i < 0 && n <= MMIO_PAGES - mmio_used) {
		i = (int)mmio_used;
		for (unsigned int k = 0; k < n; k++)
			mmio_table[i + k] = (first + k * PAGE_SIZE) | PTE_P |
				PTE_W | PTE_PCD | PTE_PWT | PTE_NX;
		mmio_used += n;
	}
	spin_unlock(&mmio_lock);
	if (i < 0)
		return NULL;
	return (volatile void *)(MMIO_BASE + (unsigned int)i * PAGE_SIZE +
				 (base & PAGE_MASK));
}
