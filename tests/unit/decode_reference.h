/* SPDX-License-Identifier: MIT */
/*
 * The decoder compared with Zydis, an independent disassembler. Used by
 * the unit test (a fixed number of instructions) and the fuzz target.
 */
#ifndef TESTS_UNIT_DECODE_REFERENCE_H
#define TESTS_UNIT_DECODE_REFERENCE_H

#include <stddef.h>
#include <stdint.h>

struct reference_count {
	uint64_t all;		/* byte strings compared */
	uint64_t decoded;	/* of these, with an instruction we know */
};

extern struct reference_count reference_count;

/* Call first. Ends the program if it cannot be used. */
void reference_open(void);

/*
 * Decode bytes[0..n), n at least 15, in the mode bits (16, 32, 64) both ways.
 * 0, or -1 after printing how they differ.
 */
int reference_compare(const uint8_t *bytes, size_t n, unsigned int bits);

#endif
