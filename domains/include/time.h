/* SPDX-License-Identifier: MIT */
/* The part of C11 7.27 that mbedTLS asks for; services/mgmt/clock.c has it. */
#ifndef DOMAIN_TIME_H
#define DOMAIN_TIME_H

typedef long time_t;

struct tm {
	int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year;
};

/* Seconds since 1970-01-01 UTC, or since the VMM's start if that is unknown. */
time_t time(time_t *also);

#endif
