/* SPDX-License-Identifier: MIT */
/* Lines of the log by level; see filter.h. core/log.c writes them. */
#include "filter.h"

#include <domain/log.h>
#include <string.h>

static const char *const names[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warning", [LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

#define LEVELS ((int)(sizeof(names) / sizeof(names[0])))

int filter_level(const char *name)
{
	for (int i = 0; i < LEVELS && *name; i++)
		if (strncmp(names[i], name, strlen(name)) == 0)
			return i;
	return -1;
}

/* Behind the time in brackets comes "error: " and so on, but for info. */
static int level_of(const char *line, size_t len)
{
	const char *end = line + len, *at = memchr(line, ']', len);

	/* no line of the log, or only the end of one: never left out */
	if (line[0] != '[' || !at || end - at < 2)
		return LOG_ERROR;
	at += 2;
	for (int i = 0; i < LEVELS; i++) {
		size_t n = strlen(names[i]);

		if ((size_t)(end - at) > n && at[n] == ':' &&
		    memcmp(at, names[i], n) == 0)
			return i;
	}
	return LOG_INFO;
}

static void line_is_complete(struct filter *f)
{
	if (level_of(f->line, f->len) <= f->level && f->lines++ >= f->skip &&
	    f->show)
		f->show(f->line, f->len);
	f->len = 0;
}

void filter_add(struct filter *f, const char *text, size_t len)
{
	for (; len > 0; text++, len--) {
		f->line[f->len++] = *text;
		if (*text == '\n' || f->len == sizeof(f->line))
			line_is_complete(f);
	}
}

void filter_end(struct filter *f)
{
	if (f->len > 0)
		line_is_complete(f);
}
