/* SPDX-License-Identifier: MIT */
/* Reads the firmware's tables; tandem/smbios.h has what came of it. */
#ifndef CORE_SMBIOS_H
#define CORE_SMBIOS_H

#include <stddef.h>
#include <stdint.h>
#include <tandem/smbios.h>
#include <tandem/types.h>

/*
 * Reads the tables of the entry point (SMBIOS 3.6, 5.2), 0: there is none.
 * Start-up only, after memory_init().
 */
void smbios_init(host_phys entry);

/*
 * The serial number in tables of len bytes, as smbios_serial() has it; none of
 * it is trusted.
 */
void smbios_serial_of(const uint8_t *tables, size_t len,
		      char serial[SMBIOS_SERIAL_MAX]);

#endif
