/* SPDX-License-Identifier: MIT */
/* The texts of the configuration that is read at boot (tandem/conf.h). */
#ifndef BOOT_UEFI_CONFIG_H
#define BOOT_UEFI_CONFIG_H

#include <efi.h>
#include <stdbool.h>

#include "elf.h"

/*
 * Finds the section, the file (if has_file) and the boot option string of the
 * running image and reads them; says on the console what is wrong in them.
 * Nothing of it is fatal.
 */
void config_read(EFI_HANDLE self, EFI_SYSTEM_TABLE *st, bool has_file);

/* The "pci=" string that they make, or that of the VMM's image. */
const char *config_bindings(const struct elf_image *image);

/* The program to start at the end, empty if there is none. */
const char *config_next(void);

/* Is somebody to be asked first? */
bool config_menu(void);

/* Does the firmware start only what is signed? */
bool config_secure(void);

/* Fills in info->text and info->flags; until config_free(). */
void config_hand_over(struct boot_info *info);

void config_free(EFI_BOOT_SERVICES *bs);

#endif
