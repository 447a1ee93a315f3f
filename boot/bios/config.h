/* SPDX-License-Identifier: MIT */
/* What the configuration (tandem/conf.h) has for the loader. */
#ifndef BOOT_BIOS_CONFIG_H
#define BOOT_BIOS_CONFIG_H

#include <stdbool.h>

#include "multiboot.h"

/*
 * Reads both texts, the module before the command line, out of which
 * target_read() has taken its own; says on the screen what is wrong in them.
 * Nothing of it is fatal. After bios_init().
 */
void config_read(const struct multiboot *m);

/* Is somebody to be asked first? */
bool config_menu(void);

#endif
