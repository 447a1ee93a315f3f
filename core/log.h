/* SPDX-License-Identifier: MIT */
/* The log's two outputs beside its ring; private to the core. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stddef.h>
#include <stdint.h>

/* The serial port of log.serial_port, if it is there. */
void serial_init(void);
void serial_write(const char *text, size_t len);

/* fn sees each line as it is logged (log_set_buf). NULL: nobody. */
void log_set_listener(void (*fn)(const char *text, size_t len));

/* Bytes of text logged so far. */
uint64_t log_written(void);

/*
 * Start the log in memory in area, KEPT_LOG_BYTES of kept_log.h that the boot
 * before may have written. Until then lines go to the serial port only.
 */
void log_start(void *area);

/* A line about the boot before, if it ended in a panic. */
void log_tell_previous(void);

/* As log_read(), of the boot before; -ENOENT if nothing of it was found. */
int log_read_previous(uint64_t *pos, char *buf, size_t size);

/*
 * For panic(): whoever held the log's lock will not go on. The log is marked
 * as one that ended so.
 */
void log_panic(void);

#endif
