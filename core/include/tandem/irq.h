/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of devices the VMM owns, and messages to the guest on behalf of
 * devices that it shows (docs/design.md, Interrupts).
 */
#ifndef TANDEM_IRQ_H
#define TANDEM_IRQ_H

#include <tandem/types.h>

/*
 * A device that interrupts by NMI: it reaches the VMM whatever the guest does
 * with its IF, its task priority (Linux masks vectors below 0x20 with it) or
 * its local APIC. fn(arg, explained) runs in ring 0, with interrupts off, after
 * every NMI; it does the device's work and returns whether the device can have
 * sent that NMI. explained: others can have sent all that came, so that one
 * of the device's own may yet follow. An NMI that neither a device nor the
 * deadline accounts for is the guest's.
 */
struct nmi_source {
	bool (*fn)(void *arg, bool explained);
	void *arg;
	struct nmi_source *next;
};

/* The struct stays in use for ever. Start-up, exit context. */
void nmi_source_add(struct nmi_source *s);

/* Address and data for a device's MSI capability: an NMI to this CPU. */
void vmm_nmi_message(uint64_t *address, uint32_t *data);

/*
 * A device cannot interrupt by NMI for a while: have EXIT_POLL hooks run at
 * least every 10 ms, whatever the guest does. Calls count; each on has its off.
 */
void exit_poll_periodic(bool on);

/*
 * Deliver an MSI to the guest as the guest programmed it (its MSI-X entry):
 * a real IPI, so that the local APIC knows of it. Only fixed and lowest
 * priority delivery with vector >= 16 is accepted; everything else is counted
 * and refused with -EINVAL.
 */
int guest_msi(uint64_t address, uint32_t data);

#endif
