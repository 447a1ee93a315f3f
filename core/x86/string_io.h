/* SPDX-License-Identifier: MIT */
/* INS and OUTS at intercepted ports, or with memory that is trapped. */
#ifndef CORE_X86_STRING_IO_H
#define CORE_X86_STRING_IO_H

#include "vcpu.h"

/*
 * Carry out the INS or OUTS at the vCPU's rip, as many iterations of a REP as
 * a guest may have at a time: the rest when the instruction exits again. That
 * the port is allowed the hardware has checked before the exit. Advances rip
 * when it is complete, or injects the exception that hardware would have
 * raised. 0, or -ENOTSUP: no such instruction can be read there; nothing was
 * done. Exit context.
 */
int string_io(struct vcpu *v);

#endif
