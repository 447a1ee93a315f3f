/* SPDX-License-Identifier: MIT */
/* ACPI tables, see acpi.h. */
#include "acpi.h"

#include <string.h>
#define LOG_PREFIX "acpi: "
#include <tandem/guest_mem.h>
#include <tandem/log.h>
#include <tandem/mem.h>

#define TABLE_MAX	MIB(1)
#define TABLES_MAX	256

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem_id[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum, reserved[3];
} __packed;

/* Fixed ACPI description table, the fields used here (section 5.2.9). */
struct fadt {
	struct acpi_header header;
	uint32_t facs;			/* offset 36 */
	uint32_t dsdt;
	uint8_t skip0[64 - 44];
	uint32_t pm1a_control;		/* offset 64 */
	uint32_t pm1b_control;
	uint8_t skip1[76 - 72];
	uint32_t pm_timer;		/* offset 76 */
	uint8_t skip2[108 - 80];
	uint8_t century;		/* offset 108 */
	uint8_t skip5[112 - 109];
	uint32_t flags;			/* offset 112 */
	struct acpi_address reset;
	uint8_t reset_value;		/* offset 128 */
	uint8_t skip3[132 - 129];
	uint64_t x_facs;		/* offset 132 */
	uint64_t x_dsdt;
	uint8_t skip4[244 - 148];
	struct acpi_address sleep_control;	/* offset 244 */
} __packed;

#define FADT_HAS(f, field) \
	((f)->header.length >= offsetof(struct fadt, field) + \
	 sizeof((f)->field))
#define FADT_RESET_SUPPORTED	BIT(10)

static struct acpi_header *root;
static unsigned int entry_size;
static struct acpi_reset reset;
static uint16_t pm_timer;
static uint8_t century;
static struct acpi_sleep_ports sleep_ports;
static volatile uint8_t *facs[ACPI_FACS_MAX];

/* Firmware may keep tables in RAM or in ranges it reserved. */
static void *map(host_phys a, size_t len)
{
	void *p = guest_ram(a, len);

	return p ? p : (void *)mmio_map(a, len);
}

static uint8_t sum(const void *p, size_t len)
{
	const uint8_t *b = p;
	uint8_t total = 0;

	while (len--)
		total += *b++;
	return total;
}

static bool sum_ok(const void *p, size_t len)
{
	return !sum(p, len);
}

static struct acpi_header *table_at(host_phys a)
{
	struct acpi_header *h = map(a, sizeof(*h));
	uint32_t length = h ? h->length : 0;

	if (length < sizeof(*h) || length > TABLE_MAX)
		return NULL;
	h = map(a, length);
	return h && sum_ok(h, length) ? h : NULL;
}

/* The nth table of that signature, from 0 on. */
static struct acpi_header *nth_table(const char signature[4], unsigned int nth)
{
	const uint8_t *entries;
	unsigned int n;

	if (!root)
		return NULL;
	entries = (const uint8_t *)(root + 1);
	n = (root->length - sizeof(*root)) / entry_size;
	for (unsigned int i = 0; i < MIN(n, TABLES_MAX); i++) {
		uint64_t a = 0;
		struct acpi_header *h;

		memcpy(&a, entries + i * entry_size, entry_size);
		h = table_at(a);
		if (h && !memcmp(h->signature, signature, 4) && !nth--)
			return h;
	}
	return NULL;
}

void *acpi_table(const char signature[4])
{
	return nth_table(signature, 0);
}

void acpi_hide(struct acpi_header *table)
{
	memcpy(table->signature, "XXXX", 4);
	table->checksum = 0;
	table->checksum = (uint8_t)-sum(table, table->length);
}

static void find_facs(const struct fadt *f)
{
	uint64_t at[ACPI_FACS_MAX] = {
		f->facs, FADT_HAS(f, x_facs) ? f->x_facs : 0
	};
	unsigned int n = 0;

	for (unsigned int i = 0; i < ACPI_FACS_MAX; i++) {
		volatile uint8_t *p;

		if (!at[i] || (i && at[i] == at[0]))
			continue;
		p = map(at[i], ACPI_FACS_SIZE);
		if (p && !memcmp((const void *)p, "FACS", 4))
			facs[n++] = p;
	}
}

/* A small integer of AML (ACPI 6.4, 20.2.3) at *p, which moves on; or -1. */
static int aml_byte(const uint8_t **p, const uint8_t *end)
{
	if (*p < end && **p <= 1)
		return *(*p)++;			/* ZeroOp, OneOp */
	if (end - *p < 2 || **p != 0x0a)	/* BytePrefix */
		return -1;
	*p += 2;
	return (*p)[-1];
}

/*
 * Name (_S5, Package () { SLP_TYPa, SLP_TYPb, ... }), found by its bytes: what
 * the order to power off is (section 7.4.2.6) is told in AML only.
 */
static void find_off(const struct acpi_header *h)
{
	static const uint8_t name[] = { '_', 'S', '5', '_', 0x12 };
	const uint8_t *p = (const uint8_t *)(h + 1);
	const uint8_t *end = (const uint8_t *)h + h->length;
	int a, b;

	while (end - p > (ptrdiff_t)sizeof(name) &&
	       memcmp(p, name, sizeof(name)))
		p++;
	if (end - p <= (ptrdiff_t)sizeof(name))
		return;
	p += sizeof(name);
	p += 1 + (*p >> 6);		/* PkgLength */
	p++;				/* NumElements */
	if (p >= end)
		return;
	a = aml_byte(&p, end);
	b = aml_byte(&p, end);
	if (a < 0 || a > 7 || b < 0 || b > 7)
		return;
	sleep_ports.off_a = (uint8_t)a;
	sleep_ports.off_b = (uint8_t)b;
	sleep_ports.has_off = true;
}

/* The DSDT, and the SSDTs that add to it (section 5.2.11). */
static void read_aml(const struct fadt *f)
{
	uint64_t at = FADT_HAS(f, x_dsdt) && f->x_dsdt ? f->x_dsdt : f->dsdt;
	const struct acpi_header *h = at ? table_at(at) : NULL;

	if (h && !memcmp(h->signature, "DSDT", 4))
		find_off(h);
	for (unsigned int i = 0; i < TABLES_MAX && !sleep_ports.has_off; i++) {
		h = nth_table("SSDT", i);
		if (!h)
			return;
		find_off(h);
	}
}

static void read_fadt(void)
{
	const struct fadt *f = acpi_table("FACP");

	if (!f || f->header.length < offsetof(struct fadt, flags))
		return;
	pm_timer = (uint16_t)f->pm_timer;
	century = f->century < 128 ? f->century : 0;
	sleep_ports.pm1a = (uint16_t)f->pm1a_control;
	sleep_ports.pm1b = (uint16_t)f->pm1b_control;
	if (FADT_HAS(f, sleep_control) && f->sleep_control.address <= 0xffff &&
	    f->sleep_control.space == ACPI_SPACE_IO)
		sleep_ports.control = (uint16_t)f->sleep_control.address;
	find_facs(f);
	read_aml(f);
	if (!FADT_HAS(f, reset_value) ||
	    !(f->flags & FADT_RESET_SUPPORTED) ||
	    f->reset.space != ACPI_SPACE_IO || f->reset.address > 0xffff)
		return;
	reset.port = (uint16_t)f->reset.address;
	reset.value = f->reset_value;
}

void acpi_init(host_phys rsdp)
{
	const struct rsdp *r = rsdp ? map(rsdp, sizeof(*r)) : NULL;

	root = NULL;
	reset = (struct acpi_reset){ 0 };
	pm_timer = 0;
	century = 0;
	sleep_ports = (struct acpi_sleep_ports){ 0 };
	memset(facs, 0, sizeof(facs));
	if (!r || memcmp(r->signature, "RSD PTR ", 8) || !sum_ok(r, 20)) {
		log_warn("no root pointer: no wake-up timer, no ECAM");
		return;
	}
	if (r->revision >= 2 && r->xsdt) {
		root = table_at(r->xsdt);
		entry_size = 8;
	}
	if (!root && r->rsdt) {
		root = table_at(r->rsdt);
		entry_size = 4;
	}
	read_fadt();
}

uint16_t acpi_pm_timer_port(void)
{
	return pm_timer;
}

uint8_t acpi_century_register(void)
{
	return century;
}

const struct acpi_sleep_ports *acpi_sleep_ports(void)
{
	return &sleep_ports;
}

volatile void *acpi_facs(unsigned int n)
{
	return n < ACPI_FACS_MAX ? facs[n] : NULL;
}

const struct acpi_reset *acpi_reset(void)
{
	return reset.port ? &reset : NULL;
}

host_phys acpi_ecam(uint8_t bus)
{
	const struct acpi_mcfg *m = acpi_table("MCFG");
	unsigned int n;

	if (!m || m->header.length < sizeof(*m))
		return 0;
	n = (m->header.length - sizeof(*m)) / sizeof(m->entry[0]);
	for (unsigned int i = 0; i < n; i++) {
		const struct acpi_mcfg_entry *e = &m->entry[i];

		if (e->segment == 0 && bus >= e->first_bus &&
		    bus <= e->last_bus)
			return e->base + ((uint64_t)(bus - e->first_bus) << 20);
	}
	return 0;
}
