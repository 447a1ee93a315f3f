/* SPDX-License-Identifier: MIT */
/*
 * Lines of the log put together from pieces, and which of them are wanted. No
 * input or output, tested on the host.
 */
#ifndef LOG_FILTER_H
#define LOG_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILTER_LINE	512	/* the VMM's own have at most 256 bytes */

struct filter {
	int level;		/* nothing less grave: enum of domain/log.h */
	uint64_t skip;		/* wanted lines to leave out first */
	uint64_t lines;		/* wanted lines seen */
	void (*show)(const char *line, size_t len);	/* NULL: count only */
	/* filter.c's */
	char line[FILTER_LINE];
	size_t len;
};

/* The next piece of text. */
void filter_add(struct filter *f, const char *text, size_t len);
/* The text is at its end, maybe without a newline. */
void filter_end(struct filter *f);

/* "error" ... "debug" or their beginnings: the level, or -1. */
int filter_level(const char *name);

#endif
