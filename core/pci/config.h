/* SPDX-License-Identifier: MIT */
/* Parts of core/pci among themselves. */
#ifndef CORE_PCI_CONFIG_H
#define CORE_PCI_CONFIG_H

#include <tandem/pci.h>

/* The hardware's configuration space at any address (config.c). */
uint32_t pci_raw_read(uint8_t bus, uint8_t slot, uint8_t function,
		      unsigned int offset, unsigned int size);
void pci_raw_write(uint8_t bus, uint8_t slot, uint8_t function,
		   unsigned int offset, unsigned int size, uint32_t value);

/* What shows at that address instead of the hardware, NULL: nothing. */
struct pci_function *pci_guest_view(uint8_t bus, uint8_t slot,
				    uint8_t function);

/* Fill d->bar: decoding is off for the moment that it takes. */
void pci_size_bars(struct pci_device *d);

/*
 * Keep the bridge working for the device below it whatever the guest writes
 * to it (bridge.c). 0 or -ENOMEM.
 */
int pci_shield_bridge(struct pci_device *bridge);

#endif
