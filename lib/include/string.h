/* SPDX-License-Identifier: MIT */
/* Memory and string functions of C11 7.24, as far as they are used here. */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int c, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);

/* Leaves dst without an end if src is too long: for third-party code alone. */
char *strncpy(char *restrict dst, const char *restrict src, size_t n);

/*
 * Copy at most size - 1 bytes and always terminate (size > 0). Returns
 * strlen(src), so a result >= size means that it was cut.
 */
size_t strlcpy(char *dst, const char *src, size_t size);

/*
 * In a freestanding program the compiler has to be told what these are.
 * lib/string.c, which defines them, asks for the plain names.
 */
#ifndef LIB_STRING_PLAIN
#define memcpy(dst, src, n)	__builtin_memcpy(dst, src, n)
#define memset(dst, c, n)	__builtin_memset(dst, c, n)
#define memcmp(a, b, n)		__builtin_memcmp(a, b, n)
#endif

#endif
