/* SPDX-License-Identifier: MIT */
/* Instructions that touched a trapped page. */
#ifndef CORE_X86_EMULATE_H
#define CORE_X86_EMULATE_H

#include "vcpu.h"

/*
 * Carry out the instruction at the vCPU's rip, which touched trapped address a
 * (a write, or not). Advances rip, or injects the exception that hardware
 * would have raised. 0, or -ENOTSUP: an instruction the decoder does not
 * know; nothing was done. Exit context.
 */
int emulate_mmio(struct vcpu *v, guest_phys a, bool is_write);

#endif
