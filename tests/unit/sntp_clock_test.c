/* SPDX-License-Identifier: MIT */
/*
 * Is the time that a server tells taken, and one that cannot be, comes late or
 * jumps not? And are points in time right as text, against the host's C library?
 */
#include "check.h"
#include "clock.h"

#include <domain/utc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ERA	2085978496LL
#define NOON	1795348800LL		/* 2026-11-22 12:00 */
#define S	1000000LL

static unsigned int checks;
static struct sntp_clock c;

/* The server says so many seconds since 1970, at VMM time us, at once. */
static enum sntp_verdict told(int64_t seconds, uint64_t us)
{
	return sntp_clock_answer(&c, (int32_t)(seconds - ERA), 0, us, us);
}

static void start(void)
{
	memset(&c, 0, sizeof(c));
}

static void the_first_answer_sets_the_clock(void)
{
	start();
	CHECK(sntp_clock_utc(&c, 5 * S) == 0);
	CHECK(told(NOON, 100 * S) == SNTP_TAKEN);
	CHECK(sntp_clock_utc(&c, 100 * S) == NOON * S);
	CHECK(sntp_clock_utc(&c, 0) == (NOON - 100) * S);
	/* half of the way there and back, and the fraction */
	start();
	CHECK(sntp_clock_answer(&c, (int32_t)(NOON - ERA), 0x80000000, 10 * S,
				12 * S) == SNTP_TAKEN);
	CHECK(sntp_clock_utc(&c, 12 * S) == NOON * S + 3 * S / 2);
	/* behind 2036, where the seconds of NTP begin again */
	start();
	CHECK(told(ERA + 5, 0) == SNTP_TAKEN);
	CHECK(sntp_clock_utc(&c, 0) == (ERA + 5) * S);
}

static void what_cannot_be_is_refused(void)
{
	static const int64_t absurd[] = {
		0, 1, SNTP_EARLIEST - 1, SNTP_LATEST, ERA + INT32_MAX,
		ERA + INT32_MIN,
	};

	start();
	for (size_t i = 0; i < sizeof(absurd) / sizeof(absurd[0]); i++)
		CHECK(told(absurd[i], 0) == SNTP_ABSURD);
	CHECK(!c.known && !sntp_clock_utc(&c, 5));
	CHECK(told(SNTP_EARLIEST, 0) == SNTP_TAKEN);
	start();
	CHECK(sntp_clock_answer(&c, (int32_t)(NOON - ERA), 0, 0,
				SNTP_TRIP_US + 1) == SNTP_LATE);
	CHECK(sntp_clock_answer(&c, (int32_t)(NOON - ERA), 0, 5, 4) ==
	      SNTP_LATE);
	CHECK(!c.known);
}

static void a_small_step_is_taken(void)
{
	start();
	told(NOON, 0);
	CHECK(told(NOON + 1009, 1000 * S) == SNTP_TAKEN);
	CHECK(sntp_clock_utc(&c, 1000 * S) == (NOON + 1009) * S);
	CHECK(told(NOON + 2000, 2000 * S) == SNTP_TAKEN);
	CHECK(sntp_clock_utc(&c, 2000 * S) == (NOON + 2000) * S);
}

static void a_jump_is_taken_when_four_say_so(void)
{
	start();
	told(NOON, 0);
	for (unsigned int i = 1; i < SNTP_JUMP_TIMES; i++) {
		CHECK(told(NOON + 86400 + i, i * S) == SNTP_JUMPED);
		CHECK(sntp_clock_utc(&c, 0) == NOON * S);
	}
	CHECK(told(NOON + 86404, 4 * S) == SNTP_STEPPED);
	CHECK(sntp_clock_utc(&c, 0) == (NOON + 86400) * S);
	CHECK(!c.suspects);
}

static void jumps_that_do_not_agree_are_never_taken(void)
{
	start();
	told(NOON, 0);
	for (int i = 1; i < 100; i++)
		CHECK(told(NOON + i * 100, 0) == SNTP_JUMPED);
	CHECK(sntp_clock_utc(&c, 0) == NOON * S);
	/* a right one in between, and counting begins again */
	for (unsigned int i = 0; i < 10; i++) {
		CHECK(told(NOON + 5000, 0) == SNTP_JUMPED);
		CHECK(told(NOON + 5000, 0) == SNTP_JUMPED);
		CHECK(told(NOON + 5000, 0) == SNTP_JUMPED);
		CHECK(told(NOON, 0) == SNTP_TAKEN);
	}
}

static void text_is_as_the_c_library_has_it(void)
{
	char text[UTC_TEXT], wanted[64];

	utc_text(0, text);
	CHECK(!strcmp(text, "1970-01-01T00:00:00.000000Z"));
	for (unsigned int i = 0; i < 100000; i++) {
		time_t t = (time_t)i * 86399 * 3 / 2;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(wanted, sizeof(wanted), "%Y-%m-%dT%H:%M:%S.000042Z",
			 &tm);
		utc_text((uint64_t)t * S + 42, text);
		CHECK(!strcmp(text, wanted));
	}
	utc_text(UINT64_MAX, text);
	CHECK(strlen(text) < UTC_TEXT);
}

int main(void)
{
	the_first_answer_sets_the_clock();
	what_cannot_be_is_refused();
	a_small_step_is_taken();
	a_jump_is_taken_when_four_say_so();
	jumps_that_do_not_agree_are_never_taken();
	text_is_as_the_c_library_has_it();
	printf("sntp_clock: %u checks\n", checks);
	return 0;
}
