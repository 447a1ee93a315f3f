/* SPDX-License-Identifier: MIT */
/*
 * What entry.S saves of the caller, for its way back and for the first state
 * of the guest. Shared by C and assembly.
 */
#ifndef CORE_X86_BOOT_STATE_H
#define CORE_X86_BOOT_STATE_H

#define BOOT_RBX	0
#define BOOT_RBP	8
#define BOOT_R12	16
#define BOOT_R13	24
#define BOOT_R14	32
#define BOOT_R15	40
#define BOOT_RSP	48
#define BOOT_CR3	56
#define BOOT_STATE_SIZE	64		/* one for each CPU */

#ifndef __ASSEMBLER__
#include <stdint.h>

struct boot_state {
	uint64_t rbx, rbp, r12, r13, r14, r15;
	uint64_t rsp;		/* points at the return address */
	uint64_t cr3;
};

_Static_assert(sizeof(struct boot_state) == BOOT_STATE_SIZE, "entry.S");

extern struct boot_state boot_state[CONFIG_MAX_CPUS];
#endif

#endif
