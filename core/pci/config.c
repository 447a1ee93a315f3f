/* SPDX-License-Identifier: MIT */
/*
 * Configuration space: the hardware's, by configuration mechanism #1 (PCI 3.0,
 * section 3.2.2.3.2), and the guest's way to it: the ports 0xCF8-0xCFF and
 * the ECAM page of each function that is not shown as it is. The guest's
 * address register is a copy, one for all its CPUs as in hardware; the real one
 * is ours.
 */
#include "config.h"
#include "../acpi.h"
#include "../x86/regs.h"
#include "../x86/trap_table.h"

#include <errno.h>
#include <tandem/init.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/spinlock.h>
#include <tandem/trap.h>

#define CONFIG_ADDRESS	0xcf8
#define CONFIG_DATA	0xcfc
#define ADDRESS_ENABLE	BIT(31)

static struct spinlock lock;		/* the two ports */
/* "pci" in docs/design.md: the guest's accesses, one after the other */
static struct spinlock guest_lock;
static uint32_t guest_address;

uint32_t pci_raw_read(uint8_t bus, uint8_t slot, uint8_t function,
		      unsigned int offset, unsigned int size)
{
	uint16_t port = CONFIG_DATA + (offset & 3);
	uint32_t v;

	spin_lock(&lock);
	outl(CONFIG_ADDRESS, ADDRESS_ENABLE | bus << 16 | slot << 11 |
	     function << 8 | (offset & 0xfc));
	v = port_in(port, size);
	spin_unlock(&lock);
	return v;
}

void pci_raw_write(uint8_t bus, uint8_t slot, uint8_t function,
		   unsigned int offset, unsigned int size, uint32_t value)
{
	uint16_t port = CONFIG_DATA + (offset & 3);

	spin_lock(&lock);
	outl(CONFIG_ADDRESS, ADDRESS_ENABLE | bus << 16 | slot << 11 |
	     function << 8 | (offset & 0xfc));
	port_out(port, size, value);
	spin_unlock(&lock);
}

uint32_t pci_config_read(struct pci_device *d, unsigned int offset,
			 unsigned int size)
{
	return pci_raw_read(d->bus, d->slot, d->function, offset, size);
}

void pci_config_write(struct pci_device *d, unsigned int offset,
		      unsigned int size, uint32_t value)
{
	pci_raw_write(d->bus, d->slot, d->function, offset, size, value);
}

/* ---- ports ---- */

static uint32_t function_read(struct pci_function *f, unsigned int offset,
			      unsigned int size)
{
	uint32_t v;

	spin_lock(&guest_lock);
	v = f->config_read(f, offset, size);
	spin_unlock(&guest_lock);
	return v;
}

static void function_write(struct pci_function *f, unsigned int offset,
			   unsigned int size, uint32_t value)
{
	spin_lock(&guest_lock);
	f->config_write(f, offset, size, value);
	spin_unlock(&guest_lock);
}

static uint32_t data_read(unsigned int byte, unsigned int size)
{
	uint32_t a = __atomic_load_n(&guest_address, __ATOMIC_RELAXED);
	uint8_t bus = a >> 16, slot = a >> 11 & 31, function = a >> 8 & 7;
	unsigned int offset = (a & 0xfc) + byte;
	struct pci_function *f;

	if (!(a & ADDRESS_ENABLE))
		return size == 4 ? ~0u : (1u << size * 8) - 1;
	f = pci_guest_view(bus, slot, function);
	return f ? function_read(f, offset, size) :
		pci_raw_read(bus, slot, function, offset, size);
}

static void data_write(unsigned int byte, unsigned int size, uint32_t value)
{
	uint32_t a = __atomic_load_n(&guest_address, __ATOMIC_RELAXED);
	uint8_t bus = a >> 16, slot = a >> 11 & 31, function = a >> 8 & 7;
	unsigned int offset = (a & 0xfc) + byte;
	struct pci_function *f;

	if (!(a & ADDRESS_ENABLE))
		return;
	f = pci_guest_view(bus, slot, function);
	if (f)
		function_write(f, offset, size, value);
	else
		pci_raw_write(bus, slot, function, offset, size, value);
}

/* Aligned and inside one dword; others are taken apart. */
static bool data_access(uint16_t port, unsigned int size)
{
	unsigned int byte = port - CONFIG_DATA;

	return port >= CONFIG_DATA && byte + size <= 4 && !(byte % size);
}

static uint32_t config_port_read(void *ctx __unused, uint16_t port,
				 unsigned int size)
{
	uint32_t v = 0;

	if (data_access(port, size))
		return data_read(port - CONFIG_DATA, size);
	if (port == CONFIG_ADDRESS && size == 4)
		return __atomic_load_n(&guest_address, __ATOMIC_RELAXED);
	/* bytes of 0xcf8-0xcfb are other registers of the chipset */
	if (size == 1)
		return inb(port);
	for (unsigned int i = 0; i < size; i++)
		v |= port_read((uint16_t)(port + i), 1) << 8 * i;
	return v;
}

static void config_port_write(void *ctx __unused, uint16_t port,
			      unsigned int size, uint32_t value)
{
	if (data_access(port, size))
		data_write(port - CONFIG_DATA, size, value);
	else if (port == CONFIG_ADDRESS && size == 4)
		__atomic_store_n(&guest_address, value & ~3u,
				 __ATOMIC_RELAXED);
	else if (size == 1)
		outb(port, (uint8_t)value);
	else
		for (unsigned int i = 0; i < size; i++)
			port_write((uint16_t)(port + i), 1,
				   value >> 8 * i & 0xff);
}

static struct port_trap config_ports = {
	.name = "PCI configuration",
	.first = CONFIG_ADDRESS, .last = CONFIG_DATA + 3,
	.read = config_port_read, .write = config_port_write,
};

static int config_ports_init(void)
{
	return port_trap_add(&config_ports);
}
INITCALL(INIT_BUS, config_ports_init);

/* ---- what the guest sees at an address ---- */

struct view {
	uint8_t bus, slot, function;
	struct pci_function *shown;
	struct mmio_trap ecam;
	struct view *next;
};

static struct view *views;

struct pci_function *pci_guest_view(uint8_t bus, uint8_t slot,
				    uint8_t function)
{
	for (struct view *v = views; v; v = v->next)
		if (v->bus == bus && v->slot == slot &&
		    v->function == function)
			return v->shown;
	return NULL;
}

/* A struct pci_function is asked for aligned 1, 2 or 4 bytes only. */
static unsigned int ecam_part(uint64_t offset, unsigned int size)
{
	return offset % size ? 1 : MIN(size, 4);
}

static uint64_t ecam_read(void *ctx, uint64_t offset, unsigned int size)
{
	struct pci_function *f = ((struct view *)ctx)->shown;
	unsigned int part = ecam_part(offset, size);
	uint64_t v = 0;

	for (unsigned int i = 0; i < size; i += part)
		v |= (uint64_t)function_read(f, (unsigned int)offset + i,
					     part) << 8 * i;
	return v;
}

static void ecam_write(void *ctx, uint64_t offset, unsigned int size,
		       uint64_t value)
{
	struct pci_function *f = ((struct view *)ctx)->shown;
	unsigned int part = ecam_part(offset, size);
	uint64_t mask = BIT(part * 8) - 1;

	for (unsigned int i = 0; i < size; i += part)
		function_write(f, (unsigned int)offset + i, part,
			       (uint32_t)(value >> 8 * i & mask));
}

int pci_present(struct pci_device *d, struct pci_function *f)
{
	host_phys ecam = acpi_ecam(d->bus);
	struct view *v = mem_alloc(sizeof(*v));
	int e = 0;

	if (!v)
		return -ENOMEM;
	v->bus = d->bus;
	v->slot = d->slot;
	v->function = d->function;
	v->shown = f;
	v->ecam = (struct mmio_trap){
		.name = "ECAM",
		.base = ecam + ((uint64_t)d->slot << 15) +
			((uint64_t)d->function << 12),
		.size = PAGE_SIZE, .read = ecam_read, .write = ecam_write,
		.ctx = v,
	};
	if (ecam)
		e = mmio_trap_add(&v->ecam);
	if (e < 0) {
		mem_free(v);
		return e;
	}
	v->next = views;
	views = v;
	d->guest_view = f;
	return 0;
}

static uint32_t absent_read(struct pci_function *f __unused,
			    unsigned int offset __unused, unsigned int size)
{
	return size == 4 ? ~0u : (1u << size * 8) - 1;
}

static void absent_write(struct pci_function *f __unused,
			 unsigned int offset __unused,
			 unsigned int size __unused, uint32_t value __unused)
{
}

static struct pci_function absent = { absent_read, absent_write };

static int hide_bar(const struct pci_bar *b)
{
	struct mmio_trap *t;
	int e;

	/* a page it shares with another device's registers stays */
	if (b->io || !b->base || b->size < PAGE_SIZE)
		return 0;
	t = mem_alloc(sizeof(*t));
	if (!t)
		return -ENOMEM;
	*t = (struct mmio_trap){
		.name = "concealed BAR", .base = b->base, .size = b->size,
		.read = mmio_absent_read, .write = mmio_absent_write,
	};
	e = mmio_trap_add(t);
	if (e < 0)
		mem_free(t);
	return e;
}

int pci_conceal(struct pci_device *d)
{
	uint64_t known = 0;
	int e = 0;

	for (unsigned int n = 0; n < ARRAY_SIZE(d->bar); n++)
		known |= d->bar[n].size;
	/* not when a driver has the device: decoding stops meanwhile */
	if (!known)
		pci_size_bars(d);
	for (unsigned int n = 0; !e && n < ARRAY_SIZE(d->bar); n++)
		e = hide_bar(&d->bar[n]);
	return e < 0 ? e : pci_present(d, &absent);
}
