/* SPDX-License-Identifier: MIT */
/*
 * CPUID as the guest sees it: the hardware's, less what the VMM uses itself or
 * cannot let through. Each line says why.
 */
#include "svm.h"

struct cpuid_mask {
	uint32_t leaf;
	uint32_t eax, ebx, ecx, edx;	/* bits to clear */
	const char *why;
};

static const struct cpuid_mask masks[] = {
	{ 0x00000001, 0, 0, BIT(3), 0,
	  "MONITOR/MWAIT: a CPU in MWAIT would miss the VMM's work" },
	{ 0x00000007, 0, BIT(1), 0, 0, "TSC_ADJUST: would move our clock" },
	{ 0x80000001, 0, 0, BIT(2) | BIT(12), 0, "SVM, SKINIT: in use by us" },
	{ 0x8000000a, ~0u, ~0u, ~0u, ~0u, "SVM features" },
};

#define CPUID_APIC	BIT(9)		/* leaf 1 edx: mirrors APIC_BASE */
#define CPUID_OSXSAVE	BIT(27)		/* leaf 1 ecx: copy of CR4[18] */
#define CR4_OSXSAVE	BIT(18)
#define CPUID_OSPKE	BIT(4)		/* leaf 7 ecx: copy of CR4[22] */
#define CR4_PKE		BIT(22)

/* Bits that mirror CR4 must mirror the guest's, not root mode's. */
static void mirror_cr4(struct cpuid *r, uint32_t leaf, uint32_t subleaf,
		       uint64_t cr4)
{
	if (leaf == 1) {
		r->ecx &= ~CPUID_OSXSAVE;
		r->ecx |= cr4 & CR4_OSXSAVE ? CPUID_OSXSAVE : 0;
	}
	if (leaf == 7 && subleaf == 0) {
		r->ecx &= ~CPUID_OSPKE;
		r->ecx |= cr4 & CR4_PKE ? CPUID_OSPKE : 0;
	}
}

void svm_cpuid(struct cpu *cpu)
{
	struct vcpu *v = &cpu->vcpu;
	uint32_t leaf = (uint32_t)v->gpr[GPR_RAX];
	uint32_t subleaf = (uint32_t)v->gpr[GPR_RCX];
	struct cpuid r = cpuid(leaf, subleaf);

	for (unsigned int i = 0; i < ARRAY_SIZE(masks); i++) {
		if (masks[i].leaf != leaf)
			continue;
		r.eax &= ~masks[i].eax;
		r.ebx &= ~masks[i].ebx;
		r.ecx &= ~masks[i].ecx;
		r.edx &= ~masks[i].edx;
	}
	if (leaf == 1 && !(cpu->apic_base & APIC_BASE_ENABLE))
		r.edx &= ~(uint32_t)CPUID_APIC;
	mirror_cr4(&r, leaf, subleaf, vcpu_cr(v, 4));
	v->gpr[GPR_RAX] = r.eax;
	v->gpr[GPR_RBX] = r.ebx;
	v->gpr[GPR_RCX] = r.ecx;
	v->gpr[GPR_RDX] = r.edx;
	vcpu_skip(v, 2);
}
