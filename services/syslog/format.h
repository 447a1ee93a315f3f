/* SPDX-License-Identifier: MIT */
/* A line of the VMM's log as a syslog message. Tested on the host. */
#ifndef SYSLOG_FORMAT_H
#define SYSLOG_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* Begins what this service logs: such a line is not sent. */
#define SYSLOG_OWN		"syslog: "

/* Room for any message: the log's own lines have at most 256 bytes. */
#define SYSLOG_LINE_MAX		512
#define SYSLOG_MESSAGE_MAX	(SYSLOG_LINE_MAX + 192)

/*
 * The line at text, of len bytes (at most SYSLOG_LINE_MAX) and without its
 * newline, as a message of RFC 5424 from host, the sequence-th one, in to. Its
 * length. utc: of the VMM's start, in us since 1970; 0: not known.
 */
size_t syslog_format(char to[SYSLOG_MESSAGE_MAX], const char *host,
		     uint32_t sequence, uint64_t utc, const char *text,
		     size_t len);

/* Was the line logged by this service? */
int syslog_is_own(const char *text, size_t len);

#endif
