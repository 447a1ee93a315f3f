/* SPDX-License-Identifier: MIT */
/*
 * A domain's address space: its own lower half, the VMM's upper half shared.
 * Pages that belong to others (message buffers, shared rings) are marked and
 * never freed with the space.
 */
#include "domain.h"
#include "../mem/mem.h"

#include <errno.h>
#include <string.h>
#include <tandem/mem.h>

#define PTE_P		BIT(0)
#define PTE_W		BIT(1)
#define PTE_U		BIT(2)
#define PTE_FOREIGN	BIT(9)		/* available to software */
#define PTE_NX		BIT(63)
#define PTE_ADDR	0x000ffffffffff000ull
#define USER_PML4	256

static void *table_at(uint64_t entry)
{
	return (void *)(TANDEM_VMM_BASE + (entry & PTE_ADDR) -
			boot_info.block_base);
}

int space_create(struct domain *d)
{
	d->pml4 = pages_alloc(1);
	if (!d->pml4)
		return -ENOMEM;
	paging_copy_kernel(d->pml4);
	return 0;
}

static void free_level(uint64_t *table, unsigned int level, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (!(table[i] & PTE_P))
			continue;
		if (level > 1)
			free_level(table_at(table[i]), level - 1, 512);
		else if (!(table[i] & PTE_FOREIGN))
			pages_free(table_at(table[i]), 1);
	}
	pages_free(table, 1);
}

void space_destroy(struct domain *d)
{
	if (d->pml4)
		free_level(d->pml4, 4, USER_PML4);
	d->pml4 = NULL;
}

/* The leaf entry of va; with make, tables are added on the way. */
static uint64_t *leaf(struct domain *d, uint64_t va, bool make)
{
	uint64_t *t = d->pml4;

	if (va >> 47)
		return NULL;
	for (unsigned int shift = 39; shift > 12; shift -= 9) {
		uint64_t *e = &t[va >> shift & 511];

		if (!(*e & PTE_P)) {
			void *n = make ? pages_alloc(1) : NULL;

			if (!n)
				return NULL;
			*e = virt_to_phys(n) | PTE_P | PTE_W | PTE_U;
		}
		t = table_at(*e);
	}
	return &t[va >> 12 & 511];
}

int space_add_page(struct domain *d, uint64_t va, bool write, bool exec)
{
	uint64_t *e = leaf(d, va, true);
	void *page;

	if (!e)
		return -ENOMEM;
	if (*e & PTE_P)
		return -EEXIST;
	page = pages_alloc(1);
	if (!page)
		return -ENOMEM;
	*e = virt_to_phys(page) | PTE_P | PTE_U | (write ? PTE_W : 0) |
	     (exec ? 0 : PTE_NX);
	return 0;
}

int space_map_foreign(struct domain *d, uint64_t va, host_phys page,
		      bool write)
{
	uint64_t *e = leaf(d, va, true);

	if (!e)
		return -ENOMEM;
	*e = page | PTE_P | PTE_U | PTE_FOREIGN | PTE_NX | (write ? PTE_W : 0);
	invlpg((void *)va);
	return 0;
}

void space_unmap(struct domain *d, uint64_t va)
{
	uint64_t *e = leaf(d, va, false);

	if (!e)
		return;
	*e = 0;
	invlpg((void *)va);
}

void *space_byte(struct domain *d, uint64_t va, bool write, bool own)
{
	uint64_t *e = leaf(d, va, false);

	if ((!e || !(*e & PTE_P)) && space_fault(d, va))
		e = leaf(d, va, false);
	if (!e || !(*e & PTE_P) || (write && !(*e & PTE_W)) ||
	    (own && (*e & PTE_FOREIGN)))
		return NULL;
	return (uint8_t *)table_at(*e) + (va & PAGE_MASK);
}

bool space_fault(struct domain *d, uint64_t va)
{
	bool heap = va >= USER_HEAP && va - USER_HEAP < d->heap_size;
	bool stack = va < USER_STACK_TOP &&
		     USER_STACK_TOP - va <= USER_STACK_SIZE;

	return (heap || stack) &&
	       !space_add_page(d, va & ~PAGE_MASK, true, false);
}

/* Copy page by page; to: from the core to the domain. */
static int copy(struct domain *d, uint64_t user, uint8_t *core, size_t len,
		bool to)
{
	while (len) {
		size_t n = MIN(len, PAGE_SIZE - (user & PAGE_MASK));
		void *p = space_byte(d, user, to, false);

		if (!p)
			return -EFAULT;
		if (to)
			memcpy(p, core, n);
		else
			memcpy(core, p, n);
		user += n;
		core += n;
		len -= n;
	}
	return 0;
}

int domain_copy_in(struct domain *d, void *dst, const void *user, size_t len)
{
	return copy(d, (uintptr_t)user, dst, len, false);
}

int domain_copy_out(struct domain *d, void *user, const void *src, size_t len)
{
	return copy(d, (uintptr_t)user, (uint8_t *)src, len, true);
}
