/* SPDX-License-Identifier: MIT */
/* The waking vector in the FACS (ACPI 6.4, section 5.2.10). */
#ifndef CORE_FACS_H
#define CORE_FACS_H

#include <tandem/types.h>

enum wake_mode {
	WAKE_NOWHERE,		/* no vector, or one that cannot be used */
	WAKE_REAL,		/* real mode, CS = vector >> 4, IP = the rest */
	WAKE_PROTECTED,		/* 32-bit, flat, no paging */
};

struct wake_vector {
	enum wake_mode mode;
	uint32_t address;
};

/*
 * Do not offer the guest a wake in 64-bit mode: that needs page tables of the
 * firmware's in the guest's memory. Start-up.
 */
void facs_init(void);

/*
 * Take the guest's vector and put address, where real mode enters the VMM, in
 * its place. What the guest has written is read once.
 */
struct wake_vector facs_take(uint32_t address);

/* Let the guest find its own vector again. */
void facs_give_back(void);

#endif
