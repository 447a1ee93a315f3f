/* SPDX-License-Identifier: MIT */
/*
 * Key and certificate of the management service. What the core's "identity" has
 * (tandem.crt, tandem.key) comes first. Else the service signs for itself: an
 * ECDSA key on P-256, made of the machine's seed, so that it is the same at each
 * boot, or else of random numbers; and a certificate for all addresses of the
 * machine (RFC 5280), made anew when these have changed. With the same key, addresses
 * and dates the certificate, too, is the same, byte by byte (RFC 6979).
 */
#include "clock.h"
#include "mgmt.h"
#include "names.h"
#include "settle.h"

#include <abi/mgmt.h>
#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <mbedtls/asn1write.h>
#include <mbedtls/hkdf.h>
#include <mbedtls/oid.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY		86400ull
#define VALID_DAYS	397		/* as much as browsers take */
#define RENEW_DAYS	300
#define KEY_MATERIAL	48		/* bytes; 128 bits more than the order has */
#define DER_MAX		2048
#define EXTENSION_MAX	512

mbedtls_x509_crt certificate;
mbedtls_pk_context certificate_key;
mbedtls_x509_crt certificate_client_ca;
bool certificate_has_client_ca;

static bool from_file;
static struct names certified;		/* what the certificate says */
static uint64_t renew_at;		/* wall time; 0: never */

/* ---- what the core has ---- */

static int ask(int desc, int what, void *to, size_t size)
{
	struct msg_buf buf = {
		.base = to, .len = (uint32_t)size, .writable = 1,
	};

	return msgsendbuf(desc, what, &buf, 1);
}

/* PEM needs an end, which is counted. NULL: there is none. */
static unsigned char *read_file(int desc, int what, size_t *len)
{
	unsigned char *text = calloc(1, MGMT_FILE_MAX + 1);
	int n = text ? ask(desc, what, text, MGMT_FILE_MAX) : -ENOMEM;

	if (n <= 0) {
		free(text);
		return NULL;
	}
	*len = (size_t)n + (strstr((char *)text, "-----BEGIN") ? 1 : 0);
	return text;
}

int certificate_parse(int desc, int what, mbedtls_x509_crt *crt)
{
	size_t len;
	unsigned char *text = read_file(desc, what, &len);
	int result;

	mbedtls_x509_crt_init(crt);
	if (!text)
		return -ENOENT;
	result = mbedtls_x509_crt_parse(crt, text, len) ? -EINVAL : 0;
	free(text);
	if (result)
		mbedtls_x509_crt_free(crt);
	return result;
}

static int parse_key(int desc, mbedtls_pk_context *key)
{
	size_t len;
	unsigned char *text = read_file(desc, MGMT_IDENTITY_KEY, &len);
	int result;

	if (!text)
		return -ENOENT;
	result = mbedtls_pk_parse_key(key, text, len, NULL, 0);
	mbedtls_platform_zeroize(text, MGMT_FILE_MAX);
	free(text);
	if (result || !mbedtls_pk_can_do(key, MBEDTLS_PK_ECDSA))
		return -EINVAL;
	return 0;
}

int certificate_from_files(int desc, mbedtls_x509_crt *crt,
			   mbedtls_pk_context *key)
{
	int error = certificate_parse(desc, MGMT_IDENTITY_CERTIFICATE, crt);

	if (error)
		return error;
	error = parse_key(desc, key);
	if (!error && mbedtls_pk_check_pair(&crt->pk, key))
		error = -EINVAL;
	if (!error)
		return 0;
	mbedtls_x509_crt_free(crt);
	mbedtls_pk_free(key);
	mbedtls_pk_init(key);
	return -EINVAL;
}

/* ---- the key ---- */

/*
 * d is the material modulo the order less 1, and 1 (FIPS 186-5, A.2.1), the
 * public key as many times the generator.
 */
static int key_of(const uint8_t *material, size_t len)
{
	mbedtls_ecp_keypair *ec;
	mbedtls_mpi order;
	int error = mbedtls_pk_setup(&certificate_key,
			mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));

	if (error)
		return -ENOMEM;
	ec = mbedtls_pk_ec(certificate_key);
	mbedtls_mpi_init(&order);
	error = mbedtls_ecp_group_load(&ec->grp, MBEDTLS_ECP_DP_SECP256R1) ||
		mbedtls_mpi_sub_int(&order, &ec->grp.N, 1) ||
		mbedtls_mpi_read_binary(&ec->d, material, len) ||
		mbedtls_mpi_mod_mpi(&ec->d, &ec->d, &order) ||
		mbedtls_mpi_add_int(&ec->d, &ec->d, 1) ||
		mbedtls_ecp_mul(&ec->grp, &ec->Q, &ec->d, &ec->grp.G,
				tls_random, NULL);
	mbedtls_mpi_free(&order);
	return error ? -EIO : 0;
}

static int make_key(const struct mgmt_identity *id)
{
	static const unsigned char what[] = "Tandem management key, P-256";
	uint8_t material[KEY_MATERIAL];
	int error = 0;

	netd_random(material, sizeof(material));
	if (id->seed_kind == MGMT_SEED_KEPT) {
		mgmt_status.certificate = MGMT_CERTIFICATE_KEPT;
		error = mbedtls_hkdf(mbedtls_md_info_from_type(
					MBEDTLS_MD_SHA256), NULL, 0,
				     id->seed, sizeof(id->seed), what,
				     sizeof(what) - 1, material,
				     sizeof(material));
	}
	if (!error)
		error = key_of(material, sizeof(material));
	mbedtls_platform_zeroize(material, sizeof(material));
	return error ? -EIO : 0;
}

/* ---- the certificate ---- */

/* subjectAltName: written from its end to its beginning, as all DER here. */
static int alternative_names(const struct names *now, uint8_t *start,
			     uint8_t **at)
{
	size_t len, all = 0;

	if (now->host[0]) {
		len = strlen(now->host);
		*at -= len;
		memcpy(*at, now->host, len);
		all += len;
		all += (size_t)mbedtls_asn1_write_len(at, start, len);
		all += (size_t)mbedtls_asn1_write_tag(at, start,
				MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2);
	}
	for (unsigned int i = now->n; i-- > 0;) {
		len = now->address[i].len;
		*at -= len;
		memcpy(*at, now->address[i].bytes, len);
		all += len;
		all += (size_t)mbedtls_asn1_write_len(at, start, len);
		all += (size_t)mbedtls_asn1_write_tag(at, start,
				MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7);
	}
	all += (size_t)mbedtls_asn1_write_len(at, start, all);
	all += (size_t)mbedtls_asn1_write_tag(at, start,
			MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE);
	return (int)all;
}

/* extendedKeyUsage: a server */
static const uint8_t for_servers[] = {
	0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01,
};

static void date_text(uint64_t utc, char text[16])
{
	struct tm tm;

	clock_split(utc, &tm);
	snprintf(text, 16, "%04d%02d%02d%02d%02d%02d",
		 (tm.tm_year + 1900) % 10000, tm.tm_mon + 1, tm.tm_mday,
		 tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static int set_validity(mbedtls_x509write_cert *w, char from[16], char to[16])
{
	uint64_t now = mgmt_wall_time();

	renew_at = 0;
	if (now > DAY) {
		date_text((now - DAY) / DAY * DAY, from);
		date_text((now - DAY) / DAY * DAY + VALID_DAYS * DAY, to);
		renew_at = now + RENEW_DAYS * DAY;
	} else {
		strlcpy(from, "20200101000000", 16);
		strlcpy(to, "99991231235959", 16);
	}
	return mbedtls_x509write_crt_set_validity(w, from, to);
}

/* The same for the same content: a digest of it. */
static int set_serial(mbedtls_x509write_cert *w, const uint8_t *names,
		      size_t n, const char from[16])
{
	mbedtls_ecp_keypair *ec = mbedtls_pk_ec(certificate_key);
	uint8_t text[EXTENSION_MAX + 80], digest[32];
	mbedtls_mpi serial;
	size_t len;
	int error;

	if (mbedtls_ecp_point_write_binary(&ec->grp, &ec->Q,
					   MBEDTLS_ECP_PF_UNCOMPRESSED, &len,
					   text, 65))
		return -1;
	memcpy(text + len, from, 14);
	memcpy(text + len + 14, names, n);
	if (mbedtls_sha256_ret(text, len + 14 + n, digest, 0))
		return -1;
	digest[0] = (uint8_t)((digest[0] & 0x7f) | 0x40);
	mbedtls_mpi_init(&serial);
	error = mbedtls_mpi_read_binary(&serial, digest, 16) ||
		mbedtls_x509write_crt_set_serial(w, &serial);
	mbedtls_mpi_free(&serial);
	return error;
}

static int write_certificate(mbedtls_x509write_cert *w,
			     const struct names *now, uint8_t *der)
{
	uint8_t names[EXTENSION_MAX], *at = names + sizeof(names);
	char from[16], to[16], subject[80];
	int n = alternative_names(now, names, &at);

	/* a name of X.500 has 64 characters at most */
	snprintf(subject, sizeof(subject), "O=Tandem,CN=%.63s",
		 now->host[0] ? now->host : "tandem");
	mbedtls_x509write_crt_set_version(w, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(w, MBEDTLS_MD_SHA256);
	mbedtls_x509write_crt_set_subject_key(w, &certificate_key);
	mbedtls_x509write_crt_set_issuer_key(w, &certificate_key);
	if (set_validity(w, from, to) ||
	    set_serial(w, at, (size_t)n, from) ||
	    mbedtls_x509write_crt_set_subject_name(w, subject) ||
	    mbedtls_x509write_crt_set_issuer_name(w, subject) ||
	    mbedtls_x509write_crt_set_basic_constraints(w, 0, 0) ||
	    mbedtls_x509write_crt_set_key_usage(w,
			MBEDTLS_X509_KU_DIGITAL_SIGNATURE) ||
	    mbedtls_x509write_crt_set_extension(w,
			MBEDTLS_OID_EXTENDED_KEY_USAGE,
			MBEDTLS_OID_SIZE(MBEDTLS_OID_EXTENDED_KEY_USAGE), 0,
			for_servers, sizeof(for_servers)) ||
	    mbedtls_x509write_crt_set_extension(w,
			MBEDTLS_OID_SUBJECT_ALT_NAME,
			MBEDTLS_OID_SIZE(MBEDTLS_OID_SUBJECT_ALT_NAME), 0,
			at, (size_t)n))
		return -1;
	return mbedtls_x509write_crt_der(w, der, DER_MAX, tls_random, NULL);
}

static int sign(const struct names *now)
{
	mbedtls_x509write_cert w;
	mbedtls_x509_crt made;
	uint8_t *der = malloc(DER_MAX);
	int len, error = -ENOMEM;

	if (!der)
		return -ENOMEM;
	mbedtls_x509write_crt_init(&w);
	mbedtls_x509_crt_init(&made);
	len = write_certificate(&w, now, der);
	if (len > 0)
		error = mbedtls_x509_crt_parse_der(&made, der + DER_MAX - len,
						   (size_t)len) ? -EIO : 0;
	if (!error) {
		/* handshakes have taken what they need of the old one */
		mbedtls_x509_crt_free(&certificate);
		certificate = made;
	} else {
		mbedtls_x509_crt_free(&made);
	}
	mbedtls_x509write_crt_free(&w);
	free(der);
	return error;
}

static void take_fingerprint(void)
{
	mbedtls_sha256_ret(certificate.raw.p, certificate.raw.len,
			   mgmt_status.fingerprint, 0);
}

int certificate_update(bool at_once)
{
	static struct settle settle;
	static struct names last;
	struct names now;
	bool expires = renew_at && mgmt_wall_time() > renew_at;
	bool stale, changed, due;
	int error;

	names_get(&now);
	stale = now.n && (expires || memcmp(&now, &certified, sizeof(now)));
	changed = memcmp(&now, &last, sizeof(now));
	last = now;
	due = settle_is_due(&settle, stale, changed, sys_time());
	/* one of the user's own is the same for all addresses */
	if (!due && !(stale && (at_once || (from_file && !certified.n))))
		return 0;
	strlcpy(mgmt_status.address, now.address[0].text,
		sizeof(mgmt_status.address));
	if (!from_file) {
		error = sign(&now);
		if (error)
			return error;
	}
	certified = now;
	take_fingerprint();
	return 1;
}

/* ---- the start ---- */

static void start_client_ca(int desc)
{
	int error = certificate_parse(desc, MGMT_IDENTITY_CLIENT_CA,
				      &certificate_client_ca);

	/* one that is for syslog servers alone may have another key */
	if (!error && !mbedtls_pk_can_do(&certificate_client_ca.pk,
					 MBEDTLS_PK_ECDSA))
		error = -EINVAL;
	certificate_has_client_ca = !error;
	mgmt_status.client_ca = !error;
	if (error == -EINVAL)
		domain_log(LOG_ERROR, "mgmt: tandem.ca is no certificate that "
			   "can be used (ECDSA on P-256): no client "
			   "certificates");
}

int certificate_random(const struct mgmt_identity *id)
{
	/* a seed that can be guessed is no source of random numbers */
	if (id->seed_kind == MGMT_SEED_OF_BOOT ||
	    id->seed_kind == MGMT_SEED_KEPT)
		return netd_random_add(id->seed, sizeof(id->seed));
	return netd_random_of_cpu() ? 0 : -ENODEV;
}

int certificate_open(struct mgmt_identity *id)
{
	int desc = msgopen(MGMT_IDENTITY_HANDLER);

	*id = (struct mgmt_identity){ .seed_kind = MGMT_SEED_NONE };
	if (desc < 0)
		return desc;
	if (ask(desc, MGMT_IDENTITY, id, sizeof(*id)))
		*id = (struct mgmt_identity){ 0 };
	clock_set(id->utc);
	return desc;
}

int certificate_start(bool wanted)
{
	struct mgmt_identity id;
	int desc = certificate_open(&id), error = -ENOENT;

	mbedtls_x509_crt_init(&certificate);
	mbedtls_pk_init(&certificate_key);
	if (desc >= 0 && id.client_ca)
		start_client_ca(desc);
	if (!wanted && !certificate_has_client_ca) {
		error = 1;
		goto out;
	}
	error = certificate_random(&id);
	if (error)
		goto out;
	error = desc >= 0 ? certificate_from_files(desc, &certificate,
						   &certificate_key) : -ENOENT;
	from_file = !error;
	if (from_file) {
		mgmt_status.certificate = MGMT_CERTIFICATE_FILE;
	} else {
		if (error == -EINVAL)
			domain_log(LOG_ERROR, "mgmt: tandem.crt and tandem.key "
				   "are no pair that can be used (ECDSA on "
				   "P-256): signs for itself");
		error = make_key(&id);
	}
out:
	mbedtls_platform_zeroize(&id, sizeof(id));
	if (desc >= 0)
		msgclose(desc);
	return error;
}
