/* SPDX-License-Identifier: MIT */
/*
 * Does the VMM's allocator hand out memory twice, or lose some? Pages and small
 * objects of random sizes, filled with a pattern of their own, freed in random
 * order, until the block is full and then empty again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tandem/boot.h>

/* the block is an array here */
#define BLOCK_PAGES	256
#define IMAGE_PAGES	16
#undef TANDEM_VMM_BASE
#define TANDEM_VMM_BASE	((uintptr_t)block)
static unsigned char block[BLOCK_PAGES * 4096] __attribute__((aligned(4096)));

#include "../../core/mem/pages.c"

#undef LOG_PREFIX
#define lock heap_lock
#include "../../core/mem/heap.c"
#undef lock

#define ROUNDS		200000
#define OBJECTS		200

static jmp_buf panicked;
static unsigned int failed, exhausted;

void panic(const char *fmt __unused, ...)
{
	longjmp(panicked, 1);
}

#define CHECK(c) \
	do { \
		if (!(c)) { \
			printf("line %d: %s\n", __LINE__, #c); \
			failed++; \
		} \
	} while (0)

struct object {
	unsigned char *p, pattern;
	size_t size, pages;		/* pages: from pages_alloc */
};

static struct object objects[OBJECTS];

static bool holds(const unsigned char *p, size_t n, unsigned char pattern)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != pattern)
			return false;
	return true;
}

static bool inside(const unsigned char *p, size_t n)
{
	return p >= block + IMAGE_PAGES * PAGE_SIZE &&
	       n <= (size_t)(block + sizeof(block) - p);
}

static void take(struct object *o)
{
	bool whole = !(rand() % 8);

	o->pages = whole ? 1 + (size_t)(rand() % 12) : 0;
	o->size = whole ? o->pages * PAGE_SIZE :
		  rand() % 4 ? (size_t)(rand() % 300) : (size_t)(rand() % 9000);
	o->p = whole ? pages_alloc(o->pages) : mem_alloc(o->size);
	if (!o->p) {
		exhausted++;
		return;
	}
	CHECK(inside(o->p, o->size));
	CHECK((uintptr_t)o->p % (whole ? PAGE_SIZE : 16) == 0);
	CHECK(holds(o->p, o->size, 0));
	o->pattern = (unsigned char)(1 + rand() % 255);
	memset(o->p, o->pattern, o->size);
}

static void give(struct object *o)
{
	CHECK(holds(o->p, o->size, o->pattern));
	if (o->pages)
		pages_free(o->p, o->pages);
	else
		mem_free(o->p);
	o->p = NULL;
}

static void test_objects_never_overlap_and_come_back(void)
{
	size_t most = 0, left;

	for (unsigned int i = 0; i < ROUNDS && failed < 10; i++) {
		struct object *o = &objects[rand() % OBJECTS];

		if (o->p)
			give(o);
		else
			take(o);
	}
	for (unsigned int i = 0; i < OBJECTS; i++)
		if (objects[i].p)
			give(&objects[i]);
	CHECK(exhausted);		/* it was full at times */
	/* what small objects keep for later is bounded and used again */
	left = pages_free_count();
	for (unsigned int i = 0; i < ROUNDS; i++) {
		void *p = mem_alloc((size_t)(rand() % 2000));

		mem_free(p);
		most = MAX(most, left - pages_free_count());
	}
	CHECK(most == 0);
}

static void test_sizes_that_cannot_be(void)
{
	size_t before = pages_free_count();

	CHECK(!pages_alloc(0));
	CHECK(!pages_alloc(BLOCK_PAGES));
	CHECK(!pages_alloc(~0ul));
	CHECK(!mem_alloc(~0ul));
	CHECK(!mem_alloc(~0ul - 16));
	CHECK(!mem_alloc(~0ul - 4096));
	CHECK(!mem_alloc(sizeof(block)));
	pages_free(NULL, 1);
	mem_free(NULL);
	CHECK(pages_free_count() == before);
}

static void must_panic(void (*fn)(void *p), void *p, const char *what)
{
	if (!setjmp(panicked)) {
		fn(p);
		printf("%s is not noticed\n", what);
		failed++;
	}
	/* the lock was held */
	spin_break(&lock);
	spin_break(&heap_lock);
}

static void free_page(void *p)
{
	pages_free(p, 1);
}

static void test_wrong_frees_are_noticed(void)
{
	unsigned char *p = mem_alloc(100), *page = pages_alloc(1);

	must_panic(mem_free, p + 16, "a pointer into an object");
	mem_free(p);
	must_panic(mem_free, p, "an object freed twice");
	pages_free(page, 1);
	must_panic(free_page, page, "a page freed twice");
	must_panic(free_page, block + sizeof(block), "a page behind the block");
	must_panic(free_page, block - PAGE_SIZE, "a page before the block");
}

int main(void)
{
	pages_init(sizeof(block), IMAGE_PAGES * PAGE_SIZE);
	CHECK(pages_free_count() == BLOCK_PAGES - IMAGE_PAGES);
	test_sizes_that_cannot_be();
	test_objects_never_overlap_and_come_back();
	test_wrong_frees_are_noticed();
	printf("%u steps, full %u times, %u failures\n", ROUNDS, exhausted,
	       failed);
	return failed != 0;
}
