/* SPDX-License-Identifier: MIT */
/* Which syslog server is believed to be the one: TLS as a client. */
#ifndef SYSLOG_TRUST_H
#define SYSLOG_TRUST_H

#include <mbedtls/ssl.h>
#include <services/netd.h>

/*
 * The set-up of all connections to the server s, which is kept, for as long as
 * netd lives. 0; -ENOENT: there is nothing to know the server by; -EINVAL:
 * tandem.ca is no certificate; -ENODEV: there are no random numbers; -ENOMEM;
 * -EIO.
 */
int trust_start(const struct netd_syslog *s);

const mbedtls_ssl_config *trust_config(void);

/*
 * Name a new connection's server, before its handshake; address: as text, by
 * which it is reached. Below 0: no memory.
 */
int trust_name(mbedtls_ssl_context *ssl, const char *address);

/*
 * The handshake is over: why the server is not believed, in words that follow
 * "the server"; NULL: it is.
 */
const char *trust_refuses(const mbedtls_ssl_context *ssl);

#endif
