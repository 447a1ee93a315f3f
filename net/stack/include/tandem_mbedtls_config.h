/* SPDX-License-Identifier: MIT */
/*
 * What is built of mbedTLS (its include/mbedtls/config.h explains each): the
 * random number generator of netd, the digest of debug's key, and what these
 * need. No floating point, no SIMD, no files, no clock.
 */
#ifndef TANDEM_MBEDTLS_CONFIG_H
#define TANDEM_MBEDTLS_CONFIG_H

#define MBEDTLS_AES_C
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_AES_FEWER_TABLES
#define MBEDTLS_CTR_DRBG_C
#define MBEDTLS_MD_C
#define MBEDTLS_PKCS5_C
#define MBEDTLS_SHA256_C

#include <mbedtls/check_config.h>

#endif
