/* SPDX-License-Identifier: MIT */
/*
 * A TLS client that resumes a session (tls_client.h): RFC 5246, RFC 7905 and RFC
 * 5288 for how records are sealed, RFC 7627 for the extended master secret, which
 * the session has been made with. Digests and ciphers are mbedTLS's.
 */
#include "tls_client.h"

#include "check.h"

#include <mbedtls/sha256.h>
#include <mbedtls/ssl_cache.h>
#include <string.h>

#define HELLO_RANDOM	11u		/* in a hello's record */
#define HELLO_SUITE	78u
#define SESSION		32u
#define VERSION		0x0303u

static unsigned int checks;

static bool is_gcm(const struct tls_client *c)
{
	return c->suite == MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
}

static const uint8_t master[48] = "a secret that the client and the server share ";

static void session_id(int suite, uint8_t *id)
{
	memset(id, suite & 0xff, SESSION);
}

void tls_client_known(const mbedtls_ssl_config *server, int suite)
{
	mbedtls_ssl_session session;

	mbedtls_ssl_session_init(&session);
	session.start = mbedtls_time(NULL);
	session.ciphersuite = suite;
	session.id_len = SESSION;
	session_id(suite, session.id);
	memcpy(session.master, master, sizeof(master));
	CHECK(!server->f_set_cache(server->p_cache, &session));
}

/* ---- the handshake ---- */

static void add_to_transcript(struct tls_client *c, const void *bytes, size_t n)
{
	CHECK(n <= sizeof(c->transcript) - c->transcript_len);
	memcpy(c->transcript + c->transcript_len, bytes, n);
	c->transcript_len += n;
}

size_t tls_client_hello(struct tls_client *c, int suite, uint8_t *to)
{
	static const uint8_t head[] = {
		TLS_HANDSHAKE, 3, 1, 0, 0, 1, 0, 0, 0, 3, 3,
	};
	static const uint8_t rest[] = {
		1, 0, 0, 26,				/* extensions */
		0, 0x0a, 0, 4, 0, 2, 0, 0x17,		/* P-256 */
		0, 0x0b, 0, 2, 1, 0,			/* as they are */
		0, 0x0d, 0, 4, 0, 2, 4, 3,		/* SHA-256, ECDSA */
		0, 0x17, 0, 0,				/* extended secret */
	};
	size_t n = sizeof(head);

	memset(c, 0, sizeof(*c));
	c->suite = suite;
	memset(c->random[1], 'c', sizeof(c->random[1]));
	memcpy(to, head, n);
	memcpy(to + n, c->random[1], sizeof(c->random[1]));
	n += sizeof(c->random[1]);
	to[n++] = SESSION;
	session_id(suite, to + n);
	n += SESSION;
	to[n++] = 0;
	to[n++] = 2;
	to[n++] = (uint8_t)(suite >> 8);
	to[n++] = (uint8_t)suite;
	memcpy(to + n, rest, sizeof(rest));
	n += sizeof(rest);
	to[4] = (uint8_t)(n - TLS_HEAD);
	to[8] = (uint8_t)(n - TLS_HEAD - 4);
	add_to_transcript(c, to + TLS_HEAD, n - TLS_HEAD);
	return n;
}

static void make_keys(struct tls_client *c)
{
	size_t key = is_gcm(c) ? 16 : 32, nonce = is_gcm(c) ? 4 : 12;
	uint8_t block[2 * (32 + 12)];
	const uint8_t *at = block;

	CHECK(!mbedtls_ssl_tls_prf(MBEDTLS_SSL_TLS_PRF_SHA256, master,
				   sizeof(master), "key expansion",
				   (const uint8_t *)c->random,
				   sizeof(c->random), block,
				   2 * (key + nonce)));
	memcpy(c->to_server.key, at, key);
	memcpy(c->from_server.key, at += key, key);
	memcpy(c->to_server.nonce, at += key, nonce);
	memcpy(c->from_server.nonce, at + nonce, nonce);
}

/* A Finished message of what was said so far. */
static size_t finished(const struct tls_client *c, const char *label,
		       uint8_t *to)
{
	uint8_t digest[32];

	CHECK(!mbedtls_sha256_ret(c->transcript, c->transcript_len, digest, 0));
	memcpy(to, (const uint8_t[]){ 20, 0, 0, TLS_VERIFY }, 4);
	CHECK(!mbedtls_ssl_tls_prf(MBEDTLS_SSL_TLS_PRF_SHA256, master,
				   sizeof(master), label, digest,
				   sizeof(digest), to + 4, TLS_VERIFY));
	return 4 + TLS_VERIFY;
}

size_t tls_client_finish(struct tls_client *c, const uint8_t *from, size_t n,
			 uint8_t *to)
{
	static const uint8_t cipher[] = { TLS_CIPHER, 3, 3, 0, 1, 1 };
	uint8_t mine[64], got[64], type;
	size_t len = tls_record_len(from, n);

	/* ServerHello takes the session */
	CHECK(len > HELLO_SUITE && len <= n && from[0] == TLS_HANDSHAKE);
	CHECK(from[HELLO_SUITE - 2] == c->suite >> 8 &&
	      from[HELLO_SUITE - 1] == (c->suite & 0xff));
	memcpy(c->random[0], from + HELLO_RANDOM, sizeof(c->random[0]));
	add_to_transcript(c, from + TLS_HEAD, len - TLS_HEAD);
	make_keys(c);
	from += len;
	n -= len;
	/* the cipher changes, Finished */
	CHECK(n > sizeof(cipher) && !memcmp(from, cipher, sizeof(cipher)));
	from += sizeof(cipher);
	n -= sizeof(cipher);
	CHECK(tls_record_len(from, n) == n);
	CHECK(tls_client_open(c, from, n, got, &type) ==
	      (int)finished(c, "server finished", mine));
	CHECK(type == TLS_HANDSHAKE && !memcmp(got, mine, 4 + TLS_VERIFY));
	add_to_transcript(c, got, 4 + TLS_VERIFY);
	/* and so does the client */
	memcpy(to, cipher, sizeof(cipher));
	n = finished(c, "client finished", mine);
	return sizeof(cipher) + tls_client_seal(c, TLS_HANDSHAKE, mine, n,
						to + sizeof(cipher));
}

/* ---- records ---- */

static void put_word(uint8_t *to, size_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void put_sequence(uint8_t *to, uint64_t value)
{
	for (unsigned int i = 0; i < 8; i++)
		to[i] = (uint8_t)(value >> (56 - 8 * i));
}

/* What a record is sealed with besides its bytes. */
static void around(const struct tls_half *half, uint8_t type, size_t n,
		   uint8_t *more)
{
	put_sequence(more, half->sequence);
	more[8] = type;
	put_word(more + 9, VERSION);
	put_word(more + 11, n);
}

/* seen: the part of GCM's nonce that is in the record. */
static void nonce_of(const struct tls_client *c, const struct tls_half *half,
		     const uint8_t *seen, uint8_t *nonce)
{
	uint8_t sequence[8];

	memcpy(nonce, half->nonce, 12);
	if (is_gcm(c)) {
		memcpy(nonce + 4, seen, 8);
		return;
	}
	put_sequence(sequence, half->sequence);
	for (unsigned int i = 0; i < 8; i++)
		nonce[4 + i] ^= sequence[i];
}

size_t tls_client_seal(struct tls_client *c, uint8_t type, const void *from,
		       size_t n, uint8_t *to)
{
	struct tls_half *half = &c->to_server;
	size_t seen = is_gcm(c) ? 8 : 0;
	uint8_t nonce[12], more[13], *out = to + TLS_HEAD + seen;
	mbedtls_chachapoly_context chacha;
	mbedtls_gcm_context gcm;

	to[0] = type;
	put_word(to + 1, VERSION);
	put_word(to + 3, seen + n + 16);
	put_sequence(nonce, half->sequence);
	if (seen)
		memcpy(to + TLS_HEAD, nonce, seen);
	around(half, type, n, more);
	nonce_of(c, half, to + TLS_HEAD, nonce);
	if (is_gcm(c)) {
		mbedtls_gcm_init(&gcm);
		CHECK(!mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES,
					  half->key, 128) &&
		      !mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, n,
				nonce, 12, more, sizeof(more), from, out, 16,
				out + n));
		mbedtls_gcm_free(&gcm);
	} else {
		mbedtls_chachapoly_init(&chacha);
		CHECK(!mbedtls_chachapoly_setkey(&chacha, half->key) &&
		      !mbedtls_chachapoly_encrypt_and_tag(&chacha, n, nonce,
				more, sizeof(more), from, out, out + n));
		mbedtls_chachapoly_free(&chacha);
	}
	half->sequence++;
	return TLS_HEAD + seen + n + 16;
}

int tls_client_open(struct tls_client *c, const uint8_t *from, size_t n,
		    uint8_t *to, uint8_t *type)
{
	struct tls_half *half = &c->from_server;
	size_t seen = is_gcm(c) ? 8 : 0, head = TLS_HEAD + seen;
	uint8_t nonce[12], more[13];
	mbedtls_chachapoly_context chacha;
	mbedtls_gcm_context gcm;
	int result;

	if (n < head + 16 || tls_record_len(from, n) != n)
		return -1;
	*type = from[0];
	n -= head + 16;
	around(half, *type, n, more);
	nonce_of(c, half, from + TLS_HEAD, nonce);
	if (is_gcm(c)) {
		mbedtls_gcm_init(&gcm);
		result = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES,
					    half->key, 128) ?:
			mbedtls_gcm_auth_decrypt(&gcm, n, nonce, 12, more,
				sizeof(more), from + head + n, 16, from + head,
				to);
		mbedtls_gcm_free(&gcm);
	} else {
		mbedtls_chachapoly_init(&chacha);
		result = mbedtls_chachapoly_setkey(&chacha, half->key) ?:
			mbedtls_chachapoly_auth_decrypt(&chacha, n, nonce, more,
				sizeof(more), from + head + n, from + head, to);
		mbedtls_chachapoly_free(&chacha);
	}
	half->sequence++;
	return result ? -1 : (int)n;
}

size_t tls_record_len(const uint8_t *from, size_t n)
{
	return n < TLS_HEAD ? 0 : TLS_HEAD + (size_t)(from[3] << 8 | from[4]);
}
