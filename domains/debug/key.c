/* SPDX-License-Identifier: MIT */
/*
 * The key before anything is shown. What goes to the core is a digest, as
 * scripts/kconfig.py makes it of CONFIG_DEBUG_KEY; the core compares.
 */
#include "debug.h"

#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <errno.h>
#include <mbedtls/pkcs5.h>
#include <mbedtls/platform_util.h>

/* Rounds, so that others have their turn between them. */
#define ROUNDS		16
#define ITERATIONS	256

static int make_digest(const char *key, uint8_t digest[DEBUG_DIGEST_SIZE])
{
	static const unsigned char salt[] = "Tandem debug";
	const unsigned char *from = (const unsigned char *)key;
	size_t len = strlen(key);
	mbedtls_md_context_t md;
	int error, i;

	mbedtls_md_init(&md);
	error = mbedtls_md_setup(&md, mbedtls_md_info_from_type(
						MBEDTLS_MD_SHA256), 1);
	for (i = 0; !error && i < ROUNDS; i++) {
		uint8_t out[DEBUG_DIGEST_SIZE];

		error = mbedtls_pkcs5_pbkdf2_hmac(&md, from, len, salt,
						  sizeof(salt) - 1, ITERATIONS,
						  sizeof(out), out);
		memcpy(digest, out, sizeof(out));
		from = digest;
		len = DEBUG_DIGEST_SIZE;
		sys_wait(0);
	}
	mbedtls_md_free(&md);
	return error ? -ENOMEM : 0;
}

static int show_core(const char *key)
{
	struct debug_unlock u = { .wait = 0 };
	int error = make_digest(key, u.digest);

	if (!error)
		error = debug_ask(DEBUG_UNLOCK, &u, sizeof(u), NULL, 0);
	mbedtls_platform_zeroize(u.digest, sizeof(u.digest));
	switch (error) {
	case 0:
		return 0;
	case -EACCES:
		printf("debug: wrong key; the next one is looked at in %u s\n",
		       u.wait);
		return COMMAND_FAILED;
	case -EAGAIN:
		printf("debug: too soon after a wrong key: try again in %u "
		       "s\n", u.wait);
		return COMMAND_FAILED;
	}
	return debug_failed("key", error);
}

int debug_key(const char *word)
{
	static char typed[COMMAND_LINE_MAX];
	size_t len;
	int status;

	if (!word) {
		printf("key: ");
		if (tty_readline("", typed, sizeof(typed), false) < 0)
			typed[0] = '\0';
		printf("\n");
		word = typed;
	}
	len = strlen(word);
	if (len < DEBUG_KEY_MIN || len > DEBUG_KEY_MAX) {
		printf("debug: expected a key of %u to %u characters\n",
		       DEBUG_KEY_MIN, DEBUG_KEY_MAX);
		return COMMAND_USAGE;
	}
	status = show_core(word);
	mbedtls_platform_zeroize(typed, sizeof(typed));
	return status;
}
