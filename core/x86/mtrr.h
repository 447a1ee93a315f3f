/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory type range registers (AMD64 APM volume 2, section 7.7):
 * kept for each CPU, and without effect. The hardware's stay as the firmware
 * has left them, the same on all CPUs.
 */
#ifndef CORE_X86_MTRR_H
#define CORE_X86_MTRR_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/* Of this CPU; false: not an MTRR, or not a value for it. Exit context. */
bool mtrr_read(uint32_t msr, uint64_t *value);
bool mtrr_write(uint32_t msr, uint64_t value);

/* The CPU was without power: they read as the hardware's again. */
void mtrr_reset(const struct cpu *cpu);

#endif
