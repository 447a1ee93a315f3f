/* SPDX-License-Identifier: MIT */
/*
 * The answer of the core's handler "cpu_list": one struct for each CPU, from the
 * one on whose number is the message's value. And that of "status": struct
 * tandem_status (abi/status.h).
 */
#ifndef ABI_CPUS_H
#define ABI_CPUS_H

#include <stdint.h>

/* What a CPU's guest did at the moment of the question. */
enum cpus_state {
	CPUS_RUNS,
	CPUS_HALTED,		/* waits for an interrupt */
	CPUS_NOT_STARTED,	/* waits for the guest's SIPI */
	CPUS_STOPPED,		/* taken out of its guest by the VMM */
	CPUS_LOST,		/* did not come back when it was called */
	CPUS_STATES
};

struct cpus_entry {
	uint32_t index;		/* from 0 */
	uint32_t apic_id;
	uint32_t state;		/* enum cpus_state */
	uint32_t pad;
	uint64_t exits;		/* ever */
	uint64_t calls;		/* VMM calls made */
};

_Static_assert(sizeof(struct cpus_entry) == 32, "layout");

#endif
