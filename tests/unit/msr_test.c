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
#define this_cpu stack_this_cpu
#include "../../core/x86/cpu.h"
#undef this_cpu
#include "../../core/x86/msrs.h"

static unsigned int hardware_writes;
static uint32_t hardware_msr;
static uint64_t hardware_value;
/* what MSRs read as there, and whether it has the one that is asked for */
static uint64_t hardware_read;
static bool hardware_lacks;

static struct cpu cpu;

static struct cpu *this_cpu(void)
{
	return &cpu;
}

static uint64_t rdmsr(uint32_t msr)
{
	return msr == MSR_MTRR_CAP ? 8 : hardware_read;
}

static void wrmsr(uint32_t msr, uint64_t value)
{
	hardware_writes++;
	hardware_msr = msr;
	hardware_value = value;
}

#include "../../core/x86/mtrr.c"
#include "../../core/x86/svm/msr.c"
#include "../../core/x86/svm/msr_policy.c"

static struct vmcb vmcb;
static struct svm_vcpu svm = { .vmcb = &vmcb };
uint32_t svm_features;
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

bool msr_read_safe(uint32_t msr, uint64_t *value)
{
	hardware_msr = msr;
	*value = hardware_read;
	return !hardware_lacks;
}

bool msr_write_safe(uint32_t msr, uint64_t value)
{
	if (hardware_lacks)
		return false;
	wrmsr(msr, value);
	return true;
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
	svm_msr(&cpu, 2);
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
		MSR_SMM_MASK, MSR_SMM_CTL, MSR_SYSCFG, MSR_SMM_KEY,
		MSR_MMCONFIG_BASE, MSR_NB_CFG, MSR_MTRR_DEFAULT,
		MSR_MTRR_VARIABLE + 1, MSR_MTRR_FIXED_4K + 7,
		MSR_CPUID_OVERRIDE + 3, MSR_PSTATE_DEF + 7,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(msrs); i++) {
		const struct msr_policy *p = find(msrs[i]);

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

static void test_the_guests_mtrrs_are_kept_and_have_no_effect(void)
{
	hardware_read = 0xc06;
	access_msr(MSR_MTRR_DEFAULT, false, 0);
	CHECK(skipped && result() == 0xc06);
	access_msr(MSR_MTRR_DEFAULT, true, 0x800);
	CHECK(skipped && !hardware_writes);
	access_msr(MSR_MTRR_DEFAULT, false, 0);
	CHECK(skipped && result() == 0x800);
	cpu.index = 1;			/* each CPU has its own */
	access_msr(MSR_MTRR_DEFAULT, false, 0);
	CHECK(skipped && result() == 0xc06);
	cpu.index = 0;
	for (uint32_t i = 0; i < 16; i++) {
		access_msr(MSR_MTRR_VARIABLE + i, true, i & 1 ? i << 12 : 6);
		CHECK(skipped && !hardware_writes);
	}
	for (uint32_t i = 0; i < 16; i++) {
		access_msr(MSR_MTRR_VARIABLE + i, false, 0);
		CHECK(result() == (i & 1 ? i << 12 : 6));
	}
	mtrr_reset(&cpu);
	access_msr(MSR_MTRR_DEFAULT, false, 0);
	CHECK(skipped && result() == 0xc06);
	access_msr(MSR_MTRR_VARIABLE, true, 2);
	CHECK(faults);
	access_msr(MSR_MTRR_VARIABLE + 1, true, 1ull << 60);
	CHECK(faults);
	access_msr(MSR_MTRR_FIXED_64K, true, 7ull << 56);
	CHECK(faults);
}

static void test_what_the_hardware_lacks_faults_in_the_guest(void)
{
	access_msr(MSR_SMCA + 0xfff, true, 5);
	CHECK(skipped && hardware_writes == 1 && hardware_value == 5 &&
	      hardware_msr == MSR_SMCA + 0xfff);
	hardware_read = 0x123456789abcull;
	access_msr(MSR_SMCA + 4, false, 0);
	CHECK(skipped && result() == 0x123456789abcull &&
	      hardware_msr == MSR_SMCA + 4);
	access_msr(MSR_SMCA + 0x1000, false, 0);
	CHECK(faults);
	hardware_lacks = true;
	access_msr(MSR_SMCA + 4, false, 0);
	CHECK(faults);
	access_msr(MSR_SMCA + 4, true, 5);
	CHECK(faults && !hardware_writes);
	access_msr(MSR_DEBUGCTL, true, 0);
	CHECK(faults && !hardware_writes);
	hardware_lacks = false;
}

static void test_branches_are_not_recorded(void)
{
	access_msr(MSR_DEBUGCTL, true, 3);
	CHECK(skipped && hardware_writes == 1 && hardware_value == 2);
}

static void test_hwcr_changes_in_what_an_os_needs_only(void)
{
	hardware_read = BIT(24) | BIT(4);
	access_msr(MSR_HWCR, true, ~0ull);
	CHECK(skipped && hardware_value ==
	      (BIT(4) | BIT(18) | BIT(24) | BIT(25) | BIT(30)));
	access_msr(MSR_HWCR, true, 0);
	CHECK(skipped && hardware_value == (BIT(4) | BIT(24)));
}

/* The first line that holds an MSR is the one that counts. */
static void test_no_msr_has_two_policies(void)
{
	for (unsigned int i = 0; i < n_msr_policy; i++) {
		CHECK(find(msr_policy[i].msr) == &msr_policy[i]);
		CHECK(find(msr_policy[i].msr + msr_policy[i].more) ==
		      &msr_policy[i]);
		CHECK(msr_policy[i].why && msr_policy[i].why[0]);
	}
}

int main(void)
{
	test_the_guests_mtrrs_are_kept_and_have_no_effect();
	test_what_the_hardware_lacks_faults_in_the_guest();
	test_branches_are_not_recorded();
	test_hwcr_changes_in_what_an_os_needs_only();
	test_no_msr_has_two_policies();
	test_the_guest_moves_its_clock_not_ours();
	test_the_guest_cannot_pretend_a_machine_check();
	test_memory_and_smm_stay_where_they_are();
	test_svm_stays_hidden_and_on();
	test_interprocessor_interrupts_pass_through_the_vmm();
	printf("%u MSRs with a policy, %u failures\n", n_msr_policy, failed);
	return failed != 0;
}
