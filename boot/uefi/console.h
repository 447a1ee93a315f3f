/* SPDX-License-Identifier: MIT */
/* What the loader says to whoever looks at the screen. */
#ifndef BOOT_UEFI_CONSOLE_H
#define BOOT_UEFI_CONSOLE_H

#include <efi.h>

/* Where say() prints; before this it prints nothing. */
void console_init(EFI_SYSTEM_TABLE *system_table);

/* Prints one line, cut at 250 characters; what is not ASCII becomes '?'. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Keeps why Tandem is not started, for refusal(), and returns status. */
void refused(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
#define refuse(status, ...)	(refused(__VA_ARGS__), (status))

/* The clause that the last refuse() made. */
const char *refusal(void);

#endif
