/* SPDX-License-Identifier: MIT */
/* Starts another program in the firmware, when the loader is done. */
#ifndef BOOT_UEFI_NEXT_H
#define BOOT_UEFI_NEXT_H

#include <efi.h>

/*
 * Starts the program at that path (from its disk's root), on
 * the disk that image came from or else on the first that has it, or the
 * firmware's shell. Returns when it ended, or could not be started, which is
 * said on the console.
 */
void next_program(EFI_HANDLE image, EFI_BOOT_SERVICES *bs, const char *path);
void next_shell(EFI_HANDLE image, EFI_BOOT_SERVICES *bs);

#endif
