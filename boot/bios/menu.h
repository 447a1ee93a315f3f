/* SPDX-License-Identifier: MIT */
/* What whoever sits at the keyboard wants of the loader. After bios_init(). */
#ifndef BOOT_BIOS_MENU_H
#define BOOT_BIOS_MENU_H

#include <stdbool.h>

/* Is S held, or was it pressed since anybody last read a key? */
bool menu_key_held(void);

/* Asks, and waits three seconds: whether to start; yes if nobody answers. */
bool menu_ask(void);

#endif
