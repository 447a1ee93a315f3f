/* SPDX-License-Identifier: MIT */
/*
 * A bridge above a device that a driver owns. The guest reads and writes its
 * configuration space, but what would cut the device off (windows, decoding,
 * bus mastering, secondary reset, link disable, power state) is kept in a copy
 * that only the guest sees (PCI-to-PCI Bridge 1.2, chapter 3; PCIe 7.5.3).
 */
#include "config.h"

#include <errno.h>
#define LOG_PREFIX "pci: "
#include <tandem/log.h>
#include <tandem/mem.h>

#define BRIDGE_BUSES		0x18	/* primary to latency timer */
#define BRIDGE_IO_WINDOW	0x1c
#define BRIDGE_MEMORY_WINDOW	0x20
#define BRIDGE_PREFETCH_WINDOW	0x24
#define BRIDGE_UPPER_HALVES	0x28	/* prefetchable, then I/O */
#define BRIDGE_UPPER_END	0x34
#define BRIDGE_CONTROL		0x3e
#define BRIDGE_CONTROL_RESET	0x40
#define WINDOW_TYPE		0x0f	/* low bits of a base or limit */
#define EXP_LINK_CONTROL	0x10
#define EXP_LINK_DISABLE	0x10
#define EXP_SLOT_CONTROL_HIGH	0x19
#define EXP_SLOT_POWER_OFF	0x04	/* bit 10 of slot control */
#define PM_CONTROL		0x04
#define PM_STATE		0x03
#define COMMAND_DECODING	(PCI_COMMAND_IO | PCI_COMMAND_MEMORY | \
				 PCI_COMMAND_MASTER)

struct shield {
	struct pci_function function;
	struct pci_device *bridge;
	uint8_t kept[256];	/* bits that live in copy, not in hardware */
	uint8_t fixed[256];	/* of these, bits that no write changes */
	uint8_t copy[256];
};

static bool any_kept(const struct shield *s, unsigned int offset,
		     unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		if (s->kept[offset + i])
			return true;
	return false;
}

static uint32_t shield_read(struct pci_function *f, unsigned int offset,
			    unsigned int size)
{
	struct shield *s = container_of(f, struct shield, function);
	uint32_t v;

	/* extended space is not shown: it reads as absent */
	if (offset > 256 - size)
		return size == 4 ? ~0u : (1u << size * 8) - 1;
	v = pci_config_read(s->bridge, offset, size);
	for (unsigned int i = 0; i < size; i++) {
		v &= ~((uint32_t)s->kept[offset + i] << 8 * i);
		v |= (uint32_t)(s->copy[offset + i] & s->kept[offset + i])
		     << 8 * i;
	}
	return v;
}

static void write_byte(struct shield *s, unsigned int o, uint8_t value)
{
	uint8_t kept = s->kept[o], changes = kept & ~s->fixed[o], hardware;

	s->copy[o] = (s->copy[o] & ~changes) | (value & changes);
	if (kept == 0xff)
		return;
	hardware = (uint8_t)pci_config_read(s->bridge, o, 1);
	pci_config_write(s->bridge, o, 1, (hardware & kept) | (value & ~kept));
}

static void shield_write(struct pci_function *f, unsigned int offset,
			 unsigned int size, uint32_t value)
{
	struct shield *s = container_of(f, struct shield, function);

	if (offset > 256 - size)
		return;
	if (!any_kept(s, offset, size)) {
		pci_config_write(s->bridge, offset, size, value);
		return;
	}
	for (unsigned int i = 0; i < size; i++, value >>= 8) {
		if (s->kept[offset + i])
			write_byte(s, offset + i, (uint8_t)value);
		else
			pci_config_write(s->bridge, offset + i, 1,
					 value & 0xff);
	}
}

static void keep(struct shield *s, unsigned int o, uint8_t bits, uint8_t fixed)
{
	s->copy[o] = (uint8_t)pci_config_read(s->bridge, o, 1);
	s->kept[o] |= bits;
	s->fixed[o] |= fixed;
}

static void keep_range(struct shield *s, unsigned int from, unsigned int to,
		       uint8_t fixed)
{
	for (unsigned int o = from; o < to; o++)
		keep(s, o, 0xff, fixed);
}

/* The upper halves exist if the type bits of the window say so. */
static void keep_windows(struct shield *s)
{
	bool io32, prefetch64;

	keep_range(s, BRIDGE_BUSES, BRIDGE_IO_WINDOW, 0);
	keep_range(s, BRIDGE_IO_WINDOW, BRIDGE_IO_WINDOW + 2, WINDOW_TYPE);
	for (unsigned int o = BRIDGE_MEMORY_WINDOW; o < BRIDGE_UPPER_HALVES;
	     o += 2) {
		keep(s, o, 0xff, WINDOW_TYPE);
		keep(s, o + 1, 0xff, 0);
	}
	io32 = s->copy[BRIDGE_IO_WINDOW] & WINDOW_TYPE;
	prefetch64 = s->copy[BRIDGE_PREFETCH_WINDOW] & WINDOW_TYPE;
	keep_range(s, BRIDGE_UPPER_HALVES, BRIDGE_UPPER_END - 4,
		   prefetch64 ? 0 : 0xff);
	keep_range(s, BRIDGE_UPPER_END - 4, BRIDGE_UPPER_END, io32 ? 0 : 0xff);
}

static void keep_capabilities(struct shield *s)
{
	unsigned int exp = pci_find_capability(s->bridge, PCI_CAP_ID_EXP);
	unsigned int pm = pci_find_capability(s->bridge, PCI_CAP_ID_PM);

	if (exp && exp + EXP_SLOT_CONTROL_HIGH < 256) {
		keep(s, exp + EXP_LINK_CONTROL, EXP_LINK_DISABLE, 0);
		keep(s, exp + EXP_SLOT_CONTROL_HIGH, EXP_SLOT_POWER_OFF, 0);
	}
	if (pm && pm + PM_CONTROL < 256)
		keep(s, pm + PM_CONTROL, PM_STATE, 0);
}

int pci_shield_bridge(struct pci_device *bridge)
{
	struct shield *s;
	char name[8];
	int e;

	if (bridge->guest_view)
		return 0;
	s = mem_alloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->bridge = bridge;
	s->function.config_read = shield_read;
	s->function.config_write = shield_write;
	keep(s, PCI_COMMAND, COMMAND_DECODING, 0);
	keep_windows(s);
	keep(s, BRIDGE_CONTROL, BRIDGE_CONTROL_RESET, 0);
	keep_capabilities(s);
	e = pci_present(bridge, &s->function);
	if (e < 0)
		mem_free(s);
	else
		log_info("%s: bridge shielded", pci_name(bridge, name));
	return e;
}
