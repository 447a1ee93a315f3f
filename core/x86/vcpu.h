/* SPDX-License-Identifier: MIT */
/*
 * The virtual CPU as everything above the SVM or VT-x back end sees it: the
 * registers, and what exit handlers may do with them.
 */
#ifndef CORE_X86_VCPU_H
#define CORE_X86_VCPU_H

#include <tandem/types.h>

/* numbers as in ModRM and REX */
enum vcpu_gpr {
	GPR_RAX, GPR_RCX, GPR_RDX, GPR_RBX, GPR_RSP, GPR_RBP, GPR_RSI, GPR_RDI,
	GPR_R8, GPR_R9, GPR_R10, GPR_R11, GPR_R12, GPR_R13, GPR_R14, GPR_R15,
};

/* numbers as in the Sreg field of ModRM */
enum vcpu_segreg { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS };

/* attr: bits 0-3 type, 4 S, 5-6 DPL, 7 P, 8 AVL, 9 L, 10 D/B, 11 G */
#define SEGMENT_ATTR_L	BIT(9)
#define SEGMENT_ATTR_D	BIT(10)

struct vcpu_segment {
	uint16_t selector, attr;
	uint32_t limit;
	uint64_t base;
};

#define CR0_PE		BIT(0)
#define CR0_TS		BIT(3)
#define CR0_EM		BIT(2)
#define CR0_WP		BIT(16)
#define CR0_PG		BIT(31)
#define CR4_DE		BIT(3)
#define CR4_PSE		BIT(4)
#define CR4_PAE		BIT(5)
#define CR4_PGE		BIT(7)
#define CR4_LA57	BIT(12)
#define CR4_SMEP	BIT(20)
#define CR4_SMAP	BIT(21)
#define EFER_SCE	BIT(0)
#define EFER_LME	BIT(8)
#define EFER_LMA	BIT(10)
#define EFER_NXE	BIT(11)
#define EFER_SVME	BIT(12)

#define RFLAGS_CF	BIT(0)
#define RFLAGS_PF	BIT(2)
#define RFLAGS_AF	BIT(4)
#define RFLAGS_ZF	BIT(6)
#define RFLAGS_SF	BIT(7)
#define RFLAGS_TF	BIT(8)
#define RFLAGS_IF	BIT(9)
#define RFLAGS_DF	BIT(10)
#define RFLAGS_OF	BIT(11)
#define RFLAGS_RF	BIT(16)
#define RFLAGS_VM	BIT(17)
#define RFLAGS_AC	BIT(18)

#define VECTOR_DB	1
#define VECTOR_UD	6
#define VECTOR_GP	13
#define VECTOR_PF	14
#define VECTOR_SX	30

struct vcpu {
	uint64_t gpr[16];	/* gpr[GPR_RSP] and [GPR_RAX] included */
	uint64_t rip, rflags;
	uint32_t debug_hits;	/* breakpoints met so far, see debug.h */
	struct svm_vcpu *svm;
};

/*
 * State outside struct vcpu; exit context, on the vCPU's own CPU.
 * vcpu_cr: n is 0, 2, 3 or 4. vcpu_dr: 0 to 3, or 7. vcpu_cpl: 0 to 3.
 */
uint64_t vcpu_cr(const struct vcpu *v, unsigned int n);
uint64_t vcpu_dr(const struct vcpu *v, unsigned int n);
uint64_t vcpu_efer(const struct vcpu *v);
unsigned int vcpu_cpl(const struct vcpu *v);
void vcpu_segment(const struct vcpu *v, enum vcpu_segreg s,
		  struct vcpu_segment *out);
void vcpu_set_cr2(struct vcpu *v, uint64_t value);

/* Whether its code is 64-bit code: neither compatibility nor legacy mode. */
static inline bool vcpu_in_64_bit(const struct vcpu *v)
{
	struct vcpu_segment cs;

	vcpu_segment(v, SEG_CS, &cs);
	return (vcpu_efer(v) & EFER_LMA) && (cs.attr & SEGMENT_ATTR_L);
}

/* Raise an exception in the guest at its next entry (fault semantics). */
void vcpu_inject_exception(struct vcpu *v, unsigned int vector,
			   bool has_error, uint32_t error);

/*
 * Advance rip past an instruction of len bytes, which is complete: ends the
 * interrupt shadow, and raises the debug trap that is due behind it.
 */
void vcpu_skip(struct vcpu *v, unsigned int len);

/*
 * The bytes at rip that the CPU read for this exit, where it keeps them. Returns
 * how many: 15, or 0, and they have to be read from memory.
 */
size_t vcpu_fetched(const struct vcpu *v, uint8_t *bytes);

/*
 * An iteration of a REP is complete, and rip stays: raise the debug trap that
 * is due. Returns whether there was one.
 */
bool vcpu_step(struct vcpu *v);

#endif
