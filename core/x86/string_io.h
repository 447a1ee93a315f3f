/* SPDX-License-Identifier: MIT */
/* INS and OUTS at intercepted ports. */
#ifndef CORE_X86_STRING_IO_H
#define CORE_X86_STRING_IO_H

#include "vcpu.h"

/*
 * Carry out the INS (input) or OUTS at the vCPU's rip, as many iterations of
 * a REP as a guest may have at a time: the rest when the instruction exits
 * again. size is 1, 2 or 4. Advances rip when it is complete, or injects the
 * exception that hardware would have raised. 0, or -ENOTSUP: no such
 * instruction can be read there; nothing was done. Exit context.
 */
int string_io(struct vcpu *v, uint16_t port, unsigned int size, bool input);

#endif
