/* SPDX-License-Identifier: MIT */
/* Names of functions by address, see symbols.h. */
#include "symbols.h"

#include <string.h>

/*
 * The n-th name, by walking them: a lookup is rare, and so the table needs no
 * second list of offsets.
 */
static const char *name_at(const struct symbol_table *t, uint32_t n)
{
	const char *p = t->names, *end = t->names + t->names_size;

	while (n--) {
		p = memchr(p, 0, (size_t)(end - p));
		if (!p)
			return NULL;
		p++;
	}
	return memchr(p, 0, (size_t)(end - p)) ? p : NULL;
}

const char *symbol_find(const struct symbol_table *t, uint64_t address,
			uint64_t *into)
{
	uint32_t low = 0, high = t->count;

	if (address < t->base || address >= t->end)
		return NULL;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (t->offset[mid] <= address - t->base)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	*into = address - t->base - t->offset[low - 1];
	return name_at(t, low - 1);
}
