/* SPDX-License-Identifier: MIT */
/*
 * CHECK(x): x must hold, or the program ends with place and text of it. Counts
 * in the includer's own "unsigned int checks" (or long).
 */
#ifndef UNIT_CHECK_H
#define UNIT_CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(x) do { \
	if (!(x)) { \
		printf("%s:%d: %s\n", __func__, __LINE__, #x); \
		exit(1); \
	} \
	__atomic_fetch_add(&checks, 1, __ATOMIC_RELAXED); \
} while (0)

#endif
