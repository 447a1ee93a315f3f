/* SPDX-License-Identifier: MIT */
/*
 * Between the parts of the management service's foundation: gate.c (connections
 * and requests), answer.c (answers, for lwIP's httpd), certificate.c, mgmt.c (the
 * service). TLS is services/tls.h.
 */
#ifndef MGMT_MGMT_H
#define MGMT_MGMT_H

#include "http.h"
#include "reader.h"

#include <lwip/altcp.h>
#include <mbedtls/ssl.h>
#include <services/mgmt.h>
#include <services/tls.h>

/* What `mgmtctl status` shows; each part counts its own. */
extern struct mgmt_status mgmt_status;

/* ---- gate.c ---- */

struct gate;

/*
 * The gate is an altcp layer above TLS that hands whole requests to the one above
 * it. s is the TLS server of those that httpd makes from now on.
 */
void gate_server(struct tls_server *s);

/* Each second: what has waited too long. */
void gate_tick(void);

/* The answer to its request has gone, or never will: g may read on. */
void gate_answered(struct gate *g, bool go_on);

/* ---- answer.c ---- */

/*
 * An answer to r's request; status is that to refuse it with, or 0. NULL: no
 * memory. The answer's number is where httpd finds it.
 */
struct mgmt_answer *answer_new(struct gate *g, const struct mgmt_reader *r,
			       int status);
unsigned int answer_number(const struct mgmt_answer *a);

/* The reason phrase of a status. */
const char *answer_reason(int status);

/* Its gate is no more. */
void answer_orphan(struct mgmt_answer *a);

/* Each second: long polls that are late. */
void answer_tick(void);

/* A fault while it is sent: its connection has to be broken. */
bool answer_is_broken(const struct mgmt_answer *a);

/* It goes to somebody who has not logged in. */
bool answer_is_for_stranger(const struct mgmt_answer *a);

/* ---- dispatch.c ---- */

/* Has q's route make the answer; refused: the status to refuse it with, or 0. */
void dispatch(struct mgmt_request *q, struct mgmt_answer *a, int refused);

/* ---- certificate.c ---- */

extern mbedtls_x509_crt certificate;
extern mbedtls_pk_context certificate_key;
extern mbedtls_x509_crt certificate_client_ca;
extern bool certificate_has_client_ca;

/*
 * Key and what is configured. wanted: also if there is no client CA. 0, 1: there
 * is none, or -errno when there can be no service; -ENODEV: for want of random
 * numbers.
 */
int certificate_start(bool wanted);

/*
 * Each second. Makes the certificate, or makes it anew if the addresses are others
 * than in the last one and stay (settle.h), or at once if a server begins that
 * cannot do without. 1: it did, 0: all is as it was, or -errno.
 */
int certificate_update(bool at_once);

/* ---- certificate.c, for TLS clients in netd, too ---- */

struct mgmt_identity;

/*
 * What the core's "identity" tells; sets the clock by it. A descriptor to
 * ask for files, which the caller closes, or -errno, and then nothing is known.
 */
int certificate_open(struct mgmt_identity *id);

/* Mixes the seed in. 0; -ENODEV: there is no source to make keys of; -EIO. */
int certificate_random(const struct mgmt_identity *id);

/*
 * One file (MGMT_IDENTITY_CERTIFICATE, _CLIENT_CA) into *crt, which is freed by
 * the caller if that is 0. -ENOENT: there is none; -EINVAL: nothing that can be
 * read.
 */
int certificate_parse(int desc, int what, mbedtls_x509_crt *crt);

/*
 * tandem.crt and tandem.key, into what is initialised; both freed by the caller
 * if that is 0. -ENOENT: there are none; -EINVAL: no pair that can be used.
 */
int certificate_from_files(int desc, mbedtls_x509_crt *crt,
			   mbedtls_pk_context *key);

#endif
