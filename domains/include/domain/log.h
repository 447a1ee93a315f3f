/* SPDX-License-Identifier: MIT */
/* Lines of a domain in the VMM log. */
#ifndef DOMAIN_LOG_H
#define DOMAIN_LOG_H

#include <stddef.h>

enum { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_LEVELS };

/* "error", "warning" ... */
extern const char *const log_level_name[LOG_LEVELS];

/*
 * The level of a line of the log, of len bytes: behind the time in brackets
 * comes its name and a colon, but for LOG_INFO. LOG_ERROR if it is no whole line.
 */
int log_line_level(const char *line, size_t len);

/* One line, without a newline, at most 159 bytes. */
void domain_log(int level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
