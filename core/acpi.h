/* SPDX-License-Identifier: MIT */
/*
 * ACPI tables as the firmware left them (ACPI 6.4, section 5.2). They come
 * from the firmware, which started us; lengths and checksums are checked all
 * the same.
 */
#ifndef CORE_ACPI_H
#define CORE_ACPI_H

#include <tandem/types.h>

struct acpi_header {
	char signature[4];
	uint32_t length;
	uint8_t revision, checksum;
	char oem_id[6], oem_table_id[8];
	uint32_t oem_revision;
	char creator_id[4];
	uint32_t creator_revision;
} __packed;

struct acpi_address {
	uint8_t space, bit_width, bit_offset, access_size;
	uint64_t address;
} __packed;

#define ACPI_SPACE_MEMORY	0
#define ACPI_SPACE_IO		1

struct acpi_hpet {
	struct acpi_header header;
	uint32_t block_id;
	struct acpi_address base;
	uint8_t number;
	uint16_t min_tick;
	uint8_t page_protection;
} __packed;

struct acpi_mcfg_entry {
	uint64_t base;
	uint16_t segment;
	uint8_t first_bus, last_bus;
	uint32_t reserved;
} __packed;

struct acpi_mcfg {
	struct acpi_header header;
	uint64_t reserved;
	struct acpi_mcfg_entry entry[];
} __packed;

struct acpi_reset {
	uint16_t port;
	uint8_t value;
};

/* Ports of sleep control registers, 0 if absent (section 4.8.3). */
struct acpi_sleep_ports {
	uint16_t pm1a, pm1b;	/* PM1 control, two bytes */
	uint16_t control;	/* of hardware-reduced ACPI, one byte */
	bool has_off;
	uint8_t off_a, off_b;	/* SLP_TYPa and b of S5, 0 to 7 */
};

#define ACPI_FACS_MAX	2
#define ACPI_FACS_SIZE	64

/* Read the root table at rsdp (0: none). Start-up only. */
void acpi_init(host_phys rsdp);

/*
 * The first table with that signature, length and checksum good, in
 * the VMM's mapping and writable; NULL if there is none.
 */
void *acpi_table(const char signature[4]);

/*
 * Take a table away from the guest: its signature becomes one that nobody
 * looks for, its checksum stays right. Start-up only.
 */
void acpi_hide(struct acpi_header *table);

/* From the FADT; 0 or NULL if absent or not an I/O port. */
uint16_t acpi_pm_timer_port(void);
/* of the real-time clock */
uint8_t acpi_century_register(void);
const struct acpi_reset *acpi_reset(void);
const struct acpi_sleep_ports *acpi_sleep_ports(void);

/*
 * The firmware's n-th FACS (ACPI_FACS_SIZE bytes, mapped writable), NULL if
 * there is none. The FADT has room for two, of which an OS may choose.
 */
volatile void *acpi_facs(unsigned int n);

/* ECAM base of a bus in segment 0 (its first 4 KiB page), 0 if none. */
host_phys acpi_ecam(uint8_t bus);

#endif
