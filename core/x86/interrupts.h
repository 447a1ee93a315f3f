/* SPDX-License-Identifier: MIT */
/*
 * Interrupts that arrive in root mode, and those the guest gets
 * (docs/design.md, Interrupts): one is accepted only when the guest could take
 * it right now, for what is acknowledged must be delivered at once.
 */
#ifndef CORE_X86_INTERRUPTS_H
#define CORE_X86_INTERRUPTS_H

#include "cpu.h"

/* An interrupt came in while the CPU slept (cpu->vector_taken): keep it. */
void interrupts_taken(struct cpu *cpu);

/* Whether a trap in root mode is an INIT that came as #SX (VM_CR.R_INIT). */
bool interrupts_is_init(const struct trap_frame *f);

/* An interrupt came in while a domain ran: inject it. */
void interrupts_deliver(struct cpu *cpu, unsigned int vector);

/* Whether the guest could take an interrupt now and none is waiting. */
bool guest_interruptible(const struct cpu *cpu);

/* The longest time without a look at devices; 0: they interrupt by NMI. */
uint64_t interrupts_look_us(void);

/* One came; NMI context. */
void interrupts_note_nmi(struct cpu *cpu);

/* What NMIs were about: the deadline, or the guest's own. */
void interrupts_handle_nmi(struct cpu *cpu);

/* An event is already to be injected (back end, svm/exit.c). */
bool vcpu_event_pending(const struct vcpu *v);
bool vcpu_interrupt_shadow(const struct vcpu *v);

/* Sleep in root mode until something happens. */
void cpu_wait(struct cpu *cpu, volatile uint32_t *nmi_taken, bool interrupts);

/* Let in an interrupt that waits, into cpu->vector_taken. */
void cpu_window(void);

#endif
