/* SPDX-License-Identifier: MIT */
/*
 * Are ACPI tables found, and are damaged ones left alone: wrong checksums,
 * lengths that lead out of memory, tables cut short?
 */
#include "check.h"
#include "../../core/acpi.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tandem/guest_mem.h>
#include <tandem/log.h>
#include <tandem/mem.h>

#define BASE		0x10000ull
#define SIZE		0x4000ull
#define RSDP		(BASE + 0x0)
#define ROOT		(BASE + 0x100)
#define FADT		(BASE + 0x400)
#define MCFG		(BASE + 0x800)
#define HPET		(BASE + 0xa00)
#define FACS		(BASE + 0xc00)
#define FACS_2		(BASE + 0xd00)
#define DSDT		(BASE + 0xe00)
#define SSDT		(BASE + 0x1000)	/* two of them */
#define SSDT_2		(BASE + 0x1100)

static unsigned int checks;
static uint8_t *memory;		/* exactly SIZE bytes: ASan sees the rest */

void *guest_ram(guest_phys a, uint64_t len)
{
	if (a < BASE || a - BASE >= SIZE || len > SIZE - (a - BASE) || !len)
		return NULL;
	return memory + (a - BASE);
}

volatile void *mmio_map(host_phys base, size_t size)
{
	return NULL;
}

void log_msg(enum log_level level, const char *fmt, ...)
{
}

static void put(uint64_t a, unsigned int size, uint64_t v)
{
	memcpy(memory + (a - BASE), &v, size);
}

static void seal(uint64_t a, size_t len, unsigned int at)
{
	uint8_t sum = 0;

	memory[a - BASE + at] = 0;
	for (size_t i = 0; i < len; i++)
		sum += memory[a - BASE + i];
	memory[a - BASE + at] = -sum;
}

static void table(uint64_t a, const char *signature, uint32_t length)
{
	memcpy(memory + (a - BASE), signature, 4);
	put(a + 4, 4, length);
	seal(a, length, 9);
}

/* A machine as q35 describes itself. */
static void machine(bool xsdt)
{
	unsigned int size = xsdt ? 8 : 4;

	memset(memory, 0, SIZE);
	memcpy(memory, "RSD PTR ", 8);
	put(RSDP + 15, 1, xsdt ? 2 : 0);
	put(RSDP + (xsdt ? 24 : 16), size, ROOT);
	put(RSDP + 20, 4, 36);
	seal(RSDP, 20, 8);
	put(ROOT + 36, size, FADT);
	put(ROOT + 36 + size, size, MCFG);
	put(ROOT + 36 + 2 * size, size, HPET);
	table(ROOT, xsdt ? "XSDT" : "RSDT", 36 + 3 * size);

	put(FADT + 36, 4, FACS);
	put(FADT + 64, 4, 0x604);
	put(FADT + 68, 4, 0x614);
	put(FADT + 76, 4, 0x608);
	put(FADT + 112, 4, BIT(10));
	put(FADT + 116, 1, ACPI_SPACE_IO);
	put(FADT + 120, 8, 0xcf9);
	put(FADT + 128, 1, 0x0f);
	put(FADT + 132, 8, FACS_2);
	put(FADT + 244, 1, ACPI_SPACE_IO);
	put(FADT + 248, 8, 0x620);
	table(FADT, "FACP", 268);
	memcpy(memory + (FACS - BASE), "FACS", 4);
	memcpy(memory + (FACS_2 - BASE), "FACS", 4);

	put(MCFG + 44, 8, 0xd0000000);		/* segment 1 */
	put(MCFG + 52, 2, 1);
	put(MCFG + 55, 1, 0xff);
	put(MCFG + 60, 8, 0xe0000000);		/* segment 0, buses 16-31 */
	put(MCFG + 70, 1, 16);
	put(MCFG + 71, 1, 31);
	table(MCFG, "MCFG", 76);

	put(HPET + 44, 8, 0xfed00000);
	table(HPET, "HPET", sizeof(struct acpi_hpet));
}

/* What iasl makes of Name (_S5, Package () { ... }), behind other bytes. */
static void dsdt(const char *package, size_t n)
{
	static const char before[] = "\x10\x20\\_SB_\x08_S4_\x12\x06\x04\x0a\x06";

	memset(memory + (DSDT - BASE), 0, SIZE - (DSDT - BASE));
	memcpy(memory + (DSDT - BASE) + 36, before, sizeof(before));
	memcpy(memory + (DSDT - BASE) + 36 + sizeof(before), package, n);
	table(DSDT, "DSDT", (uint32_t)(36 + sizeof(before) + n));
	put(FADT + 40, 4, DSDT);
	put(FADT + 140, 8, 0);
	table(FADT, "FACP", 268);
}

static void restart(void)
{
	acpi_init(0);
	acpi_init(RSDP);
}

static void finds_its_tables(void)
{
	for (int xsdt = 0; xsdt < 2; xsdt++) {
		const struct acpi_hpet *h;

		machine(xsdt);
		restart();
		CHECK(acpi_table("FACP") == memory + (FADT - BASE));
		CHECK(acpi_table("DMAR") == NULL);
		h = acpi_table("HPET");
		CHECK(h && h->base.address == 0xfed00000);
		CHECK(acpi_pm_timer_port() == 0x608);
		CHECK(acpi_sleep_ports()->pm1a == 0x604);
		CHECK(acpi_reset() && acpi_reset()->port == 0xcf9);
		CHECK(acpi_reset()->value == 0x0f);
	}
}

static void ecam_of_segment_0(void)
{
	machine(true);
	restart();
	CHECK(acpi_ecam(16) == 0xe0000000 && acpi_ecam(31) == 0xe0f00000);
	CHECK(!acpi_ecam(15) && !acpi_ecam(32) && !acpi_ecam(0));
	/* cut in the second entry */
	table(MCFG, "MCFG", 75);
	CHECK(!acpi_ecam(16));
	table(MCFG, "MCFG", 40);
	CHECK(!acpi_ecam(16));
}

static void damaged_tables_are_absent(void)
{
	machine(true);
	memory[FADT - BASE + 200] ^= 1;
	restart();
	CHECK(!acpi_table("FACP") && acpi_table("MCFG"));
	/* shorter than its own header, or longer than memory */
	machine(true);
	put(MCFG + 4, 4, 35);
	restart();
	CHECK(!acpi_table("MCFG") && acpi_table("HPET"));
	put(MCFG + 4, 4, 0xffffffff);
	CHECK(!acpi_table("MCFG"));
	put(MCFG + 4, 4, SIZE);
	CHECK(!acpi_table("MCFG"));
	/* an entry that leads nowhere does not hide the next */
	machine(true);
	put(ROOT + 36, 8, ~0ull);
	table(ROOT, "XSDT", 36 + 24);
	restart();
	CHECK(!acpi_table("FACP") && acpi_table("HPET"));
	/* half an entry at the end */
	machine(true);
	table(ROOT, "XSDT", 36 + 20);
	restart();
	CHECK(acpi_table("MCFG") && !acpi_table("HPET"));
}

static void an_old_fadt_has_no_reset_register(void)
{
	machine(true);
	table(FADT, "FACP", 116);
	restart();
	CHECK(!acpi_reset() && acpi_pm_timer_port() == 0x608);
	machine(true);
	put(FADT + 116, 1, ACPI_SPACE_MEMORY);
	table(FADT, "FACP", 244);
	restart();
	CHECK(!acpi_reset());
	machine(true);
	put(FADT + 112, 4, 0);
	table(FADT, "FACP", 244);
	restart();
	CHECK(!acpi_reset());
	machine(true);
	table(FADT, "FACP", 100);
	restart();
	CHECK(!acpi_reset() && !acpi_pm_timer_port());
}

static void sleep_registers_and_facs(void)
{
	machine(true);
	restart();
	CHECK(acpi_sleep_ports()->pm1a == 0x604);
	CHECK(acpi_sleep_ports()->pm1b == 0x614);
	CHECK(acpi_sleep_ports()->control == 0x620);
	CHECK(acpi_facs(0) == memory + (FACS - BASE));
	CHECK(acpi_facs(1) == memory + (FACS_2 - BASE) && !acpi_facs(2));
	/* the same by both fields is one */
	put(FADT + 132, 8, FACS);
	table(FADT, "FACP", 268);
	restart();
	CHECK(acpi_facs(0) == memory + (FACS - BASE) && !acpi_facs(1));
	/* only by the long field; no signature; not in memory */
	machine(true);
	put(FADT + 36, 4, 0);
	table(FADT, "FACP", 268);
	restart();
	CHECK(acpi_facs(0) == memory + (FACS_2 - BASE) && !acpi_facs(1));
	memory[FACS_2 - BASE] = 'X';
	restart();
	CHECK(!acpi_facs(0));
	machine(true);
	put(FADT + 36, 4, BASE + SIZE - ACPI_FACS_SIZE + 1);
	table(FADT, "FACP", 116);	/* of ACPI 1.0 */
	restart();
	CHECK(!acpi_facs(0) && !acpi_sleep_ports()->control);
	/* sleep control in memory is not a port */
	machine(true);
	put(FADT + 244, 1, ACPI_SPACE_MEMORY);
	table(FADT, "FACP", 268);
	restart();
	CHECK(!acpi_sleep_ports()->control);
}

static void nothing_without_a_root(void)
{
	machine(true);
	acpi_init(0);
	CHECK(!acpi_table("FACP") && !acpi_reset() && !acpi_pm_timer_port());
	acpi_init(0xdeadbeef000);
	CHECK(!acpi_table("FACP"));
	memory[0] ^= 1;
	acpi_init(RSDP);
	CHECK(!acpi_table("FACP"));
	/* a damaged XSDT and no RSDT */
	machine(true);
	memory[ROOT - BASE + 20] ^= 1;
	acpi_init(RSDP);
	CHECK(!acpi_table("FACP"));
}

static bool off_is(const char *package, size_t n, int a, int b)
{
	const struct acpi_sleep_ports *p = acpi_sleep_ports();

	machine(true);
	dsdt(package, n);
	restart();
	return p->has_off ? p->off_a == a && p->off_b == b : a < 0;
}

static void knows_the_order_to_power_off(void)
{
	CHECK(off_is("\x08_S5_\x12\x06\x04\0\0\0\0", 12, 0, 0));	/* QEMU */
	CHECK(off_is("\x08_S5_\x12\x0a\x04\x0a\x05\x0a\x07\0\0", 14, 5, 7));
	CHECK(off_is("\x08_S5_\x12\x4a\x00\x04\x01\x0a\x02\0", 13, 1, 2));
	/* not there, too large, not a constant, cut anywhere */
	CHECK(off_is("\x08_S3_\x12\x06\x04\0\0\0\0", 12, -1, 0));
	CHECK(off_is("\x08_S5_\x12\x0a\x04\x0a\x08\x0a\x07", 12, -1, 0));
	CHECK(off_is("\x08_S5_\x12\x0a\x04XYZ_\0", 13, -1, 0));
	for (size_t n = 0; n < 12; n++)
		CHECK(off_is("\x08_S5_\x12\x0a\x04\x0a\x05\x0a\x07", n, -1, 0));
	/* a table that is none, and one that is elsewhere */
	put(DSDT + 36, 1, 0x55);
	restart();
	CHECK(!acpi_sleep_ports()->has_off);
	machine(true);
	put(FADT + 140, 8, BASE + SIZE - 8);
	table(FADT, "FACP", 268);
	restart();
	CHECK(!acpi_sleep_ports()->has_off && acpi_sleep_ports()->pm1a);
}

/* Some firmware has _S5 in an SSDT, which need not be the first. */
static void finds_the_order_in_an_ssdt(void)
{
	static const char order[] = "\x08_S5_\x12\x06\x04\x0a\x05\x0a\x06";

	machine(true);
	dsdt("\x08_S3_\x12\x06\x04\0\0\0\0", 12);
	table(SSDT, "SSDT", 40);
	memcpy(memory + (SSDT_2 - BASE) + 36, order, sizeof(order));
	table(SSDT_2, "SSDT", 36 + sizeof(order));
	put(ROOT + 4, 4, 36 + 5 * 8);
	put(ROOT + 36 + 3 * 8, 8, SSDT);
	put(ROOT + 36 + 4 * 8, 8, SSDT_2);
	seal(ROOT, 36 + 5 * 8, 9);
	restart();
	CHECK(acpi_sleep_ports()->has_off && acpi_sleep_ports()->off_a == 5 &&
	      acpi_sleep_ports()->off_b == 6);
}

int main(void)
{
	memory = malloc(SIZE);
	nothing_without_a_root();
	finds_its_tables();
	ecam_of_segment_0();
	damaged_tables_are_absent();
	an_old_fadt_has_no_reset_register();
	sleep_registers_and_facs();
	knows_the_order_to_power_off();
	finds_the_order_in_an_ssdt();
	printf("%u checks\n", checks);
	free(memory);
	return 0;
}
