/* SPDX-License-Identifier: MIT */
/*
 * The part of C11 7.22 that programs here and the third-party libraries use.
 * Memory comes from the heap of the domain's start block.
 */
#ifndef DOMAIN_STDLIB_H
#define DOMAIN_STDLIB_H

#include <stddef.h>

#define EXIT_SUCCESS	0
#define EXIT_FAILURE	1

void *malloc(size_t size);
void *calloc(size_t n, size_t size);
void free(void *p);

/* Bytes of the heap in use, with overhead, and in all. */
void malloc_usage(size_t *used, size_t *total);

/* Ends the domain with a line in the log. */
_Noreturn void abort(void);

#endif
