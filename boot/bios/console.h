/* SPDX-License-Identifier: MIT */
/* What the loader says to whoever looks at the screen or at COM1. */
#ifndef BOOT_BIOS_CONSOLE_H
#define BOOT_BIOS_CONSOLE_H

/* Prints one line, cut at 250 characters. After bios_init(). */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* For where there is no firmware of that kind: COM1 alone, a plain text. */
void say_on_serial(const char *text);

/* The next character that was typed at COM1; 0 if there is none. */
char serial_key(void);

#endif
