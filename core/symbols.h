/* SPDX-License-Identifier: MIT */
/*
 * Names of the VMM's functions, for a panic. scripts/symbols makes the table
 * from the linked image, which is then linked once more with it.
 */
#ifndef CORE_SYMBOLS_H
#define CORE_SYMBOLS_H

#include <tandem/types.h>

struct symbol_table {
	uint64_t base, end;		/* of the code */
	const uint32_t *offset;		/* from base, ascending */
	uint32_t count;
	const char *names;		/* NUL-terminated, in the same order */
	uint32_t names_size;		/* bytes */
};

/*
 * The function that address lies in, and how far in; NULL if address is
 * outside the code or before its first function.
 */
const char *symbol_find(const struct symbol_table *t, uint64_t address,
			uint64_t *into);

/* The image's own table. */
extern const struct symbol_table symbol_table;

#endif
