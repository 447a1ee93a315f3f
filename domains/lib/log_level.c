/* SPDX-License-Identifier: MIT */
/* Levels of the log's lines, as core/log.c writes them; domain/log.h. */
#include <domain/log.h>
#include <string.h>

const char *const log_level_name[LOG_LEVELS] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warning", [LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

int log_line_level(const char *line, size_t len)
{
	const char *end = line + len, *at = memchr(line, ']', len);

	/* no line of the log, or only the end of one: never left out */
	if (len == 0 || line[0] != '[' || !at || end - at < 2)
		return LOG_ERROR;
	at += 2;
	for (int i = 0; i < LOG_LEVELS; i++) {
		size_t n = strlen(log_level_name[i]);

		if ((size_t)(end - at) > n && at[n] == ':' &&
		    memcmp(at, log_level_name[i], n) == 0)
			return i;
	}
	return LOG_INFO;
}
