/* SPDX-License-Identifier: MIT */
/* What is started once Tandem runs, or instead of it. */
#ifndef BOOT_BIOS_TARGET_H
#define BOOT_BIOS_TARGET_H

#include <stdbool.h>
#include <stddef.h>

/* The firmware's first hard disk. */
#define FIRST_DISK	0x80

/* boot=0x81, boot=0x80,2, boot=0x80,5, boot=next */
struct target {
	bool next;		/* what the firmware's boot order has next */
	int drive;		/* the firmware's number */
	/* 1 to 4, logical ones from 5 on; 0: the whole disk's boot sector */
	unsigned int partition;
};

/*
 * Takes what concerns the loader out of a command line of *size bytes, in
 * place: a program's name in front, and "boot=", which goes to *t. Returns NULL
 * or what is wrong, as a clause; *t is then as it was.
 */
const char *target_read(char *line, size_t *size, struct target *t);

/*
 * Starts it; on an error says so and starts the first disk, or has the firmware
 * start what is next.
 */
void target_boot(const struct target *t) __attribute__((noreturn));

#endif
