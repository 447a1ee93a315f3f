/* SPDX-License-Identifier: MIT */
/* Lines of a domain in the VMM log. */
#ifndef DOMAIN_LOG_H
#define DOMAIN_LOG_H

enum { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* One line, without a newline, at most 159 bytes. */
void domain_log(int level, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

#endif
