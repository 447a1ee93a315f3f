/* SPDX-License-Identifier: MIT */
/*
 * PBKDF2 step by step; see password.h. mbedTLS has it in one piece only, so
 * the loop of RFC 8018, 5.2 is here, on its SHA-256: the two blocks that HMAC's
 * key takes (RFC 2104) are hashed once, which halves the work.
 */
#include "password.h"

#include <errno.h>
#include <mbedtls/platform_util.h>
#include <string.h>

#define SHA256_BLOCK	64u

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int from_hex(const char *text, uint8_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int high = digit(text[2 * i]);
		int low = high < 0 ? -1 : digit(text[2 * i + 1]);

		if (low < 0)
			return -EINVAL;
		to[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

void to_hex(const uint8_t *from, size_t n, char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		*text++ = digits[from[i] >> 4];
		*text++ = digits[from[i] & 15];
	}
	*text = '\0';
}

bool same_bytes(const void *a, const void *b, size_t n)
{
	const volatile uint8_t *p = a, *q = b;
	uint8_t differ = 0;

	for (size_t i = 0; i < n; i++)
		differ |= p[i] ^ q[i];
	return differ == 0;
}

static bool is_separator(char c)
{
	return c == '$' || c == ':';
}

/* The number at *text up to a separator, which is passed; 0: there is none. */
static uint32_t iterations(const char **text)
{
	uint32_t n = 0;

	for (; **text >= '0' && **text <= '9'; (*text)++) {
		n = n * 10 + (uint32_t)(**text - '0');
		if (n > PASSWORD_ITERATIONS_MAX)
			return 0;
	}
	return is_separator(*(*text)++) ? n : 0;
}

int password_parse(const char *text, struct password_hash *h)
{
	static const char scheme[] = "pbkdf2-sha256";
	const char *end;
	size_t digits;

	if (strncmp(text, scheme, sizeof(scheme) - 1) ||
	    !is_separator(text[sizeof(scheme) - 1]))
		return -EINVAL;
	text += sizeof(scheme);
	h->iterations = iterations(&text);
	if (h->iterations < PASSWORD_ITERATIONS_MIN)
		return -EINVAL;
	for (end = text; *end && !is_separator(*end);)
		end++;
	if (!*end)
		return -EINVAL;
	digits = (size_t)(end - text);
	if (digits % 2 || digits < (size_t)2 * PASSWORD_SALT_MIN ||
	    digits > (size_t)2 * PASSWORD_SALT_MAX ||
	    strlen(end + 1) != (size_t)2 * PASSWORD_HASH)
		return -EINVAL;
	h->salt_len = (uint32_t)(digits / 2);
	if (from_hex(text, h->salt, h->salt_len) ||
	    from_hex(end + 1, h->hash, PASSWORD_HASH))
		return -EINVAL;
	return 0;
}

/* HMAC's key of at most a block, combined with its pad, into a new hash. */
static void key_block(mbedtls_sha256_context *s, const uint8_t *key,
		      uint8_t pad)
{
	uint8_t block[SHA256_BLOCK];

	for (size_t i = 0; i < SHA256_BLOCK; i++)
		block[i] = key[i] ^ pad;
	mbedtls_sha256_init(s);
	mbedtls_sha256_starts_ret(s, 0);
	mbedtls_sha256_update_ret(s, block, sizeof(block));
	mbedtls_platform_zeroize(block, sizeof(block));
}

/* u becomes the HMAC of what inner has been given. */
static void finish(struct password_check *c, mbedtls_sha256_context *inner)
{
	mbedtls_sha256_context outer;

	mbedtls_sha256_finish_ret(inner, c->u);
	mbedtls_sha256_init(&outer);
	mbedtls_sha256_clone(&outer, &c->outer);
	mbedtls_sha256_update_ret(&outer, c->u, sizeof(c->u));
	mbedtls_sha256_finish_ret(&outer, c->u);
}

void password_begin(struct password_check *c, const struct password_hash *h,
		    const void *password, size_t len)
{
	static const uint8_t first_block[4] = { 0, 0, 0, 1 };
	uint8_t key[SHA256_BLOCK] = { 0 };
	mbedtls_sha256_context inner;

	if (len > sizeof(key))
		mbedtls_sha256_ret(password, len, key, 0);
	else
		memcpy(key, password, len);
	key_block(&c->inner, key, 0x36);
	key_block(&c->outer, key, 0x5c);
	mbedtls_platform_zeroize(key, sizeof(key));
	mbedtls_sha256_init(&inner);
	mbedtls_sha256_clone(&inner, &c->inner);
	mbedtls_sha256_update_ret(&inner, h->salt, h->salt_len);
	mbedtls_sha256_update_ret(&inner, first_block, sizeof(first_block));
	finish(c, &inner);
	memcpy(c->sum, c->u, sizeof(c->sum));
	c->left = h->iterations - 1;
}

bool password_step(struct password_check *c, uint32_t n)
{
	mbedtls_sha256_context inner;

	mbedtls_sha256_init(&inner);
	for (; n > 0 && c->left > 0; n--, c->left--) {
		mbedtls_sha256_clone(&inner, &c->inner);
		mbedtls_sha256_update_ret(&inner, c->u, sizeof(c->u));
		finish(c, &inner);
		for (size_t i = 0; i < sizeof(c->sum); i++)
			c->sum[i] ^= c->u[i];
	}
	mbedtls_sha256_free(&inner);
	return c->left == 0;
}

bool password_is_right(const struct password_check *c,
		       const struct password_hash *h)
{
	return c->left == 0 && same_bytes(c->sum, h->hash, sizeof(c->sum));
}

void password_forget(struct password_check *c)
{
	mbedtls_platform_zeroize(c, sizeof(*c));
}
