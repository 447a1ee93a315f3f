/* SPDX-License-Identifier: MIT */
/* Lines of a domain in the VMM log. */
#include <domain/log.h>
#include <domain/syscall.h>
#include <stdarg.h>
#include <stdio.h>

void domain_log(int level, const char *fmt, ...)
{
	char text[160];
	va_list ap;
	int len;

	if ((uint32_t)level > domain_start->log_level)
		return;
	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (len < 0)
		return;
	sys_log(level, text, (size_t)len < sizeof(text) ? (size_t)len
							: sizeof(text) - 1);
}
