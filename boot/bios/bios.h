/* SPDX-License-Identifier: MIT */
/* The firmware of a BIOS machine, called in real mode. */
#ifndef BOOT_BIOS_BIOS_H
#define BOOT_BIOS_BIOS_H

#include <stdbool.h>
#include <stdint.h>

#include "e820.h"

/*
 * A place below 1 MiB for what calls hand over, and the one where a boot
 * sector begins; the stack is below it. Free from bios_init() on.
 */
#define BIOS_BUFFER	0x1000
#define BOOT_SECTOR	0x7c00

/* What is there; the compiler takes such addresses for mistakes. */
static inline void *low_memory(uint32_t address)
{
	uint64_t a = address;

	__asm__("" : "+r"(a));
	return (void *)a;
}

struct bios_registers {
	uint32_t eax, ebx, ecx, edx, esi, edi;
	uint32_t flags;		/* after the call */
	uint16_t ds, es;
};

#define BIOS_CARRY	1u
#define BIOS_ZERO	0x40u

/*
 * Prepares calls, in the highest pages of the memory that the firmware counts
 * below 1 MiB. Overwrites there, and below 32 KiB, what a boot loader left, and
 * gives back what an earlier start's bios_mark() took.
 * False: there is no such firmware.
 */
bool bios_init(void);

/* INT vector, with interrupts on. After bios_init(). */
void bios_call(uint8_t vector, struct bios_registers *r);

/* Run the boot sector that has been read, in real mode. */
void bios_boot(struct bios_registers *r) __attribute__((noreturn));

/* The whole memory map; false if the firmware has none, or a longer one. */
bool bios_memory_map(struct e820_map *map);

/* The page below 1 MiB that becomes the VMM's, for a CPU to start in. */
uint32_t bios_low_page(void);

/* How many bytes bios_stay() keeps there. */
uint32_t bios_stay_size(void);

/*
 * Tandem runs. Both pages are in use from now on: the firmware counts less
 * memory, and INT 15h answers as map says.
 */
void bios_stay(const struct e820_map *map);

/*
 * Tandem does not run. Nothing stays but a mark in the vector of INT 15h, of
 * MARK_KIB, that bios_init() takes away if it is called again.
 */
void bios_mark(void);

/* Whether a loader called bios_stay() since the machine's start. */
bool bios_is_tandem_running(void);

/* Root pointer of ACPI, 0 if there is none (ACPI 6.4, 5.2.5.1). */
uint64_t bios_find_rsdp(void);

/* Entry point of SMBIOS, 0 if there is none (DSP0134 3.6, 5.2). */
uint64_t bios_find_smbios(void);

/* Busy waiting by the programmable interval timer; at most 50000. */
void wait_us(uint32_t us);

#endif
