/* SPDX-License-Identifier: MIT */
/*
 * The heap of a domain: blocks with their size before them, free ones also in
 * lists by size (one per power of two) and merged with free neighbours at
 * once. Allocation looks at a few blocks of the list of its own size and then
 * takes the first of a larger one: bounded time, whatever the pattern.
 */
#include <domain/syscall.h>
#include <stdbool.h>
#include <stdlib.h>

struct block {
	size_t size;		/* with this header; bit 0: in use */
	size_t before;		/* size of the block before, 0: none */
	struct block *next, *prev;	/* free blocks: in the list */
};

#define HEADER		offsetof(struct block, next)
#define SMALLEST	sizeof(struct block)
#define USED		((size_t)1)
#define LISTS		32
#define LOOKS		8

static struct block *lists[LISTS];
static uintptr_t heap_end;
static size_t heap_size, heap_used;

_Static_assert(HEADER == 16 && SMALLEST == 32, "malloc gives 16-byte units");

static size_t size_of(const struct block *b)
{
	return b->size & ~USED;
}

/* The block after b, NULL at the end of the heap. */
static struct block *after(struct block *b)
{
	uintptr_t next = (uintptr_t)b + size_of(b);

	return next < heap_end ? (struct block *)next : NULL;
}

static unsigned int list_of(size_t size)
{
	unsigned int log = 63 - (unsigned int)__builtin_clzl(size);

	return log - 5 < LISTS ? log - 5 : LISTS - 1;
}

static void list_add(struct block *b)
{
	struct block **head = &lists[list_of(b->size)];

	b->prev = NULL;
	b->next = *head;
	if (*head)
		(*head)->prev = b;
	*head = b;
}

static void list_remove(struct block *b)
{
	if (b->prev)
		b->prev->next = b->next;
	else
		lists[list_of(b->size)] = b->next;
	if (b->next)
		b->next->prev = b->prev;
}

static bool heap_init(void)
{
	uintptr_t base = (domain_start->heap_base + 15) & ~(uintptr_t)15;
	struct block *all = (struct block *)base;

	heap_end = (domain_start->heap_base + domain_start->heap_size) &
		   ~(uintptr_t)15;
	if (heap_end < base || heap_end - base < SMALLEST)
		return false;
	heap_size = heap_end - base;
	all->size = heap_size;
	all->before = 0;
	list_add(all);
	return true;
}

static struct block *find(size_t size)
{
	unsigned int i = list_of(size), looks = 0;
	struct block *b;

	for (b = lists[i]; b && looks < LOOKS; b = b->next, looks++)
		if (b->size >= size)
			return b;
	for (i++; i < LISTS; i++)
		if (lists[i])
			return lists[i];
	return NULL;
}

/* Give the part of b beyond size back. */
static void split(struct block *b, size_t size)
{
	struct block *rest, *next;

	if (b->size - size < SMALLEST)
		return;
	rest = (struct block *)((uintptr_t)b + size);
	rest->size = b->size - size;
	rest->before = size;
	b->size = size;
	next = after(rest);
	if (next)
		next->before = rest->size;
	list_add(rest);
}

void *malloc(size_t size)
{
	struct block *b;

	if (heap_size == 0 && !heap_init())
		return NULL;
	if (size > heap_size)
		return NULL;
	size = (size + HEADER + 15) & ~(size_t)15;
	if (size < SMALLEST)
		size = SMALLEST;
	b = find(size);
	if (!b)
		return NULL;
	list_remove(b);
	split(b, size);
	heap_used += b->size;
	b->size |= USED;
	return (char *)b + HEADER;
}

void *calloc(size_t n, size_t size)
{
	void *p;

	if (size != 0 && n > SIZE_MAX / size)
		return NULL;
	p = malloc(n * size);
	if (p)
		memset(p, 0, n * size);
	return p;
}

void free(void *p)
{
	struct block *b, *next, *prev;

	if (!p)
		return;
	b = (struct block *)((char *)p - HEADER);
	if (!(b->size & USED))
		abort();		/* freed twice, or never allocated */
	b->size &= ~USED;
	heap_used -= b->size;

	next = after(b);
	if (next && !(next->size & USED)) {
		list_remove(next);
		b->size += next->size;
	}
	prev = b->before ? (struct block *)((uintptr_t)b - b->before) : NULL;
	if (prev && !(prev->size & USED)) {
		list_remove(prev);
		prev->size += b->size;
		b = prev;
	}
	next = after(b);
	if (next)
		next->before = b->size;
	list_add(b);
}

void malloc_usage(size_t *used, size_t *total)
{
	*used = heap_used;
	*total = heap_size;
}
