/* SPDX-License-Identifier: MIT */
/*
 * The VMM log, see tandem/log.h: a ring of text that domains and the guest's
 * log buffer read by position, and a copy of each line on the serial port.
 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tandem/log.h>
#include <tandem/spinlock.h>
#include <tandem/timer.h>

#define RING_SIZE	KIB(CONFIG_LOG_RING_KIB)
#define LINE_MAX	256

static char ring[RING_SIZE];
static uint64_t written;	/* bytes ever; the ring holds the last ones */
static struct spinlock lock;
static void (*listener)(const char *text, size_t len);

static void append(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ring[(written + i) % RING_SIZE] = text[i];
	written += len;
}

void log_set_listener(void (*fn)(const char *text, size_t len))
{
	listener = fn;
}

static void log_text(const char *text, size_t len)
{
	spin_lock(&lock);
	append(text, len);
	spin_unlock(&lock);
	serial_write(text, len);
	if (listener)
		listener(text, len);
}

static void log_va(enum log_level level, const char *fmt, va_list ap)
{
	static const char *const mark[] = { "error: ", "warning: ", "", "" };
	uint64_t now = time_us();
	char line[LINE_MAX];
	int n, m;

	n = snprintf(line, sizeof(line), "[%5u.%06u] %s",
		     (unsigned int)(now / 1000000),
		     (unsigned int)(now % 1000000), mark[level]);
	m = vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	n = MIN(n + m, (int)sizeof(line) - 2);
	/* what a domain or the wire put into a line stays one line of text */
	for (int i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[n++] = '\n';
	log_text(line, n);
}

void log_msg(enum log_level level, const char *fmt, ...)
{
	va_list ap;

	if (level > CONFIG_LOG_LEVEL)
		return;
	va_start(ap, fmt);
	log_va(level, fmt, ap);
	va_end(ap);
}

size_t log_read(uint64_t *pos, char *buf, size_t size)
{
	size_t n;

	spin_lock(&lock);
	if (written - *pos > RING_SIZE)
		*pos = written > RING_SIZE ? written - RING_SIZE : 0;
	n = MIN(size, written - *pos);
	for (size_t i = 0; i < n; i++)
		buf[i] = ring[(*pos + i) % RING_SIZE];
	*pos += n;
	spin_unlock(&lock);
	return n;
}
