/* SPDX-License-Identifier: MIT */
/*
 * TLS 1.2 as a client of a syslog server (RFC 5425, section 5), and whether the
 * server is the one: by the SHA-256 of its certificate, if one is configured;
 * else the certificate has to be signed by tandem.ca, be valid now, and be for
 * the name that is configured, or for the address, if that is what is.
 *
 * The handshake is let end in any case, and what is known about the certificate
 * is looked at before the first byte is sent: so there is one place that says no,
 * and why. To a server that asks tandem.crt is shown, if there is one.
 */
#include "trust.h"

#include "../mgmt/mgmt.h"

#include <abi/mgmt.h>
#include <domain/syscall.h>
#include <errno.h>
#include <lwip/ip_addr.h>
#include <mbedtls/oid.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <string.h>
#include <tandem/hostname.h>

#define RSA_BITS_MIN	2048u

static struct netd_syslog server;
static bool named;			/* by a name; else by an address */
static ip_addr_t reached;		/* the address, if not named */
static mbedtls_ssl_config config;
static mbedtls_x509_crt ca, own;
static mbedtls_pk_context own_key;

static const int suites[] = {
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, 0
};

static const mbedtls_ecp_group_id curves[] = {
	MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_NONE
};

static const int hashes[] = {
	MBEDTLS_MD_SHA256, MBEDTLS_MD_SHA384, MBEDTLS_MD_SHA512,
	MBEDTLS_MD_NONE
};

static const mbedtls_x509_crt_profile profile = {
	.allowed_mds = MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
	.allowed_pks = MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) |
		       MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_RSA),
	.allowed_curves = MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1),
	.rsa_min_bitlen = RSA_BITS_MIN,
};

/* A machine that does not know the time cannot say what has expired. */
static int verify(void *unused, mbedtls_x509_crt *crt, int depth,
		  uint32_t *flags)
{
	(void)unused, (void)crt, (void)depth;
	if (!mgmt_wall_time())
		*flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED |
				      MBEDTLS_X509_BADCERT_FUTURE);
	return 0;
}

static int set_up(bool has_ca, bool has_own)
{
	mbedtls_ssl_config *c = &config;

	mbedtls_ssl_config_init(c);
	if (mbedtls_ssl_config_defaults(c, MBEDTLS_SSL_IS_CLIENT,
					MBEDTLS_SSL_TRANSPORT_STREAM,
					MBEDTLS_SSL_PRESET_DEFAULT))
		return -ENOMEM;
	mbedtls_ssl_conf_min_version(c, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_max_version(c, MBEDTLS_SSL_MAJOR_VERSION_3,
				     MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_ciphersuites(c, suites);
	mbedtls_ssl_conf_curves(c, curves);
	mbedtls_ssl_conf_sig_hashes(c, hashes);
	mbedtls_ssl_conf_cert_profile(c, &profile);
	mbedtls_ssl_conf_rng(c, tls_random, NULL);
	mbedtls_ssl_conf_authmode(c, MBEDTLS_SSL_VERIFY_OPTIONAL);
	mbedtls_ssl_conf_verify(c, verify, NULL);
	if (has_ca)
		mbedtls_ssl_conf_ca_chain(c, &ca, NULL);
	if (has_own && mbedtls_ssl_conf_own_cert(c, &own, &own_key))
		return -ENOMEM;
	return 0;
}

int trust_start(const struct netd_syslog *s)
{
	struct mgmt_identity id;
	int desc = certificate_open(&id), error;
	bool has_own;

	server = *s;
	named = !ipaddr_aton(server.server, &reached);
	mbedtls_x509_crt_init(&ca);
	mbedtls_x509_crt_init(&own);
	mbedtls_pk_init(&own_key);
	error = certificate_random(&id);
	mbedtls_platform_zeroize(&id, sizeof(id));
	if (!error && !server.pinned)
		error = desc < 0 ? -ENOENT :
			certificate_parse(desc, MGMT_IDENTITY_CLIENT_CA, &ca);
	if (!error) {
		has_own = desc >= 0 &&
			  !certificate_from_files(desc, &own, &own_key);
		error = set_up(!server.pinned, has_own);
	}
	if (desc >= 0)
		msgclose(desc);
	return error;
}

const mbedtls_ssl_config *trust_config(void)
{
	return &config;
}

/* mbedTLS compares names; with an address there is none to ask for (SNI). */
int trust_name(mbedtls_ssl_context *ssl, const char *address)
{
	if (!named)
		ipaddr_aton(address, &reached);
	return mbedtls_ssl_set_hostname(ssl, named ? server.server : NULL);
}

/* Does the certificate say that it is for the address that we reached? */
static bool is_for_address(const mbedtls_x509_crt *crt)
{
	const mbedtls_x509_sequence *s = &crt->subject_alt_names;
	const void *want = ip_2_ip4(&reached);
	size_t len = sizeof(ip_2_ip4(&reached)->addr);

#if LWIP_IPV6
	if (IP_IS_V6(&reached)) {
		want = ip_2_ip6(&reached)->addr;
		len = sizeof(ip_2_ip6(&reached)->addr);
	}
#endif
	/* iPAddress (RFC 5280, 4.2.1.6) */
	for (; s; s = s->next)
		if (s->buf.tag == (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7) &&
		    s->buf.len == len && !memcmp(s->buf.p, want, len))
			return true;
	return false;
}

static const char *by_flags(uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *why;
	} reasons[] = {
		{ MBEDTLS_X509_BADCERT_NOT_TRUSTED,
		  "has a certificate that tandem.ca has not signed" },
		{ MBEDTLS_X509_BADCERT_EXPIRED,
		  "has a certificate that has expired" },
		{ MBEDTLS_X509_BADCERT_FUTURE,
		  "has a certificate that is not valid yet" },
		{ MBEDTLS_X509_BADCERT_CN_MISMATCH,
		  "has a certificate for another name" },
		{ MBEDTLS_X509_BADCERT_KEY_USAGE |
		  MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
		  MBEDTLS_X509_BADCERT_NS_CERT_TYPE,
		  "has a certificate that is not for a server" },
		{ MBEDTLS_X509_BADCERT_BAD_KEY | MBEDTLS_X509_BADCERT_BAD_PK |
		  MBEDTLS_X509_BADCERT_BAD_MD,
		  "has a certificate whose key or signature is too weak" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (flags & reasons[i].flag)
			return reasons[i].why;
	return flags ? "has a certificate that is not valid" : NULL;
}

const char *trust_refuses(const mbedtls_ssl_context *ssl)
{
	const mbedtls_x509_crt *crt = mbedtls_ssl_get_peer_cert(ssl);
	uint8_t digest[sizeof(server.fingerprint)];
	const char *why;

	if (!crt)
		return "shows no certificate";
	if (server.pinned) {
		if (mbedtls_sha256_ret(crt->raw.p, crt->raw.len, digest, 0) ||
		    memcmp(digest, server.fingerprint, sizeof(digest)) != 0)
			return "has another certificate than "
			       "syslog.fingerprint says";
		return NULL;
	}
	why = by_flags(mbedtls_ssl_get_verify_result(ssl));
	if (!why && !named && !is_for_address(crt))
		why = "has a certificate for another address";
	return why;
}
