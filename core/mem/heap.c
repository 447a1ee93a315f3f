/* SPDX-License-Identifier: MIT */
/*
 * Small objects: free lists of power-of-two sizes from 32 bytes to 2 KiB,
 * larger ones by the page. Used at start-up and for domains only.
 */
#include <string.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/spinlock.h>

#define HEAP_MAGIC	0x7064616e
#define FIRST_SHIFT	5
#define LAST_SHIFT	11

struct header {
	uint32_t magic;
	uint32_t pages;		/* 0: from a free list */
	uint32_t shift;
	uint32_t pad;
};
_Static_assert(sizeof(struct header) == 16, "keeps objects aligned");

struct free_object {
	struct free_object *next;
};

static struct free_object *free_list[LAST_SHIFT + 1];
static struct spinlock lock;

static bool refill(unsigned int shift)
{
	uint8_t *page = pages_alloc(1);

	if (!page)
		return false;
	for (size_t o = 0; o < PAGE_SIZE; o += 1ul << shift) {
		struct free_object *f = (struct free_object *)(page + o);

		f->next = free_list[shift];
		free_list[shift] = f;
	}
	return true;
}

static void *alloc_pages_object(size_t total)
{
	size_t n = ALIGN_UP(total, PAGE_SIZE) / PAGE_SIZE;
	struct header *h = pages_alloc(n);

	if (!h)
		return NULL;
	*h = (struct header){ .magic = HEAP_MAGIC, .pages = (uint32_t)n };
	return h + 1;
}

void *mem_alloc(size_t size)
{
	size_t total = size + sizeof(struct header);
	unsigned int shift = FIRST_SHIFT;
	struct free_object *f = NULL;
	struct header *h;

	if (total < size)
		return NULL;
	if (total > 1ul << LAST_SHIFT)
		return alloc_pages_object(total);
	while (1ul << shift < total)
		shift++;
	spin_lock(&lock);
	if (free_list[shift] || refill(shift)) {
		f = free_list[shift];
		free_list[shift] = f->next;
	}
	spin_unlock(&lock);
	if (!f)
		return NULL;
	memset(f, 0, 1ul << shift);
	h = (struct header *)f;
	h->magic = HEAP_MAGIC;
	h->shift = shift;
	return h + 1;
}

void mem_free(void *p)
{
	struct free_object *f;
	struct header *h;

	if (!p)
		return;
	h = (struct header *)p - 1;
	BUG_ON(h->magic != HEAP_MAGIC);
	if (h->pages) {
		pages_free(h, h->pages);
		return;
	}
	spin_lock(&lock);
	f = (struct free_object *)h;
	h->magic = 0;
	unsigned int shift = h->shift;
	f->next = free_list[shift];
	free_list[shift] = f;
	spin_unlock(&lock);
}
