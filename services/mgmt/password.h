/* SPDX-License-Identifier: MIT */
/*
 * Passwords as the configuration has them, PBKDF2 (RFC 8018) with HMAC-SHA-256:
 *
 *	pbkdf2-sha256$ITERATIONS$SALT$HASH
 *
 * salt and hash as hexadecimal digits; scripts/tandem-passwd makes them. ':' may
 * stand where '$' does, which make would not leave alone in a .config. The many iterations are what a guess costs. netd has other things to do as well,
 * so a check goes forward a few of them at a time. Tested on the host.
 */
#ifndef MGMT_PASSWORD_H
#define MGMT_PASSWORD_H

#include <mbedtls/sha256.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PASSWORD_HASH		32u		/* bytes */
#define PASSWORD_SALT_MIN	8u
#define PASSWORD_SALT_MAX	32u
#define PASSWORD_ITERATIONS_MIN	1000u
#define PASSWORD_ITERATIONS_MAX	10000000u

struct password_hash {
	uint32_t iterations;
	uint32_t salt_len;
	uint8_t salt[PASSWORD_SALT_MAX];
	uint8_t hash[PASSWORD_HASH];
};

/* A check under way. It holds what was made of the password: forget it. */
struct password_check {
	mbedtls_sha256_context inner, outer;	/* HMAC's, behind its key */
	uint8_t u[PASSWORD_HASH], sum[PASSWORD_HASH];
	uint32_t left;				/* iterations */
};

/* 0, or -EINVAL: text is no such line, or its numbers are out of range. */
int password_parse(const char *text, struct password_hash *h);

/* Begin to compare a password, of len bytes, with h. */
void password_begin(struct password_check *c, const struct password_hash *h,
		    const void *password, size_t len);

/* At most so many iterations further. True: there are none left. */
bool password_step(struct password_check *c, uint32_t iterations);

/* Is it the right one? After the last step; takes the same time always. */
bool password_is_right(const struct password_check *c,
		       const struct password_hash *h);

void password_forget(struct password_check *c);

/* Are n bytes the same? Takes the same time whether they are or not. */
bool same_bytes(const void *a, const void *b, size_t n);

/* 2 * n hexadecimal digits at text to n bytes, and back; -EINVAL, 0. */
int from_hex(const char *text, uint8_t *to, size_t n);
void to_hex(const uint8_t *from, size_t n, char *text);

#endif
