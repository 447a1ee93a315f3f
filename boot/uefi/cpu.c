/* SPDX-License-Identifier: MIT */
/*
 * Looks for SVM with nested paging (AMD APM volume 2, 15.4). The VMM checks
 * again; here it is done before anything is taken from the firmware.
 */
#include "cpu.h"

#include <stddef.h>

#define CPUID_SVM		(1u << 2)
#define CPUID_NESTED_PAGING	(1u << 0)
#define MSR_VM_CR		0xc0010114
#define VM_CR_SVMDIS		(1ull << 4)
#define CR4_LA57		(1ull << 12)

static void cpuid(uint32_t leaf, uint32_t *a, uint32_t *c, uint32_t *d)
{
	uint32_t b;

	__asm__ volatile("cpuid" : "=a"(*a), "=b"(b), "=c"(*c), "=d"(*d)
			 : "a"(leaf), "c"(0));
}

static uint64_t rdmsr(uint32_t msr)
{
	uint32_t low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return (uint64_t)high << 32 | low;
}

static bool has_svm(const struct cpu_facts *facts)
{
	return facts->extended_leaf >= 0x8000000a &&
	       facts->features & CPUID_SVM;
}

struct cpu_facts cpu_read(void)
{
	struct cpu_facts f = { 0 };
	uint32_t a, c, d;

	cpuid(0x80000000, &f.extended_leaf, &c, &d);
	if (f.extended_leaf >= 0x80000001 && f.extended_leaf < 0x80010000)
		cpuid(0x80000001, &a, &f.features, &d);
	if (has_svm(&f)) {
		cpuid(0x8000000a, &a, &c, &f.svm_features);
		/* the MSR exists only where SVM does */
		f.vm_cr = rdmsr(MSR_VM_CR);
	}
	__asm__ volatile("mov %%cr4, %0" : "=r"(f.cr4));
	return f;
}

const char *cpu_judge(const struct cpu_facts *facts)
{
	if (!has_svm(facts))
		return "this CPU has no AMD SVM";
	if (!(facts->svm_features & CPUID_NESTED_PAGING))
		return "this CPU's SVM has no nested paging";
	if (facts->vm_cr & VM_CR_SVMDIS)
		return "SVM is disabled in the firmware's setup";
	if (facts->cr4 & CR4_LA57)
		return "the firmware runs with 5-level paging";
	return NULL;
}
