/* SPDX-License-Identifier: MIT */
/* tandem.elf was started on a machine whose firmware is no BIOS. */
#ifndef BOOT_BIOS_UEFI_H
#define BOOT_BIOS_UEFI_H

#define WRONG_FIRMWARE \
	"Tandem: not started: tandem.elf wants a BIOS and a boot loader that " \
	"knows Multiboot; on UEFI have GRUB's chainloader start tandem.efi"

/*
 * Where the firmware is gone for good: says so on COM1, and has the machine
 * start anew five seconds later, so that somebody can choose otherwise.
 */
void wrong_firmware(void) __attribute__((noreturn));

#endif
