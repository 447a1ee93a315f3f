/* SPDX-License-Identifier: MIT */
/*
 * What is built of mbedTLS (its include/mbedtls/config.h explains each): the
 * random number generator of netd, the digest of debug's key, and for the
 * management service a TLS 1.2 server that knows ECDHE with ECDSA on P-256 and
 * AEAD ciphers, and nothing older; for syslog a client that also takes servers
 * with RSA. No floating point, no SIMD, no files.
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

#ifdef CONFIG_MGMT

#define MBEDTLS_HAVE_ASM		/* products of 64 bits, no SIMD */
#define MBEDTLS_NO_UDBL_DIVISION	/* there is no libgcc */
#define MBEDTLS_HAVE_TIME		/* sessions expire; net/stack/include */
#define MBEDTLS_HAVE_TIME_DATE		/* and certificates of clients */
#define MBEDTLS_PLATFORM_GMTIME_R_ALT	/* services/mgmt/clock.c */

/* ---- keys and certificates ---- */
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ECDSA_DETERMINISTIC	/* the same certificate each time */
#define MBEDTLS_HMAC_DRBG_C
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_OID_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_PK_WRITE_C
#define MBEDTLS_HKDF_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CREATE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_CRT_WRITE_C
/* between a client and the client CA; what each costs: services/mgmt/tls.c */
#define MBEDTLS_X509_MAX_INTERMEDIATE_CA	2
#define MBEDTLS_X509_CHECK_KEY_USAGE
#define MBEDTLS_X509_CHECK_EXTENDED_KEY_USAGE

/* ---- TLS ---- */
#define MBEDTLS_CIPHER_C
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C
#define MBEDTLS_GCM_C
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_SRV_C
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
#define MBEDTLS_SSL_CACHE_C
/* lwIP asks for them; they come down to netd's own generator */
#define MBEDTLS_ENTROPY_C
#define MBEDTLS_NO_PLATFORM_ENTROPY
#define MBEDTLS_ENTROPY_HARDWARE_ALT

/*
 * For each connection. Records of 2^14 bytes have to be taken; what is sent is
 * never longer than two segments of TCP.
 */
#define MBEDTLS_SSL_IN_CONTENT_LEN	16384
#define MBEDTLS_SSL_OUT_CONTENT_LEN	4096

/* ---- a client: services/syslog/trust.c ---- */
#ifdef CONFIG_SYSLOG
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
#define MBEDTLS_RSA_C			/* only public keys are used */
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_SHA512_C		/* with which CAs sign, too */
#endif

#endif /* CONFIG_MGMT */

#include <mbedtls/check_config.h>

#endif
