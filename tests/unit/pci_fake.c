/* SPDX-License-Identifier: MIT */
/* A machine with PCI devices, see pci_fake.h. */
#include "pci_fake.h"

#include "../../core/acpi.h"
#include "../../core/x86/npt.h"
#include "../../core/x86/trap_table.h"

#include <stdarg.h>
#include <tandem/conf.h>
#include <tandem/init.h>
#include <tandem/log.h>
#include <tandem/mem.h>

unsigned int checks;
char log_text[4096];
struct hardware machine[16];
unsigned int n_hardware;
uint16_t other_ports[64];
unsigned int n_other_ports;
struct conf tandem_conf;

static uint32_t address;		/* the real 0xcf8 */

extern const struct initcall table_initcall_start[], table_initcall_end[];

/* ---- devices ---- */

void set(struct hardware *h, unsigned int offset, unsigned int size,
	 uint32_t value)
{
	memcpy(h->config + offset, &value, size);
}

uint32_t get(const struct hardware *h, unsigned int offset, unsigned int size)
{
	uint32_t v = 0;

	memcpy(&v, h->config + offset, size);
	return v;
}

struct hardware *add_hardware(unsigned int bus, unsigned int slot,
			      unsigned int function, uint32_t id,
			      uint32_t class, uint8_t header_type)
{
	struct hardware *h = &machine[n_hardware++];

	CHECK(n_hardware <= ARRAY_SIZE(machine));
	*h = (struct hardware){ .bus = bus, .slot = slot,
				.function = function };
	set(h, 0, 4, id);
	set(h, PCI_CLASS_REVISION, 4, class << 8 | 1);
	set(h, PCI_HEADER_TYPE, 1, header_type);
	memset(h->writable + PCI_COMMAND, 0xff, 2);
	return h;
}

static struct hardware *addressed(void)
{
	for (unsigned int i = 0; i < n_hardware; i++) {
		struct hardware *h = &machine[i];

		if (address >> 31 && (address >> 16 & 0xff) == h->bus &&
		    (address >> 11 & 31) == h->slot &&
		    (address >> 8 & 7) == h->function)
			return h;
	}
	return NULL;
}

/* All ones in a BAR are for a moment an address: nothing may decode it. */
static void check_sizing(const struct hardware *h)
{
	for (unsigned int n = 0; n < 6; n++)
		if (!h->config[PCI_HEADER_TYPE] && h->writable[PCI_BAR(n) + 3] &&
		    get(h, PCI_BAR(n), 4) >> 16 == 0xffff)
			CHECK(!(h->config[PCI_COMMAND] &
				(PCI_COMMAND_IO | PCI_COMMAND_MEMORY)));
}

static uint32_t machine_in(uint16_t port, unsigned int size)
{
	struct hardware *h = addressed();

	if (port == 0xcf8 && size == 4)
		return address;
	if (port < 0xcfc || port > 0xcff) {
		CHECK(port + size <= 0xcfc || port > 0xcff);
		other_ports[n_other_ports++ % 64] = port;
		return 0x5a5a5a5a >> (32 - 8 * size);
	}
	CHECK(!(port % size) && port + size <= 0xd00);
	if (!h)
		return ~0u >> (32 - 8 * size);
	h->reads++;
	return get(h, (address & 0xfc) + (port & 3), size);
}

static void machine_out(uint16_t port, unsigned int size, uint32_t value)
{
	struct hardware *h = addressed();

	if (port == 0xcf8 && size == 4) {
		address = value;
		return;
	}
	if (port < 0xcfc || port > 0xcff) {
		CHECK(port + size <= 0xcfc || port > 0xcff);
		other_ports[n_other_ports++ % 64] = port;
		return;
	}
	CHECK(!(port % size) && port + size <= 0xd00);
	if (!h)
		return;
	h->writes++;
	for (unsigned int i = 0; i < size; i++, value >>= 8) {
		unsigned int o = (address & 0xfc) + (port & 3) + i;

		h->config[o] = (h->config[o] & ~h->writable[o]) |
			       (value & h->writable[o]);
	}
	check_sizing(h);
}

#define PORT(suffix, type, size) \
	type in##suffix(uint16_t port) \
	{ \
		return (type)machine_in(port, size); \
	} \
	void out##suffix(uint16_t port, type value) \
	{ \
		machine_out(port, size, value); \
	}
PORT(b, uint8_t, 1)
PORT(w, uint16_t, 2)
PORT(l, uint32_t, 4)

/* ---- the core ---- */

void log_msg(enum log_level level, const char *fmt, ...)
{
	size_t n = strlen(log_text);
	va_list ap;

	va_start(ap, fmt);
	n += (size_t)vsnprintf(log_text + n, sizeof(log_text) - n, fmt, ap);
	va_end(ap);
	CHECK(n + 2 < sizeof(log_text));
	strcpy(log_text + n, "\n");
}

void *mem_alloc(size_t size)
{
	return calloc(1, size);
}

void mem_free(void *p)
{
	free(p);
}

int npt_trap(guest_phys base, uint64_t size, bool readable)
{
	return 0;
}

void npt_untrap(guest_phys base, uint64_t size)
{
}

void port_intercept(uint16_t first, uint16_t last)
{
}

host_phys acpi_ecam(uint8_t bus)
{
	return ECAM_BASE + ((uint64_t)bus << 20);
}

void run_level(unsigned int level)
{
	for (const struct initcall *c = table_initcall_start;
	     c < table_initcall_end; c++)
		if (c->level == level)
			CHECK(!c->fn());
}

/* ---- the guest ---- */

uint32_t guest_in(uint16_t port, unsigned int size)
{
	return port_read(port, size);
}

void guest_out(uint16_t port, unsigned int size, uint32_t value)
{
	port_write(port, size, value);
}

static uint64_t ecam_of(const struct hardware *h)
{
	return ECAM_BASE + ((uint64_t)h->bus << 20) +
	       ((uint64_t)h->slot << 15) + ((uint64_t)h->function << 12);
}

bool ecam_is_trapped(struct hardware *h)
{
	struct mmio_trap t;

	return mmio_trap_find(ecam_of(h), &t);
}

uint64_t guest_ecam_read(struct hardware *h, unsigned int offset,
			 unsigned int size)
{
	struct mmio_trap t;

	CHECK(mmio_trap_find(ecam_of(h), &t));
	return t.read(t.ctx, offset, size);
}

void guest_ecam_write(struct hardware *h, unsigned int offset,
		      unsigned int size, uint64_t value)
{
	struct mmio_trap t;

	CHECK(mmio_trap_find(ecam_of(h), &t));
	t.write(t.ctx, offset, size, value);
}
