/* SPDX-License-Identifier: MIT */
/*
 * Do the string functions of lib/ do what the host's do? Random contents,
 * lengths, alignments and overlaps; a byte too many is caught by the guards.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define memcpy tandem_memcpy
#define memmove tandem_memmove
#define memset tandem_memset
#define memcmp tandem_memcmp
#define memchr tandem_memchr
#define strlen tandem_strlen
#define strnlen tandem_strnlen
#define strcmp tandem_strcmp
#define strncmp tandem_strncmp
#define strchr tandem_strchr
#define strrchr tandem_strrchr
#define strstr tandem_strstr
#define strlcpy tandem_strlcpy
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
size_t strlcpy(char *dst, const char *src, size_t size);
#include "../../lib/string.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp
#undef strchr
#undef strrchr
#undef strstr
#undef strlcpy

#define ROUNDS	200000
#define SIZE	128

static unsigned int failed;

#define CHECK(c) \
	do { \
		if (!(c) && failed++ < 10) \
			printf("line %d: %s\n", __LINE__, #c); \
	} while (0)

static unsigned int below(unsigned int n)
{
	return (unsigned int)rand() % n;
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void test_memory(void)
{
	unsigned char a[SIZE], b[SIZE];
	size_t n = below(60), from = below(60), to = below(60);
	int c = rand();

	for (unsigned int i = 0; i < SIZE; i++)
		a[i] = b[i] = (unsigned char)below(4);
	CHECK(tandem_memmove(a + to, a + from, n) == a + to);
	memmove(b + to, b + from, n);
	CHECK(!memcmp(a, b, SIZE));
	CHECK(tandem_memset(a + to, c, n) == a + to);
	memset(b + to, c, n);
	CHECK(!memcmp(a, b, SIZE));
	from = 64 + below(4);
	CHECK(tandem_memcpy(a + to % 4, a + from, n) == a + to % 4);
	memcpy(b + to % 4, b + from, n);
	CHECK(!memcmp(a, b, SIZE));
	c = (int)below(6);
	CHECK(tandem_memchr(a + to, c, n) == memchr(b + to, c, n) ||
	      (uint8_t *)tandem_memchr(a + to, c, n) - a ==
	      (uint8_t *)memchr(b + to, c, n) - b);
	CHECK(sign(tandem_memcmp(a + to, a + from - 4, n)) ==
	      sign(memcmp(a + to, a + from - 4, n)));
}

/* Short strings of few letters, so that they are often alike; bytes above
 * 127 among them. */
static void random_string(char *s, unsigned int most)
{
	unsigned int n = below(most + 1);

	for (unsigned int i = 0; i < n; i++)
		s[i] = "ab\xe4"[below(3)];
	s[n] = '\0';
}

static void test_strings(void)
{
	char a[SIZE], b[16], copy[40];
	size_t n = below(20), size = below(40);
	int c = "abc\xe4"[below(5)];

	random_string(a, 30);
	random_string(b, below(4));
	CHECK(tandem_strlen(a) == strlen(a));
	CHECK(tandem_strnlen(a, n) == strnlen(a, n));
	CHECK(sign(tandem_strcmp(a, b)) == sign(strcmp(a, b)));
	CHECK(sign(tandem_strncmp(a, b, n)) == sign(strncmp(a, b, n)));
	CHECK(tandem_strchr(a, c) == strchr(a, c));
	CHECK(tandem_strrchr(a, c) == strrchr(a, c));
	CHECK(tandem_strstr(a, b) == strstr(a, b));
	memset(copy, 'x', sizeof(copy));
	CHECK(tandem_strlcpy(copy, a, size) == strlen(a));
	if (size) {
		n = strnlen(a, size - 1);
		CHECK(!memcmp(copy, a, n) && !copy[n]);
		n++;
	} else {
		n = 0;
	}
	while (n < sizeof(copy))
		CHECK(copy[n++] == 'x');
}

int main(void)
{
	for (unsigned int i = 0; i < ROUNDS; i++) {
		test_memory();
		test_strings();
	}
	printf("%u rounds, %u failures\n", ROUNDS, failed);
	return failed != 0;
}
