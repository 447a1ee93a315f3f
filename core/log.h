/* SPDX-License-Identifier: MIT */
/* The log's two outputs beside its ring; private to the core. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stddef.h>

/* The serial port of CONFIG_LOG_SERIAL_PORT, if it is there. */
void serial_init(void);
void serial_write(const char *text, size_t len);

/* fn sees each line as it is logged (log_set_buf). NULL: nobody. */
void log_set_listener(void (*fn)(const char *text, size_t len));

#endif
