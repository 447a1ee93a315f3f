/* SPDX-License-Identifier: MIT */
/*
 * CPUID as the guest sees it: the hardware's, less what the VMM uses itself or
 * cannot let through. Each line says why; docs/policy.md has the same as a page,
 * scripts/policy.py compares.
 */
#include "svm.h"

struct cpuid_mask {
	uint32_t leaf, subleaf;
	uint32_t eax, ebx, ecx, edx;	/* bits to clear */
	const char *why;
};

#define ANY	0xffffffffu		/* every subleaf */
#define ALL	0xffffffffu

/* in the order of their leaves */
static const struct cpuid_mask masks[] = {
	{ 0x00000001, ANY, 0, 0, BIT(3) | BIT(24), 0,
	  "MONITOR/MWAIT: a CPU in MWAIT would miss the VMM's work; "
	  "TSC deadline: compares with the CPU's TSC, not with the guest's" },
	{ 0x00000005, ANY, ALL, ALL, ALL, ALL, "MONITOR/MWAIT" },
	{ 0x00000007, 0, 0, BIT(1), 0, 0, "TSC_ADJUST: would move our clock" },
	{ 0x80000001, ANY, 0, 0, BIT(2) | BIT(10) | BIT(12) | BIT(15) | BIT(29),
	  0, "SVM, SKINIT: in use by us; IBS: would sample the VMM; LWP: would "
	  "write its records into a domain's memory; MONITORX/MWAITX: as "
	  "MWAIT" },
	{ 0x80000008, ANY, 0, BIT(3) | BIT(8) | BIT(13), 0, 0xffff,
	  "INVLPGB: #UD in a guest; MCOMMIT, interruptible WBINVD: bits of "
	  "EFER that are not let in" },
	{ 0x8000000a, ANY, ALL, ALL, ALL, ALL, "SVM features" },
	{ 0x8000001b, ANY, ALL, ALL, ALL, ALL, "IBS" },
	{ 0x8000001c, ANY, ALL, ALL, ALL, ALL, "LWP" },
	{ 0x8000001f, ANY, ALL, ALL, ALL, ALL,
	  "memory encryption: the C bit would be an address to nested paging" },
	{ 0x80000021, ANY, BIT(7) | BIT(17), 0, 0, 0,
	  "upper address ignore: the emulator goes by whole addresses; "
	  "faulting CPUID: a bit of HWCR that is not let in" },
	{ 0x80000022, ANY, BIT(1) | BIT(2), 0, 0, 0,
	  "branch records: would tell of the VMM's branches" },
	{ 0x80000025, ANY, ALL, ALL, ALL, ALL, "memory encryption" },
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

void svm_cpuid(struct cpu *cpu, unsigned int len)
{
	struct vcpu *v = &cpu->vcpu;
	uint32_t leaf = (uint32_t)v->gpr[GPR_RAX];
	uint32_t subleaf = (uint32_t)v->gpr[GPR_RCX];
	struct cpuid r = cpuid(leaf, subleaf);

	for (const struct cpuid_mask *m = masks;
	     m < masks + ARRAY_SIZE(masks) && m->leaf <= leaf; m++) {
		if (m->leaf != leaf ||
		    (m->subleaf != ANY && m->subleaf != subleaf))
			continue;
		r.eax &= ~m->eax;
		r.ebx &= ~m->ebx;
		r.ecx &= ~m->ecx;
		r.edx &= ~m->edx;
	}
	if (leaf == 1 && !(cpu->apic_base & APIC_BASE_ENABLE))
		r.edx &= ~(uint32_t)CPUID_APIC;
	mirror_cr4(&r, leaf, subleaf, vcpu_cr(v, 4));
	v->gpr[GPR_RAX] = r.eax;
	v->gpr[GPR_RBX] = r.ebx;
	v->gpr[GPR_RCX] = r.ecx;
	v->gpr[GPR_RDX] = r.edx;
	vcpu_skip(v, len);
}
