/* SPDX-License-Identifier: MIT */
/* The state of any CPU's guest, for the program debug. */
#ifndef CORE_X86_SNAPSHOT_H
#define CORE_X86_SNAPSHOT_H

#include "cpu.h"

#include <abi/debug.h>

/*
 * The state of cpus[index] as it is now: its guest is interrupted and goes on
 * at once. Only on the first CPU, in exit context, without a lock held. 0, or
 * -ETIMEDOUT when the CPU does not come.
 */
int snapshot_take(unsigned int index, struct debug_cpu *out);

/* The vCPU stands between two exits: if its state is wanted, hand it out. */
void snapshot_here(struct cpu *cpu);

/* The back end's part (svm/state.c): this CPU's own state. */
void vcpu_state(const struct cpu *cpu, struct debug_cpu *out);

#endif
