/* SPDX-License-Identifier: MIT */
/*
 * The time of day: read once from the real-time clock of every PC (MC146818,
 * ports 0x70 and 0x71), before the guest runs, and again after a sleep, over
 * which the VMM's own time stands still. In between it belongs to the guest,
 * which may also set it.
 */
#include "clock.h"
#include "acpi.h"
#include "x86/regs.h"

#define LOG_PREFIX "clock: "
#include <tandem/init.h>
#include <tandem/log.h>
#include <tandem/timer.h>

#define RTC_INDEX		0x70
#define RTC_DATA		0x71

#define RTC_SECONDS		0x00
#define RTC_MINUTES		0x02
#define RTC_HOURS		0x04
#define   RTC_PM		BIT(7)
#define RTC_DAY			0x07
#define RTC_MONTH		0x08
#define RTC_YEAR		0x09
#define RTC_A			0x0a
#define   RTC_UPDATE		BIT(7)
#define RTC_B			0x0b
#define   RTC_24_HOURS		BIT(1)
#define   RTC_BINARY		BIT(2)

/* an update takes 2 ms; a clock that is always in one is none */
#define UPDATE_LIMIT_US		10000u
#define TRIES			4

struct date {
	unsigned int year, month, day, hour, minute, second;
};

static uint64_t utc_then, then;		/* utc_then: at time_us() then */
static uint64_t slept;			/* seconds */

/* BCD or binary, as register B says; above 99 if it is neither. */
static unsigned int number(uint8_t v, bool binary)
{
	if (binary)
		return v;
	return (v & 15) > 9 ? 255 : (v >> 4) * 10u + (v & 15);
}

static struct date read_date(uint8_t (*read)(uint8_t reg), uint8_t century)
{
	uint8_t b = read(RTC_B), hour = read(RTC_HOURS);
	bool binary = b & RTC_BINARY;
	struct date d = {
		.second = number(read(RTC_SECONDS), binary),
		.minute = number(read(RTC_MINUTES), binary),
		.hour = number(hour, binary),
		.day = number(read(RTC_DAY), binary),
		.month = number(read(RTC_MONTH), binary),
		.year = number(read(RTC_YEAR), binary),
	};
	unsigned int c = century ? number(read(century), binary) : 0;

	if (!(b & RTC_24_HOURS)) {
		d.hour = number(hour & ~RTC_PM, binary);
		if (!d.hour || d.hour > 12)
			d.hour = 255;
		else
			d.hour = d.hour % 12 + (hour & RTC_PM ? 12 : 0);
	}
	/* where the register is something else, this one is right till 2099 */
	if (d.year <= 99)
		d.year += (c >= 19 && c <= 25 ? c : 20) * 100;
	return d;
}

static bool is_leap(unsigned int year)
{
	return (year % 4 == 0 && year % 100) || year % 400 == 0;
}

static uint64_t seconds_of(const struct date *d)
{
	static const uint8_t lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30,
					   31, 30, 31 };
	uint64_t days = 0;

	if (d->month < 1 || d->month > 12 || d->day < 1 ||
	    d->day > lengths[d->month - 1] +
		     (unsigned int)(d->month == 2 && is_leap(d->year)) ||
	    d->hour > 23 || d->minute > 59 || d->second > 59 ||
	    d->year < 1970 || d->year > 2599)
		return 0;
	for (unsigned int y = 1970; y < d->year; y++)
		days += is_leap(y) ? 366 : 365;
	for (unsigned int m = 1; m < d->month; m++)
		days += lengths[m - 1] +
			(unsigned int)(m == 2 && is_leap(d->year));
	days += d->day - 1;
	return ((days * 24 + d->hour) * 60 + d->minute) * 60 + d->second;
}

uint64_t clock_decode(uint8_t (*read)(uint8_t reg), uint8_t century)
{
	struct date d = read_date(read, century);

	return seconds_of(&d);
}

uint64_t clock_utc(void)
{
	return utc_then ? utc_then + (time_us() - then) / 1000000 : 0;
}

uint64_t time_slept(void)
{
	return slept;
}

static uint8_t rtc_read(uint8_t reg)
{
	outb(RTC_INDEX, reg);
	return inb(RTC_DATA);
}

/* Not in the middle of an update: twice the same, or it is asked again. */
static void read_clock(void)
{
	uint8_t century = acpi_century_register();
	uint64_t first = 0;

	utc_then = 0;
	for (unsigned int i = 0; i < TRIES; i++) {
		uint64_t limit = time_us() + UPDATE_LIMIT_US, now;

		while (rtc_read(RTC_A) & RTC_UPDATE)
			if (time_us() > limit)
				return;
		now = clock_decode(rtc_read, century);
		if (now && now == first) {
			utc_then = now;
			then = time_us();
			return;
		}
		first = now;
	}
}

static int clock_start(void)
{
	read_clock();
	if (utc_then)
		log_info("%lu s since 1970 by the real-time clock", utc_then);
	else
		log_warn("the real-time clock tells no date");
	return 0;
}
INITCALL(INIT_CORE, clock_start);

static void clock_wake(bool lost)
{
	uint64_t before = clock_utc();

	if (!lost)
		return;
	read_clock();
	if (before && utc_then > before)
		slept += utc_then - before;
	log_info("%lu s slept so far", slept);
}
POWER_HOOK(INIT_CORE, NULL, clock_wake);
