/* SPDX-License-Identifier: MIT */
/* Lines of the log by level; see filter.h. */
#include "filter.h"

#include <domain/log.h>
#include <string.h>

int filter_level(const char *name)
{
	for (int i = 0; i < LOG_LEVELS && *name; i++)
		if (strncmp(log_level_name[i], name, strlen(name)) == 0)
			return i;
	return -1;
}

static void line_is_complete(struct filter *f)
{
	if (log_line_level(f->line, f->len) <= f->level && f->lines++ >= f->skip &&
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
