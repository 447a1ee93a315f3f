/* SPDX-License-Identifier: MIT */
/* Names of hosts; tandem/hostname.h. */
#include <tandem/hostname.h>

#define LABEL_MAX	63	/* RFC 1035, 2.3.4 */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool label_valid(const char *text, size_t n)
{
	if (n == 0 || n > LABEL_MAX || text[0] == '-' || text[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_letter(text[i]) && !is_digit(text[i]) && text[i] != '-')
			return false;
	return true;
}

bool hostname_valid(const char *text, size_t n)
{
	size_t start = 0;

	if (n >= HOSTNAME_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (text[i] != '.')
			continue;
		if (!label_valid(text + start, i - start))
			return false;
		start = i + 1;
	}
	return label_valid(text + start, n - start) && is_letter(text[start]);
}
