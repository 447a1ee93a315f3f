/* SPDX-License-Identifier: MIT */
/*
 * A vCPU and a machine for parts of core/x86 on the host: guest RAM is an
 * array, one range of device registers is trapped and remembers how it was
 * accessed, exceptions are noted.
 */
#ifndef TESTS_UNIT_CORE_FAKE_H
#define TESTS_UNIT_CORE_FAKE_H

#include "check.h"
#include "../../core/x86/vcpu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RAM_BASE	0x100000ull
#define RAM_SIZE	0x100000ull
#define DEVICE_BASE	0xfe000000ull
#define DEVICE_SIZE	0x2000ull

struct svm_vcpu {
	uint64_t cr[5], dr[8], efer;
	unsigned int cpl;
	struct vcpu_segment segment[6];
	uint8_t fetched[15];		/* by the CPU, at rip */
	size_t n_fetched;
	/* what the code under test did */
	unsigned int exceptions, vector;
	bool has_error;
	uint32_t error;
	unsigned int skipped;		/* times */
};

struct device_access {
	bool write;
	uint64_t offset, value;
	unsigned int size;
};

extern unsigned int checks;
extern struct vcpu vcpu;
extern struct svm_vcpu state;
extern uint8_t ram[RAM_SIZE], device[DEVICE_SIZE];
extern struct device_access accesses[64];
extern unsigned int n_accesses;		/* may exceed 64 */

/* All zero, 64-bit mode without tables, CPL 0, flat segments. */
void fake_reset(void);

/* Guest tables: four levels in RAM, made by fake_map(). */
void fake_paging(void);
#define MAP_WRITE	BIT(1)
#define MAP_USER	BIT(2)
#define MAP_NX		BIT(63)
void fake_map(uint64_t linear, uint64_t phys, uint64_t flags);
/* The last entry for it; NULL if there is no table. */
uint64_t *fake_entry(uint64_t linear);

#endif
