/* SPDX-License-Identifier: MIT */
/*
 * The machine's other CPUs. Whatever the firmware has them do, they are started
 * anew by INIT and SIPI, wait in the VMM until it takes them over, and then, as
 * its guests, for the SIPI of an OS.
 */
#ifndef BOOT_BIOS_CPUS_H
#define BOOT_BIOS_CPUS_H

#include <stdbool.h>
#include <stdint.h>
#include <tandem/boot.h>

/*
 * How many CPUs are enabled by the ACPI tables at rsdp, this one included; 1 if
 * they do not tell.
 */
uint32_t cpus_count(uint64_t rsdp);

/*
 * Have all others that cpus_count() found call entry(info), through the page
 * info->low_page. False: one does not come. In any case cpus_init() follows,
 * once this CPU is back from the VMM.
 */
bool cpus_call(uint64_t entry, struct boot_info *info);

/* Send INIT to all others: they wait for a SIPI from here on. */
void cpus_init(const struct boot_info *info);

#endif
