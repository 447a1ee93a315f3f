/* SPDX-License-Identifier: MIT */
/*
 * TLS servers in netd (services/mgmt/tls.c): TLS 1.2, ECDHE with AEAD ciphers,
 * on lwIP's altcp, all with the identity of the management service. Called by
 * netd's one thread, as lwIP is.
 */
#ifndef SERVICES_TLS_H
#define SERVICES_TLS_H

#include <lwip/altcp.h>
#include <mbedtls/ssl.h>
#include <stdbool.h>
#include <stdint.h>

/* One server; stays as long as anything of it. */
struct tls_server {
	mbedtls_x509_crt *certificate;
	mbedtls_pk_context *key;
	mbedtls_x509_crt *client_ca;	/* NULL: no client is asked for one */
	size_t window;			/* of a new connection, bytes */
	/* A step of a handshake has taken us; a session was taken up again. */
	void (*worked)(uint64_t us);
	void (*resumed)(void);
	/* What came is no record of this session. */
	void (*bad_record)(void);
	/* A step waits: handshakes have used their share of the time. */
	void (*delayed)(void);
	struct altcp_tls_config *config;	/* tls.c's: NULL at first */
};

/*
 * The identity of this machine, made if there is none yet, and kept up to date
 * from then on: the certificate itself comes with the first address. 0; -ENODEV:
 * there are no random numbers to make a key of; or another -errno.
 */
int tls_identity(mbedtls_x509_crt **certificate, mbedtls_pk_context **key);

/* A connection to bind and to listen with. NULL: no memory. */
struct altcp_pcb *tls_new(struct tls_server *s, uint8_t ip_type);

/*
 * Before a connection's first byte; then before its last: what the client has
 * sent and nobody has read is forgotten.
 */
void tls_begin(struct altcp_pcb *tls);
void tls_end(struct altcp_pcb *tls);

/*
 * For each poll of a connection, after what is above it has been called: one whose
 * client has said its last, or something that is wrong, ends as if the client had
 * closed it. It may be gone afterwards.
 */
err_t tls_go_on(struct altcp_pcb *tls);

/* The handshake is done; the client has shown a certificate that is good. */
bool tls_has_client(struct altcp_pcb *tls);

/*
 * Resets connections of that port which were closed a minute ago, and of which
 * the other side does not take the last bytes. How many; ask each second.
 */
unsigned int tls_end_closed(uint16_t port);

/* mbedTLS's source of random numbers. */
int tls_random(void *unused, unsigned char *to, size_t len);

#endif
