/* SPDX-License-Identifier: MIT */
/* Takes the firmware's drivers off the devices that Tandem will own. */
#ifndef BOOT_UEFI_DEVICES_H
#define BOOT_UEFI_DEVICES_H

#include <efi.h>

#include "elf.h"

#define MAX_TAKEN	16

/* Handles whose drivers were disconnected. */
struct taken_devices {
	unsigned int n;
	EFI_HANDLE handle[MAX_TAKEN];
};

/*
 * Disconnects the firmware's drivers, and what was built on them, from each
 * PCI function that the "pci=" string bindings gives to one of Tandem's
 * drivers, whose device lists are the image's. A string that does not parse binds nothing; the VMM says so in its
 * log. On an error everything is as before and refuse() has the reason.
 */
EFI_STATUS devices_take(EFI_BOOT_SERVICES *bs, const struct elf_image *image,
			const char *bindings, struct taken_devices *taken);

/* Lets the firmware's drivers have them again. */
void devices_give_back(EFI_BOOT_SERVICES *bs, struct taken_devices *taken);

#endif
