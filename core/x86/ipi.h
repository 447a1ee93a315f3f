/* SPDX-License-Identifier: MIT */
/*
 * Interprocessor interrupts of the guest that the VMM must not leave to the
 * hardware (APM volume 2, 16.5): INIT and SIPI would take a CPU out of the
 * VMM, and an NMI could not be told from the VMM's own.
 */
#ifndef CORE_X86_IPI_H
#define CORE_X86_IPI_H

#include "cpu.h"

/*
 * The guest on this CPU writes its interrupt command register, x2APIC layout
 * (destination in the upper half). Exit context.
 */
void ipi_send(uint64_t icr);

/* cpu is to do CPU_REQUEST_NMI, _INIT or _SIPI, on that CPU itself. */
void ipi_taken(struct cpu *cpu, uint32_t requests);

/*
 * cpu gets an INIT, on that CPU itself: the guest's state and the local APIC are
 * reset, and it waits for a SIPI. If it is the boot CPU, the machine is reset.
 */
void ipi_init_taken(struct cpu *cpu);

#endif
