/* SPDX-License-Identifier: MIT */
/* Tab: the rest of a word, or on the second one all that it could become. */
#include "line.h"

#include <string.h>

#define WORD_MAX	64

static size_t word_start(const struct line *l)
{
	size_t at = l->at;

	while (at > 0 && l->buf[at - 1] != ' ')
		at--;
	return at;
}

/* The next word from *n on that goes on as what is before the cursor. */
static const char *next(const struct line *l, size_t start, unsigned int *n)
{
	const char *word;

	while ((word = l->words(l->buf, start, (*n)++)))
		if (strncmp(word, l->buf + start, l->at - start) == 0)
			return word;
	return NULL;
}

/* How many bytes all of them begin with. */
static size_t in_common(const struct line *l, size_t start, const char *first)
{
	size_t len = strlen(first), i;
	const char *word;
	unsigned int n = 0;

	while ((word = next(l, start, &n))) {
		for (i = 0; i < len && word[i] == first[i]; i++)
			;
		len = i;
	}
	return len;
}

static void list(struct line *l, size_t start)
{
	const char *word;
	unsigned int n = 0;

	line_out(l, "\n", 1);
	while ((word = next(l, start, &n))) {
		line_out(l, word, strlen(word));
		line_out(l, "  ", 2);
	}
	line_out(l, "\n", 1);
	line_show(l);
}

void line_complete(struct line *l)
{
	bool again = l->tab;
	size_t start = word_start(l), typed = l->at - start, common;
	size_t len = l->len;
	const char *word, *other;
	char first[WORD_MAX];
	unsigned int n = 0;

	l->tab = true;
	word = next(l, start, &n);
	if (!word || strlen(word) >= sizeof(first)) {
		line_bell(l);
		return;
	}
	memcpy(first, word, strlen(word) + 1);
	common = in_common(l, start, first);
	other = next(l, start, &n);
	if (common > typed)
		line_insert(l, first + typed, common - typed);
	if (l->len != len + common - typed)
		return;			/* there was no room */
	if (!other)
		line_insert(l, " ", 1);
	else if (common == typed && again)
		list(l, start);
	else if (common == typed)
		line_bell(l);
}
