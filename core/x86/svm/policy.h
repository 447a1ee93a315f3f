/* SPDX-License-Identifier: MIT */
/* The MSR policy: what exits (bitmaps.c), and what is answered then (msr.c). */
#ifndef CORE_X86_SVM_POLICY_H
#define CORE_X86_SVM_POLICY_H

#include <stdint.h>

enum msr_action {
	MSR_PASS,		/* to the hardware, no exit */
	MSR_REFUSE,		/* #GP, counted */
	MSR_ZERO,		/* reads as 0 */
	MSR_IGNORE,		/* the write has no effect */
	MSR_EMULATE,		/* a function in msr.c */
	MSR_FORWARD,		/* to the hardware, by the VMM */
};

struct msr_policy {
	uint32_t msr, more;		/* and how many that follow it */
	enum msr_action read, write;
	const char *why;
};

extern const struct msr_policy msr_policy[];
extern const unsigned int n_msr_policy;

#endif
