/* SPDX-License-Identifier: MIT */
/*
 * Days become dates of the Gregorian calendar year by year and month by month:
 * that is short, and done a few times a second at most.
 */
#include <domain/utc.h>
#include <stdbool.h>
#include <stdio.h>

#define SECOND	1000000u
#define DAY	86400u

static bool is_leap(uint32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

void utc_text(uint64_t us, char text[UTC_TEXT])
{
	static const uint8_t days_of[12] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31,
	};
	uint64_t seconds = us / SECOND;
	uint32_t days = (uint32_t)(seconds / DAY), left = seconds % DAY;
	uint32_t year = 1970, month = 0, n;

	for (; year < 9999 && days >= 365u + is_leap(year); year++)
		days -= 365u + is_leap(year);
	for (; month < 11; month++, days -= n) {
		n = days_of[month] + (month == 1 && is_leap(year));
		if (days < n)
			break;
	}
	if (days > 30)
		days = 30;
	snprintf(text, UTC_TEXT, "%u-%02u-%02uT%02u:%02u:%02u.%06uZ", year,
		 month + 1, days + 1, left / 3600, left / 60 % 60, left % 60,
		 (uint32_t)(us % SECOND));
}
