/* SPDX-License-Identifier: MIT */
/*
 * Breakpoints and single step over what the VMM carries out for the guest
 * (APM volume 2, chapter 13): the hardware has not seen those accesses, so
 * their traps are raised here. Breakpoints on instructions are the hardware's
 * business: it looks before the instruction exits.
 */
#ifndef CORE_X86_DEBUG_H
#define CORE_X86_DEBUG_H

#include "vcpu.h"

#define DR6_BS			BIT(14)
#define DR7_ENABLE(n)		(3ull << 2 * (n))	/* local, global */
#define DR7_ENABLE_ANY		0xffull
#define DR7_TYPE(dr7, n)	((dr7) >> (16 + 4 * (n)) & 3)
#define DR7_SIZE(dr7, n)	((dr7) >> (18 + 4 * (n)) & 3)
#define DR7_GD			BIT(13)

/*
 * The instruction has accessed n bytes of memory at linear address a, or a
 * port. Breakpoints that this meets are kept in the vCPU until the instruction
 * is complete (vcpu_skip, vcpu_step), or has faulted. Exit context.
 */
void debug_data(struct vcpu *v, guest_virt a, unsigned int n, bool write);
void debug_port(struct vcpu *v, uint16_t port, unsigned int n);

/* What DR6 tells of a trap that is due now; 0: none is. */
uint32_t debug_due(struct vcpu *v);

#endif
