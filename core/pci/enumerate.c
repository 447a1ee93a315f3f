/* SPDX-License-Identifier: MIT */
/*
 * The devices that the firmware has set up, in bus order (PCI 3.0, section
 * 6.1; bridges: PCI-to-PCI Bridge Architecture 1.2). Bus numbers are the
 * firmware's; nothing is changed here.
 */
#include "config.h"

#include <stdio.h>
#include <tandem/init.h>
#define LOG_PREFIX "pci: "
#include <tandem/log.h>
#include <tandem/mem.h>

#define HEADER_MULTI_FUNCTION	BIT(7)
#define HEADER_BRIDGE		1
#define BRIDGE_SECONDARY	0x19
#define BRIDGE_SUBORDINATE	0x1a
#define STATUS_CAPABILITIES	BIT(4)
#define CAPABILITIES_MAX	48
#define DEVICES_MAX		512

static struct pci_device *devices, **tail = &devices;
static unsigned int n_devices;

struct pci_device *pci_next(struct pci_device *prev)
{
	return prev ? prev->next : devices;
}

char *pci_name(const struct pci_device *d, char buf[8])
{
	snprintf(buf, 8, "%02x:%02x.%x", d->bus, d->slot & 31,
		 d->function & 7);
	return buf;
}

static void read_header(struct pci_device *d)
{
	uint32_t class = pci_config_read(d, PCI_CLASS_REVISION, 4);

	d->device = pci_config_read(d, PCI_DEVICE_ID, 2);
	d->class_code = class >> 8;
	d->revision = class;
	d->header_type = pci_config_read(d, PCI_HEADER_TYPE, 1) &
			 ~HEADER_MULTI_FUNCTION;
	if (d->header_type == HEADER_BRIDGE) {
		d->secondary_bus = pci_config_read(d, BRIDGE_SECONDARY, 1);
		d->subordinate_bus = pci_config_read(d, BRIDGE_SUBORDINATE, 1);
	} else if (!d->header_type) {
		d->subsystem_vendor =
			pci_config_read(d, PCI_SUBSYSTEM_VENDOR_ID, 2);
		d->subsystem_device = pci_config_read(d, PCI_SUBSYSTEM_ID, 2);
	}
}

static struct pci_device *found(uint8_t bus, uint8_t slot, uint8_t function,
				uint16_t vendor, struct pci_device *parent)
{
	struct pci_device *d = NULL;

	if (n_devices < DEVICES_MAX)
		d = mem_alloc(sizeof(*d));
	if (!d)
		return NULL;
	n_devices++;
	d->bus = bus;
	d->slot = slot;
	d->function = function;
	d->vendor = vendor;
	d->parent = parent;
	read_header(d);
	*tail = d;
	tail = &d->next;
	return d;
}

static void scan_bus(uint8_t bus, struct pci_device *parent);

static void scan_slot(uint8_t bus, uint8_t slot, struct pci_device *parent)
{
	unsigned int functions = 1;

	for (unsigned int i = 0; i < functions; i++) {
		uint8_t fn = (uint8_t)i;
		uint16_t vendor = pci_raw_read(bus, slot, fn, PCI_VENDOR_ID, 2);
		struct pci_device *d;

		if (vendor == 0xffff)
			continue;
		if (!fn && (pci_raw_read(bus, slot, 0, PCI_HEADER_TYPE, 1) &
			    HEADER_MULTI_FUNCTION))
			functions = 8;
		d = found(bus, slot, fn, vendor, parent);
		/* only downwards: a loop of bridges cannot hold us */
		if (d && d->header_type == HEADER_BRIDGE &&
		    d->secondary_bus > bus)
			scan_bus(d->secondary_bus, d);
	}
}

static void scan_bus(uint8_t bus, struct pci_device *parent)
{
	for (uint8_t slot = 0; slot < 32; slot++)
		scan_slot(bus, slot, parent);
}

static int pci_enumerate(void)
{
	scan_bus(0, NULL);
	log_info("%u functions", n_devices);
	return 0;
}
INITCALL(INIT_BUS, pci_enumerate);

unsigned int pci_find_capability(struct pci_device *d, uint8_t id)
{
	unsigned int offset;

	if (!(pci_config_read(d, PCI_STATUS, 2) & STATUS_CAPABILITIES))
		return 0;
	offset = pci_config_read(d, PCI_CAPABILITY_LIST, 1) & ~3u;
	for (unsigned int i = 0; offset >= 0x40 && i < CAPABILITIES_MAX; i++) {
		if (pci_config_read(d, offset, 1) == id)
			return offset;
		offset = pci_config_read(d, offset + 1, 1) & ~3u;
	}
	return 0;
}

#define BAR_IO		BIT(0)
#define BAR_TYPE	(3u << 1)
#define BAR_TYPE_64	(2u << 1)
#define BAR_PREFETCH	BIT(3)

static uint32_t bar_mask(struct pci_device *d, unsigned int n)
{
	uint32_t old = pci_config_read(d, PCI_BAR(n), 4), mask;

	pci_config_write(d, PCI_BAR(n), 4, ~0u);
	mask = pci_config_read(d, PCI_BAR(n), 4);
	pci_config_write(d, PCI_BAR(n), 4, old);
	return mask;
}

/* Returns how many registers the BAR takes. */
static unsigned int size_bar(struct pci_device *d, unsigned int n)
{
	uint32_t low = pci_config_read(d, PCI_BAR(n), 4);
	struct pci_bar *b = &d->bar[n];
	uint64_t mask = bar_mask(d, n) | ~0xffffffffull;

	b->io = low & BAR_IO;
	if (b->io) {
		b->base = low & ~3u;
		b->size = -(mask & ~3ull) & 0xffff;
		return 1;
	}
	b->is_64bit = (low & BAR_TYPE) == BAR_TYPE_64 && n < 5;
	b->prefetchable = low & BAR_PREFETCH;
	b->base = low & ~0xfu;
	if (b->is_64bit) {
		b->base |= (uint64_t)pci_config_read(d, PCI_BAR(n + 1), 4)
			   << 32;
		mask = (mask & 0xffffffff) |
		       (uint64_t)bar_mask(d, n + 1) << 32;
	}
	if (mask & 0xfffffff0)
		b->size = -(mask & ~0xfull);
	if (!b->is_64bit)
		b->size &= 0xffffffff;
	return b->is_64bit ? 2 : 1;
}

void pci_size_bars(struct pci_device *d)
{
	uint16_t command = pci_config_read(d, PCI_COMMAND, 2);

	if (d->header_type)
		return;
	pci_config_write(d, PCI_COMMAND, 2, command &
			 ~(PCI_COMMAND_IO | PCI_COMMAND_MEMORY));
	for (unsigned int n = 0; n < 6;)
		n += size_bar(d, n);
	pci_config_write(d, PCI_COMMAND, 2, command);
}
