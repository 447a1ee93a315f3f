/* SPDX-License-Identifier: MIT */
/*
 * PCI: devices found at start, access to their configuration space, the
 * binding of drivers by the "pci=" string, and what the guest sees instead
 * of a device that a driver took over.
 */
#ifndef TANDEM_PCI_H
#define TANDEM_PCI_H

#include <tandem/types.h>

#define PCI_ANY_ID		0xffff

#define PCI_VENDOR_ID		0x00
#define PCI_DEVICE_ID		0x02
#define PCI_COMMAND		0x04
#define PCI_COMMAND_IO		0x0001
#define PCI_COMMAND_MEMORY	0x0002
#define PCI_COMMAND_MASTER	0x0004
#define PCI_COMMAND_INTX_DISABLE 0x0400
#define PCI_STATUS		0x06
#define PCI_STATUS_SIGNALED_TARGET_ABORT 0x0800
#define PCI_CLASS_REVISION	0x08
#define PCI_HEADER_TYPE		0x0e
#define PCI_BAR(n)		(0x10 + 4 * (n))
#define PCI_SUBSYSTEM_VENDOR_ID	0x2c
#define PCI_SUBSYSTEM_ID	0x2e
#define PCI_CAPABILITY_LIST	0x34
#define PCI_INTERRUPT_LINE	0x3c
#define PCI_INTERRUPT_PIN	0x3d

#define PCI_CAP_ID_PM		0x01
#define PCI_CAP_ID_MSI		0x05
#define PCI_CAP_ID_VNDR		0x09
#define PCI_CAP_ID_EXP		0x10
#define PCI_CAP_ID_MSIX		0x11

struct pci_bar {
	host_phys base;		/* 0 if unimplemented or unassigned */
	uint64_t size;		/* bytes, 0 if unimplemented */
	bool io, is_64bit, prefetchable;
};

struct pci_function;

struct pci_device {
	uint8_t bus, slot, function;
	uint16_t vendor, device, subsystem_vendor, subsystem_device;
	uint32_t class_code;	/* 24 bits: class, subclass, prog if */
	uint8_t revision, header_type;
	struct pci_bar bar[6];	/* a 64-bit BAR uses entry n; n + 1 is empty */
	uint8_t secondary_bus, subordinate_bus;		/* bridges */
	struct pci_device *parent;	/* the bridge above, NULL on a root bus */
	const struct pci_driver *driver;
	void *driver_data;
	struct pci_function *guest_view;	/* NULL: the hardware itself */
	struct pci_device *next;
};

/*
 * The hardware's configuration space. size 1, 2 or 4, aligned; offset below
 * 256. Reads of a device that is gone give all ones. Any context but NMI.
 */
uint32_t pci_config_read(struct pci_device *d, unsigned int offset,
			 unsigned int size);
void pci_config_write(struct pci_device *d, unsigned int offset,
		      unsigned int size, uint32_t value);

/* Offset of the first capability with that id, 0 if there is none. */
unsigned int pci_find_capability(struct pci_device *d, uint8_t id);

/* "00:1c.4" into buf (8 bytes). Returns buf. */
char *pci_name(const struct pci_device *d, char buf[8]);

/* First device (after prev, or from the start if NULL), in bus order. */
struct pci_device *pci_next(struct pci_device *prev);

/* ---- drivers and bindings ---- */

/*
 * A driver's own device list, in a linker section that the loader reads too:
 *
 *	PCI_IDS(bnx) = { { "bnx", 0x14e4, 0x165a }, ... };
 */
struct pci_id {
	char driver[12];
	uint16_t vendor, device;
};

#define PCI_IDS(drv) \
	static const struct pci_id TABLE_ENTRY(pci_id, pci_ids_##drv)[]

/* One option of a binding rule, as "net=ippass". */
struct pci_option {
	const char *key, *value;
};

/*
 * A rule of the "pci=" string as its driver sees it. pci_option_get returns
 * the value or fallback; strings live as long as the VMM.
 */
struct pci_binding {
	const char *driver;
	unsigned int n_options;
	struct pci_option option[8];
};

const char *pci_option_get(const struct pci_binding *b, const char *key,
			   const char *fallback);

struct pci_driver {
	const char *name;
	const char *const *options;	/* known option names, NULL ends */
	/*
	 * Take the device over. The core has set no bits; COMMAND is as the
	 * firmware left it. Return 0 or a negative errno, in which case the
	 * device must be as it was and the guest gets the hardware.
	 */
	int (*probe)(struct pci_device *d, const struct pci_binding *b);
};

#define PCI_DRIVER(drv) \
	static const struct pci_driver *const \
		TABLE_ENTRY(pci_driver, pci_driver_##drv) = &(drv)

/* ---- what the guest sees at a device's address ---- */

/*
 * Replaces a device's configuration space in the guest's view (ports and
 * ECAM page). size 1, 2 or 4, offset aligned and below 4096 (reads of
 * extended space below 256 come through both ways). One call at a time, under
 * the lock "pci" (docs/design.md).
 */
struct pci_function {
	uint32_t (*config_read)(struct pci_function *f, unsigned int offset,
				unsigned int size);
	void (*config_write)(struct pci_function *f, unsigned int offset,
			     unsigned int size, uint32_t value);
};

/* Show f instead of d from now on; f must live for ever. 0 or -ENOMEM. */
int pci_present(struct pci_device *d, struct pci_function *f);

/*
 * Show nothing at d's address (all ones), neither in configuration space nor
 * at its memory BARs of a page or more. 0, -ENOMEM, -ENOSPC.
 */
int pci_conceal(struct pci_device *d);

#endif
