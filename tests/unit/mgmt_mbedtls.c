/* SPDX-License-Identifier: MIT */
/* mbedTLS's SHA-256 for the host, and what glibc does not have. */
#include <string.h>

#include "sha256.c"
#include "platform_util.c"

size_t strlcpy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src), part = len < size ? len : size - 1;

	memcpy(dst, src, part);
	dst[part] = '\0';
	return len;
}
