/* SPDX-License-Identifier: MIT */
/*
 * MSRs that do not go to the hardware. All others pass; an MSR outside the
 * permission map's ranges always exits and is refused, as hardware does.
 */
#include "svm.h"
#include "../ipi.h"
#include "../lapic.h"
#include "policy.h"

#define LOG_PREFIX "svm: "
#include <tandem/log.h>

const struct msr_policy msr_policy[] = {
	{ MSR_TSC, MSR_EMULATE, MSR_EMULATE,
	  "the VMM's own clock: the guest's has an offset to it" },
	{ MSR_TSC_ADJUST, MSR_REFUSE, MSR_REFUSE, "likewise; AMD has none" },
	{ MSR_MCG_STATUS, MSR_PASS, MSR_EMULATE,
	  "MCIP tells the VMM a machine check from interrupt 18" },
	{ MSR_EFER, MSR_EMULATE, MSR_EMULATE,
	  "SVME is set for us and must look clear" },
	{ MSR_APIC_BASE, MSR_EMULATE, MSR_EMULATE,
	  "the VMM follows the local APIC's mode; the page may not move, and "
	  "off is only what the guest sees: NMI messages must come" },
	{ MSR_X2APIC_ICR, MSR_PASS, MSR_EMULATE,
	  "INIT, SIPI and NMI between CPUs are the VMM's to deliver" },
	{ MSR_VM_CR, MSR_EMULATE, MSR_REFUSE, "SVM looks disabled and locked" },
	{ MSR_VM_HSAVE_PA, MSR_REFUSE, MSR_REFUSE, "address in VMM memory" },
	{ MSR_SVM_KEY, MSR_REFUSE, MSR_REFUSE, "would unlock VM_CR" },
	{ MSR_SYSCFG, MSR_PASS, MSR_IGNORE,
	  "which of DRAM and MMIO answers, and memory encryption" },
	{ MSR_IORR_BASE0, MSR_PASS, MSR_REFUSE, "could move VMM memory away" },
	{ MSR_IORR_MASK0, MSR_PASS, MSR_REFUSE, "likewise" },
	{ MSR_IORR_BASE1, MSR_PASS, MSR_REFUSE, "likewise" },
	{ MSR_IORR_MASK1, MSR_PASS, MSR_REFUSE, "likewise" },
	{ MSR_TOP_MEM, MSR_PASS, MSR_REFUSE, "likewise" },
	{ MSR_TOP_MEM2, MSR_PASS, MSR_REFUSE, "likewise" },
	{ MSR_SMM_BASE, MSR_PASS, MSR_REFUSE, "SMM code of the guest's own" },
	{ MSR_SMM_ADDR, MSR_PASS, MSR_REFUSE, "likewise" },
	{ MSR_SMM_MASK, MSR_PASS, MSR_REFUSE, "likewise" },
	{ MSR_IGNNE, MSR_PASS, MSR_IGNORE, "not of a virtual CPU" },
	{ MSR_SMM_CTL, MSR_REFUSE, MSR_REFUSE, "SMM would escape the VMM" },
	{ MSR_PATCH_LOADER, MSR_ZERO, MSR_IGNORE,
	  "microcode is the firmware's business: a patch under a running VMM "
	  "may change what it relies on" },
};
const unsigned int n_msr_policy = ARRAY_SIZE(msr_policy);

#define CPUID_MCA		BIT(14)		/* leaf 1 edx */
#define MCG_STATUS_KNOWN	7ull		/* RIPV, EIPV, MCIP */

#define EFER_SCE	BIT(0)
#define EFER_FFXSR	BIT(14)
#define EFER_TCE	BIT(15)
#define EFER_AIBRSE	BIT(21)

static const struct msr_policy *find(uint32_t msr)
{
	for (unsigned int i = 0; i < n_msr_policy; i++)
		if (msr_policy[i].msr == msr)
			return &msr_policy[i];
	return NULL;
}

static bool emulate_read(struct vcpu *v, uint32_t msr, uint64_t *value)
{
	switch (msr) {
	case MSR_TSC:
		*value = rdtsc() + v->svm->vmcb->tsc_offset;
		return true;
	case MSR_EFER:
		*value = vcpu_efer(v);
		return true;
	case MSR_APIC_BASE:
		*value = container_of(v, struct cpu, vcpu)->apic_base;
		return true;
	case MSR_VM_CR:
		*value = VM_CR_SVMDIS | VM_CR_LOCK;
		return true;
	}
	return false;
}

/* The bits of EFER that this CPU lets software set. */
static uint64_t efer_known(void)
{
	uint64_t known = EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE;
	struct cpuid ext = cpuid(0x80000001, 0);

	if (ext.edx & BIT(25))
		known |= EFER_FFXSR;
	if (ext.ecx & BIT(17))
		known |= EFER_TCE;
	if (cpuid(0x80000000, 0).eax >= 0x80000021 &&
	    (cpuid(0x80000021, 0).eax & BIT(8)))
		known |= EFER_AIBRSE;
	return known;
}

/* LMA follows LME and CR0.PG; LME may not change while paging is on. */
static bool write_efer(struct vcpu *v, uint64_t value)
{
	struct vmcb *b = v->svm->vmcb;

	if (value & ~efer_known())
		return false;
	if ((b->cr0 & CR0_PG) && ((value ^ b->efer) & EFER_LME))
		return false;
	b->efer = (value & ~EFER_LMA) | (b->efer & EFER_LMA) | EFER_SVME;
	b->tlb_control = TLB_FLUSH_ALL;
	return true;
}

/* Software clears it when a machine check has been dealt with. */
static bool write_mcg_status(uint64_t value)
{
	if (!(cpuid(1, 0).edx & CPUID_MCA) || (value & ~MCG_STATUS_KNOWN))
		return false;
	wrmsr(MSR_MCG_STATUS, 0);
	return true;
}

static bool emulate_write(struct vcpu *v, uint32_t msr, uint64_t value)
{
	switch (msr) {
	case MSR_TSC:
		v->svm->vmcb->tsc_offset = value - rdtsc();
		return true;
	case MSR_MCG_STATUS:
		return write_mcg_status(value);
	case MSR_EFER:
		return write_efer(v, value);
	case MSR_APIC_BASE:
		return lapic_set_base(value);
	case MSR_X2APIC_ICR:
		if (!lapic_is_x2apic())
			return false;
		ipi_send(value);
		return true;
	}
	return false;
}

static bool do_read(struct vcpu *v, const struct msr_policy *p, uint64_t *value)
{
	switch (p ? p->read : MSR_REFUSE) {
	case MSR_ZERO:
		*value = 0;
		return true;
	case MSR_EMULATE:
		return emulate_read(v, p->msr, value);
	default:
		return false;
	}
}

static bool do_write(struct vcpu *v, const struct msr_policy *p, uint64_t value)
{
	switch (p ? p->write : MSR_REFUSE) {
	case MSR_IGNORE:
		return true;
	case MSR_EMULATE:
		return emulate_write(v, p->msr, value);
	default:
		return false;
	}
}

void svm_msr(struct cpu *cpu)
{
	struct vcpu *v = &cpu->vcpu;
	uint32_t msr = (uint32_t)v->gpr[GPR_RCX];
	bool write = v->svm->vmcb->exitinfo1 & 1;
	const struct msr_policy *p = find(msr);
	uint64_t value = (uint32_t)v->gpr[GPR_RAX] | v->gpr[GPR_RDX] << 32;
	bool ok = write ? do_write(v, p, value) : do_read(v, p, &value);

	if (!ok) {
		log_debug("%s of MSR %#x refused", write ? "write" : "read",
			  msr);
		vcpu_inject_exception(v, VECTOR_GP, true, 0);
		return;
	}
	if (!write) {
		v->gpr[GPR_RAX] = (uint32_t)value;
		v->gpr[GPR_RDX] = value >> 32;
	}
	vcpu_skip(v, 2);
}
