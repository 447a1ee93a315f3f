/* SPDX-License-Identifier: MIT */
/*
 * The management service as `mgmtctl` sees it: netd's handler "mgmt" answers a
 * MSG_BUF with a writable buffer for struct mgmt_status, by its length.
 */
#ifndef SERVICES_MGMT_H
#define SERVICES_MGMT_H

#include <services/netd.h>
#include <stdint.h>

#define MGMT_HANDLER		"mgmt"

enum mgmt_state {
	MGMT_OFF,		/* neither password nor client CA */
	MGMT_NO_RANDOM,		/* nothing to make keys of */
	MGMT_FAILED,		/* error says why; the log, too */
	MGMT_RUNS,
};

enum mgmt_certificate_kind {
	MGMT_CERTIFICATE_OF_BOOT,	/* its key goes with netd */
	MGMT_CERTIFICATE_KEPT,		/* its key is the same at each boot */
	MGMT_CERTIFICATE_FILE,		/* tandem.crt and tandem.key */
};

#define MGMT_FINGERPRINT	32	/* bytes of SHA-256 */

struct mgmt_status {
	uint32_t state;			/* enum mgmt_state */
	int32_t error;
	char address[NETD_IP_MAX];	/* "": none yet */
	uint16_t port;
	uint8_t client_ca;		/* 1: client certificates are asked for */
	uint8_t certificate;		/* enum mgmt_certificate_kind */
	uint32_t pad;
	uint8_t fingerprint[MGMT_FINGERPRINT];	/* of the certificate, DER */
	/* now */
	uint32_t connections, handshakes;	/* established; half-open */
	uint32_t connections_max, handshakes_max;
	/* of this netd */
	uint64_t accepted;		/* TCP connections */
	uint64_t established;		/* handshakes done */
	uint64_t resumed;		/* ... of these, short ones */
	uint64_t requests;
	uint64_t refused_connections;	/* too many */
	uint64_t refused_handshakes;	/* too many half-open */
	uint64_t refused_share;		/* too many of one peer */
	uint64_t refused_memory;	/* too little of it */
	uint64_t failed_handshakes;	/* TLS said no */
	uint64_t late_handshakes;	/* ran out of time, or made room */
	uint64_t delayed_handshakes;	/* steps: computed for too long */
	uint64_t bad_records;		/* TLS said no after a handshake */
	uint64_t late_requests;		/* 408 */
	uint64_t bad_requests;		/* other 4xx and 5xx of the reader */
	uint64_t idle;			/* closed since nothing came */
	uint64_t stuck;			/* broken since nothing was taken */
	uint64_t handshake_us;		/* computing, all of them ... */
	uint64_t handshake_max_us;	/* ... and the longest step */
};

#endif
