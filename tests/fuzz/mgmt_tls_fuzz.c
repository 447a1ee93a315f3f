/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: what a client sends to the TLS server of the management service,
 * with mbedTLS, key, certificate and set-up as the service has them. Bytes from
 * the start, or behind a handshake that fits until an edit is made to it. No
 * handshake comes to its end: none of these clients knows a secret.
 */
#include "check.h"
#include "fuzz.h"

#include "mgmt_host.h"

#include <tls.c>

#include <mbedtls/ssl_cache.h>

static unsigned int checks;

#define STREAM_MAX	16384u

/* ---- the client ---- */

static const uint8_t hello[] = {
	0x16, 3, 1, 0, 0x59, 1, 0, 0, 0x55, 3, 3,
	'0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd',
	'e', 'f', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b',
	'c', 'd', 'e', 'f', 0,
	/* cipher suites, compression */
	0, 6, 0xcc, 0xa9, 0xc0, 0x2b, 0, 0xff, 1, 0,
	/* name, groups, formats, signatures, extended master secret */
	0, 0x26, 0, 0, 0, 8, 0, 6, 0, 0, 3, 'v', 'm', 'm',
	0, 0x0a, 0, 4, 0, 2, 0, 0x17, 0, 0x0b, 0, 2, 1, 0,
	0, 0x0d, 0, 4, 0, 2, 4, 3, 0, 0x17, 0, 0,
};

static const uint8_t key_exchange[] = {
	0x16, 3, 3, 0, 0x46, 0x10, 0, 0, 0x42, 0x41,
};

/* Change of the cipher; Finished of a client that has guessed the key. */
static const uint8_t finished[] = {
	0x14, 3, 3, 0, 1, 1, 0x16, 3, 3, 0, 0x20,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
};

struct stream {
	uint8_t bytes[STREAM_MAX];
	size_t n, at, step;
	bool pause, paused;
};

static void add(struct stream *s, const void *bytes, size_t n)
{
	if (n > STREAM_MAX - s->n)
		n = STREAM_MAX - s->n;
	memcpy(s->bytes + s->n, bytes, n);
	s->n += n;
}

/* The client has the server's certificate; but not its key. */
static void add_certificate(struct stream *s)
{
	size_t n = certificate.raw.len;
	const uint8_t head[] = {
		0x16, 3, 3, (uint8_t)((n + 10) >> 8), (uint8_t)(n + 10),
		11, 0, (uint8_t)((n + 6) >> 8), (uint8_t)(n + 6),
		0, (uint8_t)((n + 3) >> 8), (uint8_t)(n + 3),
		0, (uint8_t)(n >> 8), (uint8_t)n,
	};

	add(s, head, sizeof(head));
	add(s, certificate.raw.p, n);
}

static void add_key_exchange(struct stream *s)
{
	mbedtls_ecp_keypair *ec = mbedtls_pk_ec(certificate_key);
	uint8_t point[65];
	size_t n;

	CHECK(!mbedtls_ecp_point_write_binary(&ec->grp, &ec->Q,
			MBEDTLS_ECP_PF_UNCOMPRESSED, &n, point,
			sizeof(point)));
	add(s, key_exchange, sizeof(key_exchange));
	add(s, point, n);
}

static int from_client(void *arg, unsigned char *to, size_t len)
{
	struct stream *s = arg;

	s->paused = s->pause && !s->paused;
	if (s->paused)
		return MBEDTLS_ERR_SSL_WANT_READ;
	if (len > s->n - s->at)
		len = s->n - s->at;
	if (len > s->step)
		len = s->step;
	memcpy(to, s->bytes + s->at, len);
	s->at += len;
	return (int)len;		/* 0: it has closed */
}

static int to_client(void *arg, const unsigned char *from, size_t len)
{
	uint8_t sum = 0;

	(void)arg;
	for (size_t i = 0; i < len; i++)
		sum ^= from[i];
	*(volatile uint8_t *)&sum;	/* all of it can be read */
	return (int)len;
}

/* ---- the server ---- */

static void start(void)
{
	static bool done;

	if (done)
		return;
	mgmt_host_certify();
	done = true;
}

static void serve(struct stream *s)
{
	mbedtls_ssl_cache_context cache;
	mbedtls_ssl_config conf;
	mbedtls_ssl_context ssl;
	unsigned int calls = 0;
	int result;

	mbedtls_ssl_config_init(&conf);
	mbedtls_ssl_init(&ssl);
	mbedtls_ssl_cache_init(&cache);
	CHECK(!mbedtls_ssl_config_defaults(&conf, MBEDTLS_SSL_IS_SERVER,
					   MBEDTLS_SSL_TRANSPORT_STREAM,
					   MBEDTLS_SSL_PRESET_DEFAULT));
	mbedtls_ssl_conf_session_cache(&conf, &cache, mbedtls_ssl_cache_get,
				       mbedtls_ssl_cache_set);
	CHECK(!set_up(&conf, &mgmt_host_server) && !mbedtls_ssl_setup(&ssl, &conf));
	mbedtls_ssl_set_bio(&ssl, s, to_client, from_client, NULL);
	do {
		result = mbedtls_ssl_handshake(&ssl);
		CHECK(calls++ <= 2 * STREAM_MAX + 16);
	} while (result == MBEDTLS_ERR_SSL_WANT_READ);
	if (getenv("FUZZ_LOG"))
		printf("state %d, -%#x\n", ssl.state, (unsigned int)-result);
	CHECK(result && !is_over(&ssl));
	mbedtls_ssl_free(&ssl);
	mbedtls_ssl_config_free(&conf);
	mbedtls_ssl_cache_free(&cache);
}

/*
 * Which messages of the handshake, whether a client CA is known; the size of
 * pieces; up to 15 edits (offset, what is exclusive-or'ed); more bytes.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	uint8_t what = fuzz_byte(&in), how = fuzz_byte(&in);
	struct stream *s = calloc(1, sizeof(*s));
	uint8_t rest[2048];

	start();
	host_random = 1;
	mgmt_host_server.client_ca = what & 16 ? &certificate : NULL;
	s->step = 1 + (size_t)(how >> 4) * (how >> 4) * 64;
	s->pause = what & 32;
	if (what & 1)
		add(s, hello, sizeof(hello));
	if (what & 2)
		add_certificate(s);
	if (what & 4)
		add_key_exchange(s);
	if (what & 8)
		add(s, finished, sizeof(finished));
	for (unsigned int i = how & 15; i > 0 && s->n; i--) {
		size_t at = fuzz_word(&in) % s->n;

		s->bytes[at] ^= fuzz_byte(&in);
	}
	add(s, rest, fuzz_bytes(&in, rest, sizeof(rest)));
	serve(s);
	free(s);
	return 0;
}

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\0\x20\x16\3\1\0\4\1\0\0\0"),
	FUZZ_SEED("\0\x30GET / HTTP/1.1\r\n\r\n"),
	FUZZ_SEED("\1\x20\x15\3\3\0\2\2\x28"),
	FUZZ_SEED("\x0d\x40"),
	FUZZ_SEED("\x2d\0"),
	FUZZ_SEED("\x1f\xf0"),
	FUZZ_SEED("\x1f\x21\x80\0\1"),
	/* CertificateVerify: a signature of 1 and 1 */
	FUZZ_SEED("\x17\x20\x16\3\3\0\x10\x0f\0\0\x0c\4\3\0\x08"
		  "\x30\6\2\1\1\2\1\1"),
	FUZZ_SEED("\x11\x50\x16\3\3\0\7\x0b\0\0\3\0\0\0"),
	FUZZ_SEED("\1\x42\x2b\0\x20\x2c\0\1"),
	{ NULL, 0 },
};
