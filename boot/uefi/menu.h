/* SPDX-License-Identifier: MIT */
/* What whoever sits at the keyboard wants of the loader. */
#ifndef BOOT_UEFI_MENU_H
#define BOOT_UEFI_MENU_H

#include <efi.h>
#include <stdbool.h>

enum menu_choice { MENU_START, MENU_WITHOUT, MENU_SHELL };

/* Is S held, or was it pressed since anybody last read a key? */
bool menu_key_held(EFI_SYSTEM_TABLE *st);

/* Asks, and waits three seconds; MENU_START if nobody says anything. */
enum menu_choice menu_ask(EFI_SYSTEM_TABLE *st);

#endif
