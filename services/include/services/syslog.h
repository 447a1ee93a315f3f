/* SPDX-License-Identifier: MIT */
/*
 * How the log gets to the syslog server: netd's handler "syslog" answers a
 * MSG_BUF with a writable buffer for struct syslog_status, by its length.
 */
#ifndef SERVICES_SYSLOG_H
#define SERVICES_SYSLOG_H

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
};

struct syslog_status {
	char server[HOSTNAME_MAX];	/* as configured */
	char address[NETD_IP_MAX];	/* "": not known */
	uint16_t port;
	uint16_t pad;
	uint32_t state;			/* enum syslog_state */
	int32_t error;			/* of NO_NAME, as netd_resolve() */
	uint32_t pad2;
	uint64_t sent;			/* messages, of this netd */
	uint64_t lost;			/* bytes overwritten before */
	uint64_t failed;		/* messages not sent at first */
};

#endif
