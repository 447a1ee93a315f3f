/* SPDX-License-Identifier: MIT */
/* What stays below 1 MiB: the page of resident.S. Shared by C and assembly. */
#ifndef BOOT_BIOS_RESIDENT_H
#define BOOT_BIOS_RESIDENT_H

/*
 * The offset in the vector of INT 15h once Tandem was started, by which a boot
 * loader can tell that (the segment is made to fit). Before the handler are 8
 * bytes: the magic, '1' if it runs (resident.S), '0' if not (early.S), and 0.
 */
#define INT15_OFFSET	0x544e		/* "NT" */
#define INT15_SIGNATURE	8
#define RESIDENT_MAGIC	"TANDEM"

#define E820_MAX	100		/* entries that fit into the page */

#ifndef __ASSEMBLER__
#include <stdint.h>

struct resident_words {
	uint16_t real_offset, real_segment;
	uint16_t back_offset, back_segment;
	uint16_t ds, es;
	uint32_t eax, ebx, ecx, edx, esi, edi, flags;
};

/* Of the firmware's memory map (ACPI 6.4, table 15.3). */
struct e820_entry {
	uint64_t base, size;	/* bytes */
	uint32_t type;		/* E820_* */
} __attribute__((packed));

#define E820_RAM	1
#define E820_RESERVED	2
#define E820_ACPI	3
#define E820_NVS	4

struct int15_words {
	uint16_t old_offset, old_segment;
	uint32_t n;		/* entries */
	uint16_t below_16m;	/* KiB from 1 MiB on */
	uint16_t above_16m;	/* 64 KiB from 16 MiB on */
	uint16_t above_1m;	/* KiB, as AH=88h counts */
	uint16_t pad;
	struct e820_entry entry[E820_MAX];
};

/* early.S: what stays when Tandem was tried and does not run. */
struct mark_words {
	uint16_t old_offset, old_segment;
	uint32_t limit;		/* its own place, where RAM below 1 MiB ends */
};

#define MARK_KIB	1		/* what it takes there */

extern const uint8_t mark_start[], mark_entry[], mark_words[], mark_end[];

extern const uint8_t resident_start[], resident_vector[], resident_end[];
extern const uint8_t resident_words[], int15_state[], int15_entry[];
extern const uint8_t int15_words[];
#endif

#endif
