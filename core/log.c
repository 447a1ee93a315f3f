/* SPDX-License-Identifier: MIT */
/*
 * The VMM log, see tandem/log.h: a ring of text that domains and the guest's
 * log buffer read by position, and a copy of each line on the serial port. The
 * ring is where the next boot finds it (kept_log.h).
 */
#include "log.h"
#include "kept_log.h"

#include <config/release.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tandem/conf.h>
#include <tandem/log.h>
#include <tandem/spinlock.h>
#include <tandem/timer.h>

#define LINE_MAX	256

static struct kept_log kept;
static struct kept_log_view previous;
static struct spinlock lock;		/* the ring */
static struct spinlock output_lock;	/* whole lines in what follows */
static void (*listener)(const char *text, size_t len);

void log_start(void *area)
{
	kept_log_start(&kept, &previous, area, KEPT_LOG_SLOT_SIZE,
		       TANDEM_RELEASE);
}

void log_tell_previous(void)
{
	if (previous.panicked)
		log_warn("the VMM panicked in the boot before: "
			 "log --previous shows it");
}

void log_panic(void)
{
	spin_break(&lock);
	spin_break(&output_lock);
	listener = NULL;
	if (kept.text)
		kept_log_mark_panic(&kept);
}

void log_set_listener(void (*fn)(const char *text, size_t len))
{
	spin_lock(&output_lock);
	listener = fn;
	spin_unlock(&output_lock);
}

static void log_text(const char *text, size_t len)
{
	spin_lock(&lock);
	if (kept.text)
		kept_log_append(&kept, text, len);
	spin_unlock(&lock);
	spin_lock(&output_lock);
	serial_write(text, len);
	if (listener)
		listener(text, len);
	spin_unlock(&output_lock);
}

static void log_va(enum log_level level, const char *fmt, va_list ap)
{
	static const char *const mark[] = { "error: ", "warning: ", "",
					  "debug: " };
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

	if (level > tandem_conf.number[CONF_LOG_LEVEL])
		return;
	va_start(ap, fmt);
	log_va(level, fmt, ap);
	va_end(ap);
}

size_t log_read(uint64_t *pos, char *buf, size_t size)
{
	size_t n;

	spin_lock(&lock);
	if (*pos > kept.written || kept.written - *pos > kept.size)
		*pos = kept.written > kept.size ? kept.written - kept.size : 0;
	n = MIN(size, kept.written - *pos);
	for (size_t i = 0; i < n; i++)
		buf[i] = kept.text[(*pos + i) % kept.size];
	*pos += n;
	spin_unlock(&lock);
	return n;
}

uint64_t log_written(void)
{
	return __atomic_load_n(&kept.written, __ATOMIC_RELAXED);
}

int log_read_previous(uint64_t *pos, char *buf, size_t size)
{
	if (!previous.text)
		return -ENOENT;
	return (int)kept_log_read(&previous, pos, buf, size);
}
