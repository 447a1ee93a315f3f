/* SPDX-License-Identifier: MIT */
/* Are lines of the log messages of RFC 5424, and none of syslog's own sent? */
#include "check.h"
#include "format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int checks;
static char to[SYSLOG_MESSAGE_MAX + 1];
static uint64_t utc;		/* of the start; 0: no clock */

static const char *message(const char *host, uint32_t sequence,
			   const char *line)
{
	to[syslog_format(to, host, sequence, utc, line,
			 strlen(line))] = '\0';
	return to;
}

static void check_message(const char *host, uint32_t sequence,
			  const char *line, const char *head)
{
	char wanted[2 * SYSLOG_MESSAGE_MAX];

	snprintf(wanted, sizeof(wanted), "%s %s", head, line);
	CHECK(!strcmp(message(host, sequence, line), wanted));
}

static void levels_are_severities_of_daemon(void)
{
	check_message("10.0.2.50", 1, "[    0.000000] Tandem 1",
		      "<30>1 - 10.0.2.50 tandem - - "
		      "[meta sequenceId=\"1\" sysUpTime=\"0\"]");
	check_message("tandem-525400123456", 2, "[   12.345678] error: x",
		      "<27>1 - tandem-525400123456 tandem - - "
		      "[meta sequenceId=\"2\" sysUpTime=\"1234\"]");
	check_message("-", 3, "[    1.050000] warning: netd: x",
		      "<28>1 - - tandem - - "
		      "[meta sequenceId=\"3\" sysUpTime=\"105\"]");
	check_message("-", 2147483647, "[123456.990000] debug: x",
		      "<31>1 - - tandem - - "
		      "[meta sequenceId=\"2147483647\" sysUpTime=\"12345699\"]");
	/* RFC 5424, 7.3.1: from the beginning behind the last */
	check_message("-", 2147483648u, "[    0.000000] x",
		      "<30>1 - - tandem - - "
		      "[meta sequenceId=\"1\" sysUpTime=\"0\"]");
}

static void a_clock_gives_each_line_its_time(void)
{
	utc = 1795318800000000;		/* 2026-11-22 03:40:00 */
	check_message("-", 1, "[    0.000000] Tandem 1",
		      "<30>1 2026-11-22T03:40:00.000000Z - tandem - - "
		      "[meta sequenceId=\"1\" sysUpTime=\"0\"]");
	check_message("-", 1, "[ 3661.000017] error: x",
		      "<27>1 2026-11-22T04:41:01.000017Z - tandem - - "
		      "[meta sequenceId=\"1\" sysUpTime=\"366100\"]");
	/* not of a line without a time */
	check_message("-", 1, "[x] y", "<30>1 - - tandem - - "
		      "[meta sequenceId=\"1\" sysUpTime=\"0\"]");
	utc = 0;
}

static void what_is_no_line_goes_as_an_error(void)
{
	static const char *const odd[] = {
		"", "x", "[", "]", "[12", "[12.", "[12.3", "[]", "12.345] x",
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		const char *m = message("-", 1, odd[i]);

		CHECK(!strncmp(m, "<27>1 ", 6) && strstr(m, "sysUpTime=\"0\"]"));
		CHECK(!syslog_is_own(odd[i], strlen(odd[i])));
	}
}

static void what_is_long_fits(void)
{
	static char line[SYSLOG_LINE_MAX + 1], host[32];
	size_t n;

	memset(line, 'x', sizeof(line) - 1);
	memset(host, 'h', sizeof(host) - 1);
	n = syslog_format(to, host, 2147483647, utc, line,
			  sizeof(line) - 1);
	CHECK(n > sizeof(line) && n < SYSLOG_MESSAGE_MAX);
	CHECK(!memcmp(to + n - (sizeof(line) - 1), line, sizeof(line) - 1));
}

static void own_lines_are_known(void)
{
	static const char *const own[] = {
		"[    1.000000] netd: syslog: x",
		"[    1.000000] warning: netd: syslog: x",
		"[99999.000000] error: netd: syslog: ",
	};
	static const char *const others[] = {
		"[    1.000000] netd: syslog", "[    1.000000] x: netd: syslog: ",
		"[    1.000000] warning: x", "[    1.000000] syslog: x",
		"[    1.000000] warning: warning: netd: syslog: x",
		"[    1.000000] ", "[    1.000000]", "netd: syslog: x",
	};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		CHECK(syslog_is_own(own[i], strlen(own[i])));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CHECK(!syslog_is_own(others[i], strlen(others[i])));
}

int main(void)
{
	levels_are_severities_of_daemon();
	a_clock_gives_each_line_its_time();
	what_is_no_line_goes_as_an_error();
	what_is_long_fits();
	utc = 1795318800000000;
	what_is_long_fits();
	utc = 0;
	own_lines_are_known();
	printf("%u checks\n", checks);
	return 0;
}
