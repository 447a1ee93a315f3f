/* SPDX-License-Identifier: MIT */
/*
 * What the unit tests of the management service need of mbedTLS, and what glibc
 * does not have.
 */
#ifndef MGMT_MBEDTLS_H
#define MGMT_MBEDTLS_H

#include <stddef.h>

#define MBEDTLS_SHA256_C

size_t strlcpy(char *dst, const char *src, size_t size);

#endif
