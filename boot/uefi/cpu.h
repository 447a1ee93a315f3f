/* SPDX-License-Identifier: MIT */
/* Whether the VMM can run on this CPU in the state the firmware left it in. */
#ifndef BOOT_UEFI_CPU_H
#define BOOT_UEFI_CPU_H

#include <stdbool.h>
#include <stdint.h>

/* What cpu_judge needs to know; registers as the APM names them. */
struct cpu_facts {
	uint32_t extended_leaf;	/* CPUID 8000_0000 eax */
	uint32_t features;	/* CPUID 8000_0001 ecx */
	uint32_t svm_features;	/* CPUID 8000_000A edx */
	uint64_t vm_cr;		/* MSR C001_0114, 0 without SVM */
	uint64_t cr4;
};

/* Reads them from the CPU that this runs on. Ring 0. */
struct cpu_facts cpu_read(void);

/* NULL if the VMM can run, else why not, as a clause. */
const char *cpu_judge(const struct cpu_facts *facts);

#endif
