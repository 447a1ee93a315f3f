/* SPDX-License-Identifier: MIT */
/* A CPU through a sleep that loses its state (ACPI S3). */
#ifndef CORE_X86_WAKE_H
#define CORE_X86_WAKE_H

#include "cpu.h"

/*
 * Keep this CPU's state, make the page of trampoline.h its way back, and call
 * enter, which puts the machine to sleep. Returns true after a wake through the
 * page, with root mode on this CPU as it was, interrupts and devices aside;
 * false when enter returned. Exit context.
 */
bool cpu_sleep(void (*enter)(void));

/*
 * The guest's CPU as the firmware would start it (back end): all registers as
 * after a reset, in real mode at cs:ip, or in 32-bit protected mode with flat
 * segments and no paging at ip. The TSC is the CPU's own again.
 */
void vcpu_start_real(struct cpu *cpu, uint16_t cs, uint16_t ip);
void vcpu_start_protected(struct cpu *cpu, uint32_t ip);
/* As switched on, and waiting: for a CPU that the firmware does not start. */
void vcpu_power_on(struct cpu *cpu);

/* Another CPU that woke up: the MSRs of root mode that all have in common. */
void wake_msrs(void);

#endif
