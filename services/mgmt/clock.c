/* SPDX-License-Identifier: MIT */
/*
 * Wall time, as the core's "identity" tells it once, and the calendar that
 * mbedTLS and certificates need (days from a date: proleptic Gregorian, UTC).
 */
#include "clock.h"
#include "mgmt.h"

#include <domain/syscall.h>
#include <mbedtls/platform_util.h>

#define SECOND		1000000ull
#define DAY		86400u
#define ERA_DAYS	146097u		/* 400 years */
#define TO_1970		719468u		/* days, from 0000-03-01 */

static uint64_t utc_at_zero;		/* wall time at VMM time 0; 0: unknown */

/* Seconds, sleep included. */
static uint64_t since_start(void)
{
	return sys_time() / SECOND + netd_slept();
}

void clock_set(uint64_t utc)
{
	uint64_t up = since_start();

	utc_at_zero = utc > up ? utc - up : 0;
}

/* A time server (SNTP) knows better than the machine's clock. */
uint64_t mgmt_wall_time(void)
{
	uint64_t now = netd_utc(sys_time());

	if (now)
		return now / SECOND;
	return utc_at_zero ? utc_at_zero + since_start() : 0;
}

time_t time(time_t *also)
{
	uint64_t now = mgmt_wall_time();

	/* time passes where the date is not known, too: sessions expire */
	if (!now)
		now = since_start();

	if (also)
		*also = (time_t)now;
	return (time_t)now;
}

void clock_split(uint64_t utc, struct tm *tm)
{
	uint64_t days = utc / DAY + TO_1970;
	uint32_t of_day = (uint32_t)(utc % DAY);
	uint32_t era_day = (uint32_t)(days % ERA_DAYS);
	/* leap days of the era before that day are left out */
	uint32_t year = (era_day - era_day / 1460 + era_day / 36524 -
			 era_day / 146096) / 365;
	uint32_t year_day = era_day - (365 * year + year / 4 - year / 100);
	uint32_t month = (5 * year_day + 2) / 153;	/* from March */

	tm->tm_mday = (int)(year_day - (153 * month + 2) / 5 + 1);
	tm->tm_mon = (int)(month < 10 ? month + 2 : month - 10);
	tm->tm_year = (int)(days / ERA_DAYS * 400 + year) - 1900 +
		      (month >= 10);
	tm->tm_hour = (int)(of_day / 3600);
	tm->tm_min = (int)(of_day / 60 % 60);
	tm->tm_sec = (int)(of_day % 60);
}

struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *when,
				     struct tm *tm)
{
	clock_split(*when > 0 ? (uint64_t)*when : 0, tm);
	return tm;
}
