/* SPDX-License-Identifier: MIT */
/* The VMM call exit; calls register themselves with tandem/vmmcall.h. */
#ifndef CORE_VMMCALL_H
#define CORE_VMMCALL_H

#include "x86/cpu.h"

#include <tandem/vmmcall.h>

/*
 * Whether the guest may make a call now. If not, it is to stay at the
 * instruction: the CPU's loop holds it until its time (vmmcall_hold).
 */
bool vmmcall_due(struct cpu *cpu);

/* rip is already behind the instruction. */
void vmmcall_handle(struct vcpu *v);

/*
 * For the loop, while cpu->calls.hold_until is set: lets in an interrupt of the
 * guest's. Whether the guest has still to wait; no longer if there is an
 * interrupt or an NMI that it can take, behind which it comes back to the call.
 */
bool vmmcall_hold(struct cpu *cpu);

/*
 * RAM at the caller's address (vmmcall_memory.c): *n bytes of the len that are
 * wanted, up to the end of the page or of the segment. NULL: not for this
 * caller, and there is no fault. The guest may change it at any time.
 */
uint8_t *vmmcall_piece(const struct vmmcall_args *a, uint64_t address,
		       size_t len, bool write, size_t *n);

#endif
