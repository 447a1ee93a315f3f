/* SPDX-License-Identifier: MIT */
/*
 * MSR accesses that exit: what becomes of each is in the table of
 * msr_policy.c.
 */
#include "svm.h"
#include "../ipi.h"
#include "../lapic.h"
#include "../msr_safe.h"
#include "../msrs.h"
#include "../mtrr.h"
#include "policy.h"

#define LOG_PREFIX "svm: "
#include <tandem/log.h>

#define CPUID_MCA		BIT(14)		/* leaf 1 edx */
#define MCG_STATUS_KNOWN	7ull		/* RIPV, EIPV, MCIP */

#define EFER_FFXSR	BIT(14)
#define EFER_TCE	BIT(15)
#define EFER_AIBRSE	BIT(21)

static const struct msr_policy *find(uint32_t msr)
{
	for (unsigned int i = 0; i < n_msr_policy; i++)
		if (msr - msr_policy[i].msr <= msr_policy[i].more)
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
	return mtrr_read(msr, value);
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
	svm_flush_tlb(b);
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

/* What an OS changes; the rest stays as the firmware has set it. */
static bool write_hwcr(uint64_t value)
{
	const uint64_t own = HWCR_MC_STATUS_WRITE | HWCR_BOOST_OFF |
			     HWCR_IRPERF;
	uint64_t now;

	return msr_read_safe(MSR_HWCR, &now) &&
	       msr_write_safe(MSR_HWCR, (now & ~own) | (value & own));
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
	case MSR_DEBUGCTL:
		return msr_write_safe(msr, value & ~DEBUGCTL_LBR);
	case MSR_HWCR:
		return write_hwcr(value);
	}
	return mtrr_write(msr, value);
}

static bool do_read(struct vcpu *v, const struct msr_policy *p, uint32_t msr,
		    uint64_t *value)
{
	switch (p ? p->read : MSR_REFUSE) {
	case MSR_ZERO:
		*value = 0;
		return true;
	case MSR_EMULATE:
		return emulate_read(v, msr, value);
	case MSR_FORWARD:
		return msr_read_safe(msr, value);
	default:
		return false;
	}
}

static bool do_write(struct vcpu *v, const struct msr_policy *p, uint32_t msr,
		     uint64_t value)
{
	switch (p ? p->write : MSR_REFUSE) {
	case MSR_IGNORE:
		return true;
	case MSR_EMULATE:
		return emulate_write(v, msr, value);
	case MSR_FORWARD:
		return msr_write_safe(msr, value);
	default:
		return false;
	}
}

void svm_msr(struct cpu *cpu, unsigned int len)
{
	struct vcpu *v = &cpu->vcpu;
	uint32_t msr = (uint32_t)v->gpr[GPR_RCX];
	bool write = v->svm->vmcb->exitinfo1 & 1;
	const struct msr_policy *p = find(msr);
	uint64_t value = (uint32_t)v->gpr[GPR_RAX] | v->gpr[GPR_RDX] << 32;
	bool ok = write ? do_write(v, p, msr, value) :
			  do_read(v, p, msr, &value);

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
	vcpu_skip(v, len);
}
