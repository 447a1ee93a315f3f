/* SPDX-License-Identifier: MIT */
/*
 * The machine's other CPUs, by the firmware's EFI_MP_SERVICES_PROTOCOL (PI
 * 1.8, volume 2, 13.3): the VMM takes them over in place.
 */
#ifndef BOOT_UEFI_CPUS_H
#define BOOT_UEFI_CPUS_H

#include <efi.h>

#include <stdbool.h>
#include <stdint.h>
#include <tandem/boot.h>

/* How many CPUs are enabled, this one included; refuses if nobody knows. */
EFI_STATUS cpus_count(EFI_BOOT_SERVICES *bs, uint32_t *n);

/*
 * Have all others call entry(info) and return at once; nothing to do for one
 * CPU. After success, and when the VMM has let them go, cpus_wait().
 */
EFI_STATUS cpus_call(EFI_BOOT_SERVICES *bs, uint64_t entry,
		     struct boot_info *info);

/*
 * Wait until all have returned to the firmware, 10 seconds at most. False: they
 * have not, and may still use the VMM's memory and info.
 */
bool cpus_wait(EFI_BOOT_SERVICES *bs);

/* enter.S: call entry(info) with interrupts off. */
int enter_vmm(uint64_t entry, struct boot_info *info);

#endif
