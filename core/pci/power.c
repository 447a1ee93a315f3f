/* SPDX-License-Identifier: MIT */
/*
 * Configuration space over a sleep (ACPI S3) that takes it away: of the devices
 * that the VMM drives, of the bridges above them, of those that it conceals.
 * The guest restores all others itself, and cannot restore these.
 */
#include "config.h"

#define LOG_PREFIX "pci: "
#include <tandem/init.h>
#include <tandem/log.h>

#define KEPT_MAX		32
#define HEADER_DWORDS		16
#define HEADER_BRIDGE		1
#define DWORD_COMMAND		1
#define DWORD_CACHE_LINE	3
#define DWORD_SECONDARY_STATUS	7	/* of a bridge, behind the I/O window */
#define PM_CONTROL		0x04
#define PM_STATE		0x03
#define EXP_CAP_BYTES		0x3c
#define EXP_DEVICE_CONTROL	0x08
#define EXP_LINK_CONTROL	0x10
#define EXP_SLOT_CONTROL	0x18
#define EXP_ROOT_CONTROL	0x1c

static const uint8_t exp_controls[] = {
	EXP_DEVICE_CONTROL, EXP_LINK_CONTROL, EXP_SLOT_CONTROL,
	EXP_ROOT_CONTROL,
};

struct kept {
	struct pci_device *d;
	uint32_t header[HEADER_DWORDS];
	uint8_t pm, exp;		/* offsets, 0: none */
	uint16_t exp_control[ARRAY_SIZE(exp_controls)];
};

static struct kept kept[KEPT_MAX];
static unsigned int n_kept;

static void keep(struct pci_device *d, struct kept *k)
{
	k->d = d;
	k->pm = (uint8_t)pci_find_capability(d, PCI_CAP_ID_PM);
	k->exp = (uint8_t)pci_find_capability(d, PCI_CAP_ID_EXP);
	if (k->exp > 256 - EXP_CAP_BYTES)
		k->exp = 0;
	for (unsigned int i = 0; i < HEADER_DWORDS; i++)
		k->header[i] = pci_config_read(d, 4 * i, 4);
	for (unsigned int i = 0; k->exp && i < ARRAY_SIZE(exp_controls); i++)
		k->exp_control[i] = (uint16_t)
			pci_config_read(d, k->exp + exp_controls[i], 2);
}

static void pci_sleep(void)
{
	char name[8];

	n_kept = 0;
	for (struct pci_device *d = pci_next(NULL); d; d = pci_next(d)) {
		if (!d->guest_view && !d->driver)
			continue;
		if (n_kept < KEPT_MAX)
			keep(d, &kept[n_kept++]);
		else
			log_warn("%s: not kept over sleep", pci_name(d, name));
	}
}

/* Powered, then where it is, last what it may do. */
static void restore(const struct kept *k)
{
	struct pci_device *d = k->d;

	if (k->pm) {
		uint32_t v = pci_config_read(d, k->pm + PM_CONTROL, 2);

		if (v & PM_STATE)
			pci_config_write(d, k->pm + PM_CONTROL, 2,
					 v & ~(uint32_t)PM_STATE);
	}
	for (unsigned int i = DWORD_CACHE_LINE; i < HEADER_DWORDS; i++) {
		uint32_t v = k->header[i];

		/* the upper half: header type and BIST; status, cleared by 1 */
		if (i == DWORD_CACHE_LINE ||
		    (i == DWORD_SECONDARY_STATUS &&
		     d->header_type == HEADER_BRIDGE))
			pci_config_write(d, 4 * i, 2, v & 0xffff);
		else
			pci_config_write(d, 4 * i, 4, v);
	}
	for (unsigned int i = 0; k->exp && i < ARRAY_SIZE(exp_controls); i++)
		pci_config_write(d, k->exp + exp_controls[i], 2,
				 k->exp_control[i]);
	pci_config_write(d, 4 * DWORD_COMMAND, 2,
			 k->header[DWORD_COMMAND] & 0xffff);
}

/* In bus order: a bridge comes before what is below it. */
static void pci_wake(bool lost)
{
	for (unsigned int i = 0; lost && i < n_kept; i++)
		restore(&kept[i]);
}
POWER_HOOK(INIT_BUS, pci_sleep, pci_wake);
