/* SPDX-License-Identifier: MIT */
/*
 * Is what a real-time clock says read as the C library reads the date, in BCD
 * and binary, with 12 and 24 hours, and is nonsense no date?
 */
#include "check.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../core/x86/regs.h"
static unsigned int index_now;
static uint8_t regs[128];
#define outb(port, v)	((void)(index_now = (v)))
#define inb(port)	(regs[index_now])
#include "../../core/clock.c"

#define CENTURY	0x32

static unsigned int checks;

void log_msg(enum log_level level __unused, const char *fmt __unused, ...)
{
}

uint64_t time_us(void)
{
	static uint64_t now;

	return now += 1000;
}

uint8_t acpi_century_register(void)
{
	return 0;
}

static uint8_t read_reg(uint8_t reg)
{
	return regs[reg];
}

static void put(uint8_t reg, int v)
{
	regs[reg] = (uint8_t)(regs[RTC_B] & RTC_BINARY ? v :
			      v / 10 * 16 + v % 10);
}

static void set(const struct tm *t, uint8_t b)
{
	int hour = t->tm_hour;

	regs[RTC_B] = b;
	put(RTC_SECONDS, t->tm_sec);
	put(RTC_MINUTES, t->tm_min);
	put(RTC_DAY, t->tm_mday);
	put(RTC_MONTH, t->tm_mon + 1);
	put(RTC_YEAR, t->tm_year % 100);
	put(CENTURY, t->tm_year / 100 + 19);
	if (!(b & RTC_24_HOURS))
		hour = hour % 12 ? hour % 12 : 12;
	put(RTC_HOURS, hour);
	if (!(b & RTC_24_HOURS) && t->tm_hour >= 12)
		regs[RTC_HOURS] |= RTC_PM;
}

static void dates_are_those_of_the_c_library(void)
{
	static const time_t some[] = {
		951782399, 951782400, 951868800,	/* 2000-02-28 to 03-01 */
		1704067199, 1709164800, 1709251200, 4107542399, 4107542400,
		1763780400, 7258118400,
	};

	for (uint8_t b = 0; b < 8; b += 2)
		for (time_t t = 0; t < 300; t++) {
			time_t at = t < 10 ? some[t] :
				    946684800 + t * 10723457 % 3155760000;
			struct tm tm;

			gmtime_r(&at, &tm);
			set(&tm, b);
			CHECK(clock_decode(read_reg, CENTURY) == (uint64_t)at);
			if (tm.tm_year < 200)
				CHECK(clock_decode(read_reg, 0) ==
				      (uint64_t)at);
		}
}

static bool is_date(int month, int day, int hour, int minute, int second)
{
	struct tm tm = { .tm_year = 123, .tm_mon = month - 1, .tm_mday = day,
			 .tm_hour = hour, .tm_min = minute, .tm_sec = second };

	set(&tm, RTC_24_HOURS | RTC_BINARY);
	return clock_decode(read_reg, CENTURY);
}

static void nonsense_is_no_date(void)
{
	CHECK(is_date(12, 31, 23, 59, 59) && is_date(2, 28, 0, 0, 0));
	CHECK(!is_date(0, 1, 0, 0, 0) && !is_date(13, 1, 0, 0, 0));
	CHECK(!is_date(1, 0, 0, 0, 0) && !is_date(4, 31, 0, 0, 0));
	CHECK(!is_date(2, 29, 0, 0, 0) && !is_date(1, 1, 24, 0, 0));
	CHECK(!is_date(1, 1, 0, 60, 0) && !is_date(1, 1, 0, 0, 60));
	for (int v = 0; v < 256; v += 255) {
		memset(regs, v, sizeof(regs));
		CHECK(!clock_decode(read_reg, 0) &&
		      !clock_decode(read_reg, CENTURY));
	}
	CHECK(is_date(1, 1, 0, 0, 0));
	regs[RTC_YEAR] = 100;
	CHECK(!clock_decode(read_reg, 0) && !clock_decode(read_reg, CENTURY));
	set(&(struct tm){ .tm_year = 123, .tm_mday = 1 }, RTC_24_HOURS);
	CHECK(clock_decode(read_reg, 0));
	regs[RTC_YEAR] = 0x2a;			/* not BCD */
	CHECK(!clock_decode(read_reg, 0));
	memset(regs, 0x1a, sizeof(regs));	/* neither BCD nor binary */
	regs[RTC_B] = RTC_24_HOURS;
	CHECK(!clock_decode(read_reg, 0));
}

/* The real-time clock goes on in S3, VMM time does not. */
static void a_sleep_is_counted(void)
{
	struct tm tm = { .tm_year = 126, .tm_mday = 1, .tm_hour = 12 };

	set(&tm, RTC_24_HOURS);
	CHECK(time_slept() == 0);
	clock_wake(true);		/* the clock was not known before */
	CHECK(clock_utc() && time_slept() == 0);
	tm.tm_hour = 14;
	set(&tm, RTC_24_HOURS);
	clock_wake(false);
	CHECK(time_slept() == 0);
	clock_wake(true);
	CHECK(time_slept() == 7200);
	clock_wake(true);
	CHECK(time_slept() == 7200);
}

int main(void)
{
	dates_are_those_of_the_c_library();
	nonsense_is_no_date();
	/* a clock that tells nothing: no date, and no wait without end */
	memset(regs, 0, sizeof(regs));
	clock_start();
	CHECK(clock_utc() == 0);
	a_sleep_is_counted();
	printf("%u checks\n", checks);
	return 0;
}
