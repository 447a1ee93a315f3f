/* SPDX-License-Identifier: MIT */
/*
 * The physical local APIC, which the guest owns and the VMM uses beside it:
 * EOI of its own vectors and IPIs (APM volume 2, chapter 16).
 */
#ifndef CORE_X86_LAPIC_H
#define CORE_X86_LAPIC_H

#include <tandem/types.h>

int lapic_init(void);
void lapic_eoi(void);

/* Send a fixed IPI; destination and mode as in an MSI address. */
void lapic_send(uint32_t destination, bool logical, uint8_t vector);

/*
 * The guest writes MSR_APIC_BASE: follow its mode. False (raise #GP) if it
 * would move the page or make an illegal transition.
 */
bool lapic_set_base(uint64_t value);

#endif
