/* SPDX-License-Identifier: MIT */
/*
 * Pages of the VMM block behind the image: a bitmap, first fit. Small enough
 * that a search costs nothing beside zeroing the pages.
 */
#include "mem.h"

#include <string.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/spinlock.h>

#define MAX_PAGES	(MIB(64) / PAGE_SIZE)

static uint64_t used[MAX_PAGES / 64];
static size_t n_pages, n_free;
static struct spinlock lock;

static bool page_used(size_t i)
{
	return used[i / 64] & BIT(i % 64);
}

static void mark(size_t first, size_t n, bool in_use)
{
	for (size_t i = first; i < first + n; i++) {
		if (in_use)
			used[i / 64] |= BIT(i % 64);
		else
			used[i / 64] &= ~BIT(i % 64);
	}
}

void pages_init(size_t block_size, size_t image_size)
{
	n_pages = MIN(block_size / PAGE_SIZE, MAX_PAGES);
	mark(0, image_size / PAGE_SIZE, true);
	n_free = n_pages - image_size / PAGE_SIZE;
}

/* First run of n free pages; n_pages if there is none. */
static size_t find_run(size_t n)
{
	size_t run = 0;

	for (size_t i = 0; i < n_pages; i++) {
		if (!(i % 64) && used[i / 64] == ~0ull) {
			run = 0;
			i += 63;
			continue;
		}
		run = page_used(i) ? 0 : run + 1;
		if (run == n)
			return i + 1 - n;
	}
	return n_pages;
}

void *pages_alloc(size_t n)
{
	size_t first;
	void *p;

	if (!n)
		return NULL;
	spin_lock(&lock);
	first = find_run(n);
	if (first == n_pages) {
		spin_unlock(&lock);
		return NULL;
	}
	mark(first, n, true);
	n_free -= n;
	spin_unlock(&lock);
	p = (void *)(TANDEM_VMM_BASE + first * PAGE_SIZE);
	memset(p, 0, n * PAGE_SIZE);
	return p;
}

void pages_free(void *p, size_t n)
{
	size_t first = ((uintptr_t)p - TANDEM_VMM_BASE) / PAGE_SIZE;

	if (!p)
		return;
	BUG_ON(first >= n_pages || n > n_pages - first);
	spin_lock(&lock);
	for (size_t i = first; i < first + n; i++)
		BUG_ON(!page_used(i));
	mark(first, n, false);
	n_free += n;
	spin_unlock(&lock);
}

size_t pages_free_count(void)
{
	return n_free;
}
