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

/*
 * Options and operands, in any order: -n 5, -n5, --lines 5, --lines=5. Behind
 * "--" all are operands.
 */
struct args_option {
	const char *name;	/* without "--"; NULL ends a list */
	char letter;		/* 0: none */
	int value;		/* 1: a value follows */
	int result;		/* what args_next() returns; over 0 */
};

struct args {
	char **argv;
	int argc;
	const char *text;	/* value of an option, operand, or culprit */
	/* args.c's */
	int at, only_operands;
	const char *letters;	/* the rest of "-ab" */
};

#define ARGS_END	0
#define ARGS_OPERAND	-1
#define ARGS_UNKNOWN	-2	/* text is no option */
#define ARGS_NO_VALUE	-3	/* text is an option that takes a value */
#define ARGS_VALUE	-4	/* text is one that takes none */

/* The next one: an option's result or ARGS_*. */
int args_next(struct args *a, const struct args_option *options);

/* Dotted quad, the first number in the highest byte: 0 or -EINVAL. */
int args_ipv4(const char *text, uint32_t *address);

#endif
