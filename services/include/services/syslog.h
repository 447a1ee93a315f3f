/* SPDX-License-Identifier: MIT */
/*
 * How the log gets to the syslog server: netd's handler "syslog" answers a
 * MSG_BUF with a writable buffer for struct syslog_status, by its length.
 */
#ifndef SERVICES_SYSLOG_H
#define SERVICES_SYSLOG_H

#include <errno.h>
#include <services/netd.h>
#include <stdint.h>
#include <tandem/hostname.h>

#define SYSLOG_HANDLER		"syslog"

enum syslog_state {
	SYSLOG_OFF,
	SYSLOG_ASKS,		/* DNS, for the server's address */
	SYSLOG_NO_NAME,		/* ... without success: error */
	SYSLOG_WAITS,		/* for link, own address, route or neighbour */
	SYSLOG_SENDS,
	/* by TLS only */
	SYSLOG_NO_TRUST,	/* nothing to know the server by: error */
	SYSLOG_CONNECTS,
	SYSLOG_REFUSED,		/* the server is not the one: why */
	SYSLOG_BROKEN,		/* no connection: why */
};

#define SYSLOG_WHY_MAX	64

struct syslog_status {
	char server[HOSTNAME_MAX];	/* as configured */
	char address[NETD_IP_MAX];	/* "": not known */
	uint16_t port;
	uint8_t tls;			/* 1; 0: by UDP */
	uint8_t pad;
	uint32_t state;			/* enum syslog_state */
	int32_t error;			/* of NO_NAME, as netd_resolve() */
	uint32_t pad2;
	uint64_t sent;			/* messages, of this netd */
	uint64_t lost;			/* bytes overwritten before */
	uint64_t failed;		/* messages not sent at first */
	/* by TLS: connections made, servers refused, connections that broke
	 * or were never made */
	uint64_t connections, refused, broken;
	char why[SYSLOG_WHY_MAX];	/* the last one: "the server ..." */
};

/* The error of SYSLOG_NO_TRUST, in words. */
static inline const char *syslog_no_trust(int error)
{
	switch (error) {
	case -ENOENT:	return "neither tandem.ca nor syslog.fingerprint says "
			       "who the server is";
	case -EINVAL:	return "tandem.ca is no certificate that can be used";
	case -ENODEV:	return "neither CPU nor firmware has a random number "
			       "generator for TLS";
	default:	return "TLS cannot be set up";
	}
}

#endif
