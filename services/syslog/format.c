/* SPDX-License-Identifier: MIT */
/*
 * RFC 5424, section 6. TIMESTAMP is UTC where there is a clock (SNTP), else left
 * out; the time since the start is the parameter sysUpTime (7.3.3), in hundredths of a second
 * as in RFC 3418. sequenceId (7.3.1) shows a receiver what got lost.
 */
#include "format.h"

#include <domain/log.h>
#include <domain/utc.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define FACILITY_DAEMON		3u	/* not kern, which is the receiver's */
#define SEQUENCE_MAX		2147483647u

static unsigned int severity(int level)
{
	static const uint8_t severities[LOG_LEVELS] = {
		[LOG_ERROR] = 3, [LOG_WARN] = 4, [LOG_INFO] = 6,
		[LOG_DEBUG] = 7,
	};

	return severities[level];
}

/* "[    1.234567] ...": microseconds. False: it does not begin so. */
static bool uptime(const char *text, size_t len, uint64_t *us)
{
	uint64_t seconds = 0, micro = 0;
	size_t i = 1, digits = 0;

	while (i < len && text[i] == ' ')
		i++;
	for (; i < len && text[i] >= '0' && text[i] <= '9'; i++)
		seconds = seconds * 10 + (uint64_t)(text[i] - '0');
	if (i >= len || text[0] != '[' || text[i] != '.')
		return false;
	for (i++; i < len && digits < 6 && text[i] >= '0' && text[i] <= '9';
	     i++, digits++)
		micro = micro * 10 + (uint64_t)(text[i] - '0');
	*us = seconds * 1000000 + micro;
	return digits == 6;
}

size_t syslog_format(char to[SYSLOG_MESSAGE_MAX], const char *host,
		     uint32_t sequence, uint64_t utc, const char *text,
		     size_t len)
{
	char stamp[UTC_TEXT] = "-";
	uint64_t us;
	int n;

	if (!uptime(text, len, &us))
		us = 0;
	else if (utc)
		utc_text(utc + us, stamp);
	n = snprintf(to, SYSLOG_MESSAGE_MAX - SYSLOG_LINE_MAX,
		     "<%u>1 %s %s tandem - - [meta sequenceId=\"%u\" "
		     "sysUpTime=\"%u\"] ",
		     FACILITY_DAEMON * 8 + severity(log_line_level(text, len)),
		     stamp, host, (sequence - 1) % SEQUENCE_MAX + 1,
		     (uint32_t)(us / 10000));

	if (len > SYSLOG_LINE_MAX)
		len = SYSLOG_LINE_MAX;
	memcpy(to + n, text, len);
	return (size_t)n + len;
}

int syslog_is_own(const char *text, size_t len)
{
	static const char own[] = "netd: " SYSLOG_OWN;
	const char *at = memchr(text, ']', len), *end = text + len;
	const char *level;

	if (!at || end - at < 2)
		return 0;
	at += 2;
	level = log_level_name[log_line_level(text, len)];
	if ((size_t)(end - at) > strlen(level) + 2 &&
	    !memcmp(at, level, strlen(level)) && at[strlen(level)] == ':')
		at += strlen(level) + 2;
	return (size_t)(end - at) >= sizeof(own) - 1 &&
	       !memcmp(at, own, sizeof(own) - 1);
}
