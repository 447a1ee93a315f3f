/* SPDX-License-Identifier: MIT */
/* Wall time and its calendar; clock.c. */
#ifndef MGMT_CLOCK_H
#define MGMT_CLOCK_H

#include <stdint.h>
#include <time.h>

/* It is utc now, in seconds since 1970-01-01; 0: nobody knows. */
void clock_set(uint64_t utc);

/* The date and time of day of utc. */
void clock_split(uint64_t utc, struct tm *tm);

#endif
