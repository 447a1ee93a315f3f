/* SPDX-License-Identifier: MIT */
/* The VMM's file within the loader's own (inside.S), if this loader has it. */
#ifndef BOOT_UEFI_INSIDE_H
#define BOOT_UEFI_INSIDE_H

/* From the first byte to the one past the last; equal in loadvmm.efi. */
extern const char inside_start[] __attribute__((visibility("hidden")));
extern const char inside_end[] __attribute__((visibility("hidden")));

#endif
