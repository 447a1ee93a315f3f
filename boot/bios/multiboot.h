/* SPDX-License-Identifier: MIT */
/*
 * What a boot loader that knows Multiboot, 1 or 2, says to the program that it
 * starts, as far as it is of use here.
 */
#ifndef BOOT_BIOS_MULTIBOOT_H
#define BOOT_BIOS_MULTIBOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tandem/conf.h>

#define MULTIBOOT_NO_DRIVE	(-1)

struct multiboot_text {
	char text[CONF_TEXT_MAX];
	size_t size;	/* bytes; more than CONF_TEXT_MAX: text is cut */
};

struct multiboot {
	struct multiboot_text option;	/* the command line */
	struct multiboot_text file;	/* the first module */
	int drive;	/* the firmware's number of the disk, or NO_DRIVE */
	bool uefi;	/* the firmware is none of a BIOS machine */
};

/* What UEFI has, 0 if the boot loader does not tell it. */
struct multiboot_uefi {
	uint64_t system_table;
	uint64_t image;		/* handle of the boot loader */
};

/*
 * Copies it from where the boot loader has left it, below 4 GiB. magic: in
 * which of both forms. Returns false if it is none.
 */
bool multiboot_read(uint32_t magic, uint32_t address, struct multiboot *m);

/* For an entry that only Multiboot2 has. */
struct multiboot_uefi multiboot_uefi(uint32_t address);

#endif
