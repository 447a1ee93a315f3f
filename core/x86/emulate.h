/* SPDX-License-Identifier: MIT */
/* Instructions that touched a trapped page. */
#ifndef CORE_X86_EMULATE_H
#define CORE_X86_EMULATE_H

#include "decode.h"
#include "vcpu.h"

/*
 * Carry out the instruction at the vCPU's rip, which touched trapped address a
 * (a write, or not). Advances rip, or injects the exception that hardware
 * would have raised. 0, or -ENOTSUP: an instruction the decoder does not
 * know; nothing was done. Exit context.
 */
int emulate_mmio(struct vcpu *v, guest_phys a, bool is_write);

/*
 * The parts, for what exits by itself (string_io.c); exit context.
 *
 * emulate_fetch: the bytes at the vCPU's rip that can be read, and the mode of
 * the code, 16, 32 or 64. Returns how many there are.
 *
 * emulate_access: an operand of 1, 2, 4 or 8 bytes at linear address a. 0, or
 * -EFAULT: the exception is injected, nothing was accessed.
 *
 * emulate_probe_write: whether a write of size bytes would be let through. As
 * emulate_access, without the access.
 */
size_t emulate_fetch(struct vcpu *v, uint8_t bytes[INSN_MAX],
		     unsigned int *bits);
int emulate_access(struct vcpu *v, guest_virt a, uint64_t *value,
		   unsigned int size, bool write);
int emulate_probe_write(struct vcpu *v, guest_virt a, unsigned int size);

#endif
