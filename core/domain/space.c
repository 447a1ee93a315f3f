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
#include <tandem/random.h>

#define PTE_P		BIT(0)
#define PTE_W		BIT(1)
#define PTE_U		BIT(2)
#define PTE_FOREIGN	BIT(9)		/* available to software */
#define PTE_NX		BIT(63)
#define PTE_ADDR	0x000ffffffffff000ull
#define USER_PML4	256
#define ARENAS		(USER_END / USER_ARENA)
#define PLACE_TRIES	100

static void *table_at(uint64_t entry)
{
	return (void *)(TANDEM_VMM_BASE + (entry & PTE_ADDR) -
			boot_info.block_base);
}

/* A page for d, as long as none is left that a service may come to need. */
static void *page_alloc(struct domain *d)
{
	void *p = NULL;

	if (d->service || pages_free_count() > services_reserve())
		p = pages_alloc(1);
	d->pages += p != NULL;
	return p;
}

static void page_free(struct domain *d, void *page)
{
	pages_free(page, 1);
	d->pages--;
}

int space_create(struct domain *d)
{
	d->pml4 = page_alloc(d);
	if (!d->pml4)
		return -ENOMEM;
	paging_copy_kernel(d->pml4);
	/* neither the first gigabyte, where NULL points, nor the last */
	d->arena = (1 + random_below(ARENAS - 2)) * USER_ARENA;
	return 0;
}

bool region_has(const struct region *r, uint64_t va)
{
	return va >= r->base && va - r->base < r->size;
}

static bool is_free(const struct domain *d, uint64_t base, uint64_t size)
{
	for (unsigned int i = 0; i < REGIONS; i++) {
		const struct region *r = &d->region[i];

		if (r->size && base < r->base + r->size + USER_GAP &&
		    r->base < base + size + USER_GAP)
			return false;
	}
	return true;
}

int space_place(struct domain *d, enum region_name r, uint64_t size)
{
	uint64_t pages = (USER_ARENA - size) / PAGE_SIZE;

	for (unsigned int i = 0; i < PLACE_TRIES; i++) {
		uint64_t base = d->arena + random_below(pages) * PAGE_SIZE;

		if (!is_free(d, base, size))
			continue;
		d->region[r] = (struct region){ base, size };
		return 0;
	}
	return -ENOMEM;
}

static void free_level(struct domain *d, uint64_t *table, unsigned int level,
		       unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (!(table[i] & PTE_P))
			continue;
		if (level > 1)
			free_level(d, table_at(table[i]), level - 1, 512);
		else if (!(table[i] & PTE_FOREIGN))
			page_free(d, table_at(table[i]));
	}
	page_free(d, table);
}

void space_destroy(struct domain *d)
{
	if (d->pml4)
		free_level(d, d->pml4, 4, USER_PML4);
	d->pml4 = NULL;
}

static void count_level(const uint64_t *table, unsigned int level,
			unsigned int n, struct domain_counts *c)
{
	c->tables++;
	for (unsigned int i = 0; i < n; i++) {
		if (!(table[i] & PTE_P))
			continue;
		if (level > 1)
			count_level(table_at(table[i]), level - 1, 512, c);
		else if (table[i] & PTE_FOREIGN)
			c->foreign++;
		else
			c->pages++;
	}
}

void space_count(const struct domain *d, struct domain_counts *c)
{
	count_level(d->pml4, 4, USER_PML4, c);
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
			void *n = make ? page_alloc(d) : NULL;

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
	page = page_alloc(d);
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
	void *page;
	bool own;

	if (!e || !(*e & PTE_P))
		return;
	page = table_at(*e);
	own = !(*e & PTE_FOREIGN);
	*e = 0;
	invlpg((void *)va);
	if (own)
		page_free(d, page);
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
	return (region_has(&d->region[REGION_HEAP], va) ||
		region_has(&d->region[REGION_STACK], va) ||
		message_was_lent(d, va)) &&
	       !space_add_page(d, va & ~PAGE_MASK, true, false);
}

int space_peek(struct domain *d, void *dst, uint64_t va, size_t len)
{
	for (uint8_t *to = dst; len--; va++, to++) {
		uint64_t *e = leaf(d, va, false);

		if (!e || !(*e & PTE_P))
			return -EFAULT;
		*to = ((uint8_t *)table_at(*e))[va & PAGE_MASK];
	}
	return 0;
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
