/* SPDX-License-Identifier: MIT */
/* The time of day, from the machine's real-time clock. */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <tandem/types.h>

/*
 * Seconds since 1970-01-01 00:00 UTC, as the clock told them when the VMM
 * started or woke up; 0 if it told nonsense. It is taken to run in UTC.
 */
uint64_t clock_utc(void);

/*
 * What the clock's registers say, by read(register), as seconds since 1970;
 * 0: that is no date. century: the register of the century, 0: there is none.
 */
uint64_t clock_decode(uint8_t (*read)(uint8_t reg), uint8_t century);

#endif
