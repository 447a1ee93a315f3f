/* SPDX-License-Identifier: MIT */
/* AMD SVM: what the parts of core/x86/svm share. */
#ifndef CORE_X86_SVM_H
#define CORE_X86_SVM_H

#include "../cpu.h"
#include "vmcb.h"

struct svm_vcpu {
	struct vmcb *vmcb;
	uint64_t vmcb_phys, host_vmcb_phys;
};

/* TANDEM_BOOT_OK, _NO_SVM or _DISABLED. Before anything is changed. */
int svm_check(void);

/*
 * Take the state of the running firmware as the guest's first: from here on
 * the CPU's own state may be replaced. Called once on each CPU on the early
 * page tables, with image_phys the block's address.
 */
void svm_capture(struct cpu *cpu, uint64_t image_phys);

/* Finish the VMCB, after svm_bitmaps_init(). On the CPU itself. */
void svm_init(struct cpu *cpu);

/* The state of a CPU after INIT (APM volume 2, table 14-1), and at a SIPI. */
void svm_reset(struct cpu *cpu);
void svm_start(struct cpu *cpu, uint8_t sipi_vector);

void svm_enter(uint64_t gpr[16], uint64_t guest_vmcb, uint64_t host_vmcb);

/*
 * Intercept bitmaps, the same for all CPUs (bitmaps.c). -ENOMEM; once nested
 * tables and traps exist.
 */
int svm_bitmaps_init(void);
void svm_bitmaps_use(struct vmcb *vmcb);

/* What an exit asks for (exit.c). */
void svm_handle_exit(struct cpu *cpu);

/* The instruction is complete, rip behind it: the rest of vcpu_skip(). */
void svm_complete(struct vcpu *v);

/*
 * Before each entry: no guest state that VMRUN would refuse, whatever the CPU
 * let the guest do (legal.c).
 */
void svm_make_legal(struct vmcb *b);

/* CPUID 8000_000A, EDX: what the CPU has of it. */
#define SVM_NP			BIT(0)
#define SVM_NRIPS		BIT(3)
#define SVM_FLUSH_BY_ASID	BIT(6)
#define SVM_DECODE_ASSISTS	BIT(7)
extern uint32_t svm_features;

/* At the next entry; after its control registers or nested tables changed. */
static inline void svm_flush_tlb(struct vmcb *b)
{
	b->tlb_control = svm_features & SVM_FLUSH_BY_ASID ? TLB_FLUSH_GUEST :
							    TLB_FLUSH_ALL;
}

/*
 * Length in bytes of the instruction that exited, with its prefixes; opcode is
 * its length without. 0: it has a LOCK prefix, so it is none (#UD). For exits
 * by an instruction that is not to do with memory (insn.c).
 */
unsigned int svm_insn_length(struct vcpu *v, unsigned int opcode);

/* Whether the guest's next instruction is a MOV to a control register. */
bool svm_at_mov_to_cr(struct vcpu *v);

/* Answer RDMSR/WRMSR and CPUID, len bytes long (msr.c, cpuid.c). */
void svm_msr(struct cpu *cpu, unsigned int len);
void svm_cpuid(struct cpu *cpu, unsigned int len);

#endif
