/* SPDX-License-Identifier: MIT */
/*
 * MSRs that the hardware may not have: what faults is answered with false
 * instead of a panic (msr_safe.S, trap_in_root).
 */
#ifndef CORE_X86_MSR_SAFE_H
#define CORE_X86_MSR_SAFE_H

#include <stdbool.h>
#include <stdint.h>

bool msr_read_safe(uint32_t msr, uint64_t *value);
bool msr_write_safe(uint32_t msr, uint64_t value);

/* The two instructions that may fault, and where it goes on then. */
extern const uint8_t msr_read_at[], msr_write_at[], msr_faulted[];

#endif
