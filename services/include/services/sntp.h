/* SPDX-License-Identifier: MIT */
/*
 * The clock: netd's handler "sntp" answers a MSG_BUF with a writable buffer for
 * struct sntp_status, by its length.
 */
#ifndef SERVICES_SNTP_H
#define SERVICES_SNTP_H

#include <stdint.h>
#include <tandem/hostname.h>

#define SNTP_HANDLER		"sntp"

struct sntp_status {
	char server[HOSTNAME_MAX];	/* "": none is asked */
	uint64_t utc;			/* now, us since 1970; 0: not known */
	uint64_t age;			/* us since it was set */
	uint64_t asked, taken, refused;	/* questions, answers */
};

/* netd's own: UTC at this VMM time, see netd_utc(). */
uint64_t sntp_utc(uint64_t us);

#endif
