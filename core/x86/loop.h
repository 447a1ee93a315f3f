/* SPDX-License-Identifier: MIT */
/* The CPU's loop, and what a back end does for it. */
#ifndef CORE_X86_LOOP_H
#define CORE_X86_LOOP_H

#include "cpu.h"

/* Run the guest on this CPU for ever. */
void cpu_loop(struct cpu *cpu) __noreturn;

/* Back end: put a waiting event and TLB flush into the next entry. */
void vcpu_prepare(struct cpu *cpu);

/* Back end: enter with GIF = 0 (interrupts held), come back, handle. */
void vcpu_run_once(struct cpu *cpu);

#endif
