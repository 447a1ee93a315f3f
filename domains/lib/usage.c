/* SPDX-License-Identifier: MIT */
/* What commands are for; see domain/usage.h. */
#include <domain/usage.h>
#include <string.h>

#define WORD_MAX	32

#define U(command) extern const struct usage usage_##command;
#define N(command) \
	static const struct usage usage_##command = { #command, "", NULL, {} };
USAGES
#undef U
#undef N

#define U(command) &usage_##command,
#define N(command) &usage_##command,
static const struct usage *const usages[] = { USAGES };
#undef U
#undef N

#define N_USAGES (sizeof(usages) / sizeof(usages[0]))

const struct usage *usage_get(unsigned int n)
{
	return n < N_USAGES ? usages[n] : NULL;
}

const struct usage *usage_find(const char *name)
{
	for (size_t i = 0; i < N_USAGES; i++)
		if (strcmp(usages[i]->name, name) == 0)
			return usages[i];
	return NULL;
}

/* The next word of text; its length, 0 at the end. */
static size_t word(const char **text)
{
	size_t len = 0;

	while (**text == ' ')
		++*text;
	while ((*text)[len] && (*text)[len] != ' ')
		len++;
	return len;
}

/* How many words of after the text begins with; -1: they are others. */
static int fit(const char *after, const char *text, const char *end)
{
	int n = 0;

	for (;;) {
		size_t a = word(&after), t = word(&text);

		if (a == 0)
			return n;
		if (text + t > end || a != t || memcmp(after, text, a))
			return -1;
		after += a;
		text += t;
		n++;
	}
}

/* The n-th of the words, copied; NULL past the last. */
static const char *nth(const char *words, unsigned int n)
{
	static char copy[WORD_MAX];
	size_t len;

	while ((len = word(&words)) > 0) {
		if (n-- == 0 && len < sizeof(copy)) {
			memcpy(copy, words, len);
			copy[len] = '\0';
			return copy;
		}
		words += len;
	}
	return NULL;
}

const char *usage_word(const char *text, size_t at, unsigned int n)
{
	const char *end = text + at, *words = NULL;
	const struct usage *u = NULL;
	char name[WORD_MAX];
	size_t len = word(&text);
	int best = -1;

	if (text >= end)
		return usage_get(n) ? usage_get(n)->name : NULL;
	if (len < sizeof(name)) {
		memcpy(name, text, len);
		name[len] = '\0';
		u = usage_find(name);
	}
	if (u && strcmp(name, "help") == 0)
		return usage_get(n) ? usage_get(n)->name : NULL;
	for (int i = 0; u && i < USAGE_WORDS && u->next[i].after; i++) {
		int words_in_after = fit(u->next[i].after, text + len, end);

		if (words_in_after > best) {
			best = words_in_after;
			words = u->next[i].words;
		}
	}
	return words ? nth(words, n) : NULL;
}
