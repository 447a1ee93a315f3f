/* SPDX-License-Identifier: MIT */
/* The VMM call exit; calls register themselves with tandem/vmmcall.h. */
#ifndef CORE_VMMCALL_H
#define CORE_VMMCALL_H

#include "x86/vcpu.h"

/* rip is already behind the instruction. */
void vmmcall_handle(struct vcpu *v);

#endif
