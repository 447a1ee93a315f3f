/* SPDX-License-Identifier: MIT */
/*
 * What a command is for, in one place: its usage.c, which is linked into the
 * command (for -h), into `help`, and into the shell (for Tab).
 */
#ifndef DOMAIN_USAGE_H
#define DOMAIN_USAGE_H

#include <stddef.h>

#define USAGE_WORDS	8

struct usage {
	const char *name;
	const char *what;		/* half a line */
	/*
	 * The command's forms, one a line, then lines that explain. With it -h
	 * and --help are answered before command() is called; NULL: the
	 * command does that itself.
	 */
	const char *text;
	/*
	 * For Tab: what may follow the words in after ("" for the command's
	 * first), as words with blanks between. The longest after that fits
	 * counts.
	 */
	struct {
		const char *after, *words;
	} next[USAGE_WORDS];
};

/*
 * In a command's usage.c: const struct usage usage_NAME. The build tells
 * usage.c of the library, by the macro USAGES, which of them are linked in.
 */

/* The commands that are linked in, by name; NULL past the last. */
const struct usage *usage_get(unsigned int n);
/* NULL: there is none of that name. */
const struct usage *usage_find(const char *name);

/*
 * line_words of domain/line.h: names of commands, and what each of them says
 * can follow.
 */
const char *usage_word(const char *text, size_t at, unsigned int n);

#endif
