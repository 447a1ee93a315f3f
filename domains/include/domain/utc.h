/* SPDX-License-Identifier: MIT */
/* Points in time as text. */
#ifndef DOMAIN_UTC_H
#define DOMAIN_UTC_H

#include <stdint.h>

#define UTC_TEXT	32

/*
 * "2026-11-22T03:40:00.000001Z" (RFC 3339), of microseconds since the beginning of
 * 1970 in UTC, without leap seconds; up to the year 9999.
 */
void utc_text(uint64_t us, char text[UTC_TEXT]);

#endif
