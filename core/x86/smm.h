/* SPDX-License-Identifier: MIT */
/*
 * System management mode (AMD64 APM volume 2, chapter 10). Where the firmware
 * uses none, an SMI runs what lies at 0x38000, the guest's memory, outside of
 * the VMM. So the VMM takes SMM there, to do nothing in it.
 */
#ifndef CORE_X86_SMM_H
#define CORE_X86_SMM_H

#include "cpu.h"

/*
 * Have SMIs of this CPU run the VMM's handler, if they run nobody's. On each
 * CPU, the first one first, before any guest runs, after a power-on or a wake.
 * Needs time, the local APIC and page tables.
 */
void smm_take(const struct cpu *cpu);

#endif
