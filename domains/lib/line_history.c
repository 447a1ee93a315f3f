/* SPDX-License-Identifier: MIT */
/* Earlier lines: up and down among them, and the search for one (^R). */
#include "line.h"

#include <string.h>

void line_remember(struct line_memory *m, const char *text)
{
	unsigned int last = (m->lines - 1) % LINE_HISTORY;

	if (text[0] == '\0' || strlen(text) >= LINE_MAX ||
	    (m->lines > 0 && strcmp(m->line[last], text) == 0))
		return;
	memcpy(m->line[m->lines++ % LINE_HISTORY], text, strlen(text) + 1);
}

static unsigned int oldest(const struct line_memory *m)
{
	return m->lines < LINE_HISTORY ? m->lines : LINE_HISTORY;
}

/* The line entered back lines ago, from 1 on; 0: the one not entered yet. */
static const char *entered(const struct line_memory *m, unsigned int back)
{
	return back ? m->line[(m->lines - back) % LINE_HISTORY] : m->draft;
}

static void go(struct line *l, unsigned int back)
{
	if (l->back == 0 && l->len < sizeof(l->memory->draft))
		memcpy(l->memory->draft, l->buf, l->len + 1);
	l->back = back;
	line_replace(l, entered(l->memory, back));
}

void line_move(struct line *l, int step)
{
	if (!l->memory || (step < 0 && l->back == 0) ||
	    (step > 0 && l->back == oldest(l->memory)))
		line_bell(l);
	else
		go(l, l->back + (unsigned int)step);
}

/* ---- search ---- */

/* The newest line with the pattern, from back lines ago on. */
static void find(struct line *l, unsigned int back)
{
	for (; back <= oldest(l->memory); back++) {
		if (back == 0 || !strstr(entered(l->memory, back), l->pattern))
			continue;
		go(l, back);
		return;
	}
	line_bell(l);
	line_show(l);
}

void line_search(struct line *l)
{
	if (!l->memory) {
		line_bell(l);
		return;
	}
	l->searching = true;
	l->pattern[0] = '\0';
	line_show(l);
}

bool line_search_input(struct line *l, uint8_t byte)
{
	size_t len = strlen(l->pattern);

	if (byte == CTRL('R')) {
		if (len > 0)
			find(l, l->back + 1);
		return true;
	}
	if (byte == CTRL('H') || byte == 0x7f) {
		if (len > 0)
			l->pattern[len - 1] = '\0';
		line_show(l);
		return true;
	}
	if (byte >= ' ' && byte < 0x7f && len + 1 < sizeof(l->pattern)) {
		l->pattern[len] = (char)byte;
		l->pattern[len + 1] = '\0';
		find(l, l->back);
		return true;
	}
	/* any other key ends the search and does what it does; ^G only that */
	l->searching = false;
	if (byte == CTRL('G'))
		go(l, 0);
	else
		line_show(l);
	return byte == CTRL('G');
}
