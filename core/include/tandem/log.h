/* SPDX-License-Identifier: MIT */
/*
 * The VMM log: a ring in memory and, if configured, a serial port that the
 * guest cannot see. Any CPU, any context except NMI.
 *
 * A file defines LOG_PREFIX ("bnx: ") before it includes this header.
 */
#ifndef TANDEM_LOG_H
#define TANDEM_LOG_H

#include <tandem/types.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

#ifndef LOG_PREFIX
#define LOG_PREFIX ""
#endif

/*
 * Append one line (no newline in fmt) with a time stamp. Lines above
 * log.level are dropped at the call.
 */
void log_msg(enum log_level level, const char *fmt, ...) __printf(2, 3);

#define log_error(fmt, ...) \
	log_msg(LOG_ERROR, LOG_PREFIX fmt, ##__VA_ARGS__)
#define log_warn(fmt, ...) log_msg(LOG_WARN, LOG_PREFIX fmt, ##__VA_ARGS__)
#define log_info(fmt, ...) log_msg(LOG_INFO, LOG_PREFIX fmt, ##__VA_ARGS__)
#define log_debug(fmt, ...) log_msg(LOG_DEBUG, LOG_PREFIX fmt, ##__VA_ARGS__)

/* For what a guest can cause at will: the first 16 of a place only. */
#define log_few(fmt, ...) \
	do { \
		static uint32_t times; \
		if (times < 16 && times++ < 16) \
			log_warn(fmt, ##__VA_ARGS__); \
	} while (0)

/*
 * Copy log text to buf, starting at position *pos (a count of bytes logged
 * since start; positions that have left the ring are moved forward).
 * Returns the number of bytes copied, 0 at the end; *pos is advanced.
 */
size_t log_read(uint64_t *pos, char *buf, size_t size);

/* End the VMM: its own invariant is broken. Never for what a guest did. */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;

#define BUG_ON(c) \
	do { \
		if (c) \
			panic("%s:%d: %s", __FILE__, __LINE__, #c); \
	} while (0)

#endif
