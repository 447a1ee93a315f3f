/* SPDX-License-Identifier: MIT */
/*
 * The other side of a TLS 1.2 connection, for fuzz targets: a client that resumes
 * a session which the server's cache has, and then seals whatever it is told to,
 * right or wrong, and opens what the server sends.
 */
#ifndef FUZZ_TLS_CLIENT_H
#define FUZZ_TLS_CLIENT_H

#include <mbedtls/chachapoly.h>
#include <mbedtls/gcm.h>
#include <mbedtls/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_HEAD	5u		/* of a record: type, version, length */
#define TLS_MORE	24u		/* of a sealed one: nonce, tag */
#define TLS_VERIFY	12u		/* of Finished */

/* Record types. */
#define TLS_CIPHER	20u
#define TLS_ALERT	21u
#define TLS_HANDSHAKE	22u
#define TLS_DATA	23u

/* One direction. */
struct tls_half {
	uint8_t key[32], nonce[12];
	uint64_t sequence;
};

struct tls_client {
	int suite;			/* MBEDTLS_TLS_ECDHE_ECDSA_WITH_... */
	uint8_t random[2][32];		/* the server's, the client's */
	struct tls_half to_server, from_server;
	uint8_t transcript[2048];	/* messages of the handshake */
	size_t transcript_len;
};

/* Puts the session of that suite into the server's cache. */
void tls_client_known(const mbedtls_ssl_config *server, int suite);

/*
 * Begins: the record with ClientHello to to, which has 256 bytes; its length.
 */
size_t tls_client_hello(struct tls_client *c, int suite, uint8_t *to);

/*
 * The n bytes at from are the server's answer, which must be right; the client's
 * ends the handshake: up to 128 bytes to to. Its length.
 */
size_t tls_client_finish(struct tls_client *c, const uint8_t *from, size_t n,
			 uint8_t *to);

/*
 * A record of n bytes of that type, sealed as the next one, to to, which has
 * TLS_HEAD + n + TLS_MORE bytes; its length.
 */
size_t tls_client_seal(struct tls_client *c, uint8_t type, const void *from,
		       size_t n, uint8_t *to);

/*
 * The server's next record, at from: opened to to, its type in *type. The length
 * of what was in it, or -1 if it is none or was not sealed with its key.
 */
int tls_client_open(struct tls_client *c, const uint8_t *from, size_t n,
		    uint8_t *to, uint8_t *type);

/* How long the record at from is, head included; 0: its head is not all there. */
size_t tls_record_len(const uint8_t *from, size_t n);

#endif
