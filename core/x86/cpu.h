/* SPDX-License-Identifier: MIT */
/*
 * A physical CPU: its stack, descriptor tables and what it is doing. Reached
 * by this_cpu() from the stack pointer, which no domain and no guest can
 * influence.
 */
#ifndef CORE_X86_CPU_H
#define CORE_X86_CPU_H

#include "../call_rate.h"
#include "../exits.h"
#include "regs.h"
#include "vcpu.h"

#include <stddef.h>

#define CPU_STACK_SIZE	32768		/* lowest page is a guard */

/* selectors of the VMM's GDT */
#define SEL_KCODE	0x08
#define SEL_KDATA	0x10
#define SEL_UDATA	0x1b
#define SEL_UCODE	0x23
#define SEL_TSS		0x28

/* Registers as the trap stubs push them (traps.S). */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
	uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
	uint64_t vector, error;		/* TRAP_NO_ERROR: none was pushed */
	uint64_t rip, cs, rflags, rsp, ss;
};

#define TRAP_NO_ERROR	(~0ull)

struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3, iomap;
} __packed;

struct domain;

struct cpu {
	/* offsets known to traps.S */
	struct trap_frame *user;	/* where a trap from ring 3 is kept */
	uint64_t *rsp0;			/* &tss.rsp[0] */
	/* NMIs taken in root mode that nobody has looked at; time_us() of it */
	volatile uint32_t nmi_taken;
	uint64_t nmi_taken_at;

	unsigned int index;		/* 0: the one that started the VMM */
	uint32_t apic_id;
	uint64_t apic_base;		/* the MSR, as the guest has set it */
	uint32_t apic_ldr, apic_dfr;	/* as the guest has written them */
	struct tss tss;
	uint64_t gdt[7];
	struct vcpu vcpu;

	/* interrupts taken in root mode, see interrupts.c */
	volatile int vector_taken;	/* -1: none */
	bool halted;			/* the guest executed HLT */
	int pending_vector;		/* acknowledged, for the guest; -1 none */
	bool pending_nmi, nmi_blocked;

	/* other CPUs, see cpus.c */
	bool online;
	bool wait_sipi;			/* after INIT: no guest runs here */
	uint8_t sipi_vector;
	uint32_t requests;		/* CPU_REQUEST_*, set by any CPU */
	uint32_t kicks;			/* their NMIs not yet accounted for */
	uint64_t kicks_until;		/* time_us() */
	bool parked;
	bool asleep;			/* in HLT, or as good as */

	/* nested page tables, see npt.c */
	uint32_t in_guest;		/* CPU_IN_GUEST, CPU_LOST or 0 */
	uint64_t npt_generation;	/* its TLB has nothing older */

	/* domains, see domain/schedule.c */
	uint64_t domain_not_before;
	uint64_t guest_waits_since;	/* for its interrupt; 0: it does not */
	bool domain_turn;		/* the guest's interrupts wait */
	bool in_domain;

	struct call_rate calls;		/* VMM calls, see vmmcall.c */
	struct exits exits;
};

_Static_assert(offsetof(struct cpu, nmi_taken) == 16, "traps.S knows it");

static inline struct cpu *this_cpu(void)
{
	uintptr_t sp;

	__asm__("mov %%rsp, %0" : "=r"(sp));
	return *(struct cpu **)((sp & ~(uintptr_t)(CPU_STACK_SIZE - 1)) +
				CPU_STACK_SIZE - 16);
}

/* What the stack pointer is where a CPU's life begins. */
uintptr_t cpu_stack_top(const struct cpu *cpu);

/* Load GDT, IDT, TSS and the control registers of root mode. */
void cpu_init(struct cpu *cpu);

/* Whether n bytes from address on lie in one of the VMM's stacks. */
bool cpu_stack_holds(uintptr_t address, size_t n);

/* Whether the page at address lies below a stack, and is not to be mapped. */
bool cpu_stack_guard(uintptr_t address);

/* cpu->in_guest */
#define CPU_IN_GUEST		1
#define CPU_LOST		2	/* so it was, and did not come back */

/* cpu->requests: what another CPU wants of this one. */
#define CPU_REQUEST_LOOK	BIT(0)	/* be in the VMM for a moment, or parked */
#define CPU_REQUEST_CALL	BIT(1)	/* cpu_call_first() */
#define CPU_REQUEST_NMI		BIT(2)	/* the guest's, by its ICR */
#define CPU_REQUEST_INIT	BIT(3)
#define CPU_REQUEST_SIPI	BIT(4)
#define CPU_REQUEST_ASKED	BIT(5)	/* take it, no more */

/*
 * Run a domain's registers in ring 3 until the next trap; *f holds them
 * afterwards. Returns the vector, or USER_NOT_ENTERED if an NMI was taken
 * before: it may be the one that was to end this run.
 */
#define USER_NOT_ENTERED	(-1)
int user_enter(struct trap_frame *f);

#endif
