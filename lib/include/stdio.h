/* SPDX-License-Identifier: MIT */
/*
 * Formatted output into a buffer: %d %i %u %x %X %p %s %c %% with flags
 * "-0 +#", width, precision (also *), and h hh l ll z j t. No floating point.
 */
#ifndef LIB_STDIO_H
#define LIB_STDIO_H

#include <stdarg.h>
#include <stddef.h>

int snprintf(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0)));

#endif
