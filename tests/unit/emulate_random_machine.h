/* SPDX-License-Identifier: MIT */
/*
 * A guest for the emulator's tests: a little RAM, page tables in it, two
 * trapped pages that behave like memory, and what the VMM asks of a vCPU.
 *
 * Linear DATA has four pages: two of RAM (in the wrong order, so that whoever
 * crosses the border without a second translation is caught) and two trapped
 * ones (the same). CODE is RAM.
 */
#ifndef TESTS_UNIT_EMULATE_RANDOM_MACHINE_H
#define TESTS_UNIT_EMULATE_RANDOM_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../core/x86/emulate.h"

#define DATA		0x10000000ull
#define DATA_PAGES	4
#define DATA_TRAPPED	(DATA + 2 * PAGE_SIZE)
#define CODE		0x20000000ull
#define TRAP_PHYS	0xfe000000ull

struct machine {
	struct vcpu v;
	uint64_t cr[5], efer;
	unsigned int cpl;
	struct vcpu_segment segment[6];
	/* the exception that was raised; -1: none */
	int vector;
};

extern struct machine machine;

/* 64-bit mode with paging, CPL 0, flat, everything mapped writable. */
void machine_reset(void);

/* Put an instruction at linear a. */
void machine_code(uint64_t a, const void *bytes, unsigned int n);

/* The memory behind linear DATA as one piece; 4 pages. */
void machine_data_set(const uint8_t *from);
void machine_data_get(uint8_t *to);

/* emulate_mmio until rip moves, at most n times; its last result. */
int machine_step(unsigned int n);

#endif
