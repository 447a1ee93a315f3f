/* SPDX-License-Identifier: MIT */
/*
 * Words and numbers of a command line, strictly: what is not wholly a number
 * in range is refused. No input or output, tested on the host.
 */
#ifndef DOMAIN_ARGS_H
#define DOMAIN_ARGS_H

#include <stddef.h>
#include <stdint.h>

#define ARGS_MAX	16

/*
 * Cut line into words at spaces and tabs, in place. Returns their number, or
 * -E2BIG if there are more than max.
 */
int args_split(char *line, char **argv, int max);

/* Decimal, min to max: 0, -EINVAL (not a number) or -ERANGE. */
int args_number(const char *text, uint64_t min, uint64_t max,
		uint64_t *value);

/* Dotted quad, the first number in the highest byte: 0 or -EINVAL. */
int args_ipv4(const char *text, uint32_t *address);

#endif
