/* SPDX-License-Identifier: MIT */
/*
 * Does the domains' heap keep blocks apart, take back everything, and notice
 * a block that is freed twice? The source is included, so that its functions
 * can have names other than the host's.
 */
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int checks;

void *heap_malloc(size_t size);
void *heap_calloc(size_t n, size_t size);
void heap_free(void *p);
void malloc_usage(size_t *used, size_t *total);
_Noreturn void heap_abort(void);

#define malloc	heap_malloc
#define calloc	heap_calloc
#define free	heap_free
#define abort	heap_abort
#include "check.h"
#include "../../domains/lib/malloc.c"
#undef malloc
#undef calloc
#undef free
#undef abort

#define HEAP	(256 * 1024)
#define BLOCKS	300

static struct domain_start start;
const struct domain_start *domain_start = &start;
static uint8_t memory[HEAP + 64];
static jmp_buf aborted;

_Noreturn void heap_abort(void)
{
	longjmp(aborted, 1);
}

static size_t used(void)
{
	size_t now, total;

	malloc_usage(&now, &total);
	CHECK(now <= total);
	return now;
}

static void all_of_it_can_be_had_at_once(void)
{
	size_t now, total;
	void *p = heap_malloc(1);

	heap_free(p);
	malloc_usage(&now, &total);
	CHECK(now == 0 && total <= HEAP && total > HEAP - 32);
	p = heap_malloc(total - 16);
	CHECK(p != NULL);
	CHECK(heap_malloc(1) == NULL);
	heap_free(p);
	CHECK(heap_malloc(total) == NULL);
	CHECK(heap_malloc(SIZE_MAX) == NULL);
	CHECK(heap_malloc(SIZE_MAX - 8) == NULL);
	CHECK(heap_calloc(SIZE_MAX / 2, 3) == NULL);
	CHECK(used() == 0);
}

static void blocks_stay_apart_and_come_back(void)
{
	static struct { uint8_t *p; size_t size; uint8_t mark; } b[BLOCKS];
	size_t i, j, failed = 0;
	int round;

	for (round = 0; round < 200000; round++) {
		i = (size_t)rand() % BLOCKS;
		if (b[i].p) {
			for (j = 0; j < b[i].size; j++)
				if (b[i].p[j] != b[i].mark)
					CHECK(!"a block was changed");
			heap_free(b[i].p);
			b[i].p = NULL;
			continue;
		}
		b[i].size = (size_t)rand() % (rand() % 8 ? 200 : 8000);
		b[i].p = heap_malloc(b[i].size);
		if (!b[i].p) {
			failed++;
			continue;
		}
		if ((uintptr_t)b[i].p % 16 != 0 || b[i].p < memory ||
		    b[i].p + b[i].size > memory + sizeof(memory))
			CHECK(!"a block is misplaced");
		b[i].mark = (uint8_t)rand();
		memset(b[i].p, b[i].mark, b[i].size);
	}
	CHECK(failed < 200000 / 4);
	for (i = 0; i < BLOCKS; i++)
		heap_free(b[i].p);
	CHECK(used() == 0);
	all_of_it_can_be_had_at_once();
}

static void calloc_clears_what_was_used(void)
{
	uint8_t *p = heap_malloc(1000);
	size_t i;

	memset(p, 0xff, 1000);
	heap_free(p);
	p = heap_calloc(10, 100);
	for (i = 0; i < 1000; i++)
		if (p[i] != 0)
			CHECK(!"not cleared");
	heap_free(p);
	CHECK(used() == 0);
}

static void freeing_twice_is_noticed(void)
{
	void *volatile p = heap_malloc(100), *volatile q = heap_malloc(100);

	heap_free(p);
	if (setjmp(aborted) == 0) {
		heap_free(p);
		CHECK(!"freed twice");
	}
	heap_free(q);
	CHECK(used() == 0);
}

int main(void)
{
	srand(1);
	start.heap_base = (uintptr_t)memory + 3;
	start.heap_size = HEAP;
	all_of_it_can_be_had_at_once();
	blocks_stay_apart_and_come_back();
	calloc_clears_what_was_used();
	freeing_twice_is_noticed();
	printf("%u checks\n", checks);
	return 0;
}
