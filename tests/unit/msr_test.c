/* SPDX-License-Identifier: MIT */
/*
 * What may a hostile guest do to the VMM by writing MSRs? Its clock, the place
 * of its memory, SMM and the sign of a machine check must not move, whatever
 * the guest writes; and no value may reach the hardware that would fault there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* the hardware's: replaced below */
#define rdmsr privileged_rdmsr
#define wrmsr privileged_wrmsr
#include "../../core/x86/regs.h"
#undef rdmsr
#undef wrmsr

static unsigned int hardware_writes;
static uint32_t hardware_msr;
static uint64_t hardware_value;

static void wrmsr(uint32_t msr, uint64_t value)
{
	hardware_writes++;
	hardware_msr = msr;
	hardware_value = value;
}

#include "../../core/x86/svm/msr.c"

static struct vmcb vmcb;
static struct svm_vcpu svm = { .vmcb = &vmcb };
static struct cpu cpu;
static unsigned int skipped, faults, failed;

/* ---- what msr.c calls ---- */

uint64_t vcpu_efer(const struct vcpu *v)
{
	return v->svm->vmcb->efer & ~EFER_SVME;
}

void vcpu_inject_exception(struct vcpu *v __unused, unsigned int vector,
			   bool has_error, uint32_t error)
{
	if (vector != VECTOR_GP || !has_error || error)
		failed++;
	faults++;
}

void vcpu_skip(struct vcpu *v __unused, unsigned int len)
{
	skipped += len == 2;
}

static uint64_t icr_sent;
static bool x2apic;

bool lapic_is_x2apic(void)
{
	return x2apic;
}

void ipi_send(uint64_t icr)
{
	icr_sent = icr;
}

bool lapic_set_base(uint64_t value __unused)
{
	return false;
}

void log_msg(enum log_level level __unused, const char *fmt __unused, ...)
{
}

/* ---- */

static void access_msr(uint32_t msr, bool write, uint64_t value)
{
	uint64_t *gpr = cpu.vcpu.gpr;

	cpu.vcpu.svm = &svm;
	gpr[GPR_RCX] = 0xdead00000000ull | msr;
	/* only the lower halves count */
	gpr[GPR_RAX] = 0xffffffff00000000ull | (uint32_t)value;
	gpr[GPR_RDX] = write ? value >> 32 : 0;
	vmcb.exitinfo1 = write;
	hardware_writes = skipped = faults = 0;
	svm_msr(&cpu);
	if (skipped + faults != 1)
		failed++;
}

static uint64_t result(void)
{
	return cpu.vcpu.gpr[GPR_RDX] << 32 | cpu.vcpu.gpr[GPR_RAX];
}

#define CHECK(c) \
	do { \
		if (!(c)) { \
			printf("line %d: %s\n", __LINE__, #c); \
			failed++; \
		} \
	} while (0)

static const struct msr_policy *policy(uint32_t msr)
{
	for (unsigned int i = 0; i < n_msr_policy; i++)
		if (msr_policy[i].msr == msr)
			return &msr_policy[i];
	return NULL;
}

static void test_the_guest_moves_its_clock_not_ours(void)
{
	access_msr(MSR_TSC, true, 0x1234500000000ull);
	CHECK(skipped && !hardware_writes);
	access_msr(MSR_TSC, false, 0);
	CHECK(skipped && result() >= 0x1234500000000ull &&
	      result() - 0x1234500000000ull < 1ull << 36);
	CHECK(rdtsc() + vmcb.tsc_offset - result() < 1ull << 36);
	access_msr(MSR_TSC_ADJUST, true, 1);
	CHECK(faults && !hardware_writes);
}

static void test_the_guest_cannot_pretend_a_machine_check(void)
{
	access_msr(MSR_MCG_STATUS, true, MCG_STATUS_MCIP);
	CHECK(skipped && hardware_writes == 1 && !hardware_value &&
	      hardware_msr == MSR_MCG_STATUS);
	access_msr(MSR_MCG_STATUS, true, 0);
	CHECK(skipped && hardware_writes == 1 && !hardware_value);
	access_msr(MSR_MCG_STATUS, true, 8);
	CHECK(faults && !hardware_writes);
	access_msr(MSR_MCG_STATUS, true, ~0ull);
	CHECK(faults && !hardware_writes);
}

static void test_memory_and_smm_stay_where_they_are(void)
{
	static const uint32_t msrs[] = {
		MSR_IORR_BASE0, MSR_IORR_MASK0, MSR_IORR_BASE1, MSR_IORR_MASK1,
		MSR_TOP_MEM, MSR_TOP_MEM2, MSR_SMM_BASE, MSR_SMM_ADDR,
		MSR_SMM_MASK, MSR_SMM_CTL, MSR_SYSCFG,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(msrs); i++) {
		const struct msr_policy *p = policy(msrs[i]);

		CHECK(p && p->write != MSR_PASS);
		access_msr(msrs[i], true, ~0ull);
		CHECK(!hardware_writes);
	}
}

static void test_svm_stays_hidden_and_on(void)
{
	vmcb.efer = EFER_SVME | EFER_LME | EFER_LMA;
	vmcb.cr0 = CR0_PG;
	access_msr(MSR_EFER, false, 0);
	CHECK(skipped && result() == (EFER_LME | EFER_LMA));
	access_msr(MSR_EFER, true, EFER_LME | EFER_NXE);
	CHECK(skipped && vmcb.efer ==
	      (EFER_SVME | EFER_LME | EFER_LMA | EFER_NXE));
	access_msr(MSR_EFER, true, EFER_SVME | EFER_LME);
	CHECK(faults);
	access_msr(MSR_EFER, true, 0);		/* LME while paging is on */
	CHECK(faults && (vmcb.efer & EFER_LME));
	access_msr(MSR_EFER, true, ~0ull);
	CHECK(faults && !hardware_writes);
	access_msr(MSR_VM_CR, false, 0);
	CHECK(skipped && result() == (VM_CR_SVMDIS | VM_CR_LOCK));
	access_msr(MSR_VM_HSAVE_PA, true, 0);
	CHECK(faults && !hardware_writes);
	access_msr(0x12345678, true, 0);	/* outside the bitmap */
	CHECK(faults && !hardware_writes);
	access_msr(0x12345678, false, 0);
	CHECK(faults);
}

static void test_interprocessor_interrupts_pass_through_the_vmm(void)
{
	const uint64_t init = 3ull << 32 | 5 << 8 | BIT(14);

	icr_sent = 0;
	access_msr(MSR_X2APIC_ICR, true, init);		/* xAPIC mode */
	CHECK(faults && !icr_sent && !hardware_writes);
	x2apic = true;
	access_msr(MSR_X2APIC_ICR, true, init);
	CHECK(skipped && icr_sent == init && !hardware_writes);
}

int main(void)
{
	test_the_guest_moves_its_clock_not_ours();
	test_the_guest_cannot_pretend_a_machine_check();
	test_memory_and_smm_stay_where_they_are();
	test_svm_stays_hidden_and_on();
	test_interprocessor_interrupts_pass_through_the_vmm();
	printf("%u MSRs with a policy, %u failures\n", n_msr_policy, failed);
	return failed != 0;
}
