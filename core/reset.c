/* SPDX-License-Identifier: MIT */
/*
 * Reset ports: 0xCF9 (chipset reset control), keyboard controller command 0xFE
 * at port 0x64, system control port A (0x92), the ACPI reset register. Writes
 * pass to the hardware; one that resets stops the devices' DMA first, so that no
 * frame lands in the next system's memory. Sleep and power-off: sleep.c.
 */
#include "reset.h"
#include "acpi.h"
#include "panic.h"
#include "x86/regs.h"

#define LOG_PREFIX "reset: "
#include <tandem/init.h>
#include <tandem/log.h>
#include <tandem/timer.h>
#include <tandem/trap.h>

#define RESET_CONTROL		0xcf9
#define RESET_CPU		BIT(2)
#define KBC_COMMAND		0x64
#define KBC_PULSE		0xf0	/* 0xf0-0xff pulse output lines */
#define KBC_PULSE_RESET		BIT(0)	/* clear: line 0, reset, is pulsed */
#define SYSTEM_CONTROL		0x92
#define SYSTEM_RESET		BIT(0)

static uint32_t pass_read(void *ctx __unused, uint16_t port, unsigned int size)
{
	return port_in(port, size);
}

static void stop_dma(const char *how)
{
	log_info("guest: %s", how);
	quiesce();
}

static void cf9_write(void *ctx __unused, uint16_t port, unsigned int size,
		      uint32_t value)
{
	if (value & RESET_CPU)
		stop_dma("reset by port 0xcf9");
	port_out(port, size, value);
}

static void kbc_write(void *ctx __unused, uint16_t port, unsigned int size,
		      uint32_t value)
{
	if ((value & KBC_PULSE) == KBC_PULSE && !(value & KBC_PULSE_RESET))
		stop_dma("reset by the keyboard controller");
	port_out(port, size, value);
}

static void system_write(void *ctx __unused, uint16_t port, unsigned int size,
			 uint32_t value)
{
	if (value & SYSTEM_RESET)
		stop_dma("reset by port 0x92");
	port_out(port, size, value);
}

static void acpi_reset_write(void *ctx __unused, uint16_t port,
			     unsigned int size, uint32_t value)
{
	if ((uint8_t)value == acpi_reset()->value)
		stop_dma("ACPI reset");
	port_out(port, size, value);
}

static struct port_trap cf9_trap = {
	.name = "reset control", .first = RESET_CONTROL, .last = RESET_CONTROL,
	.read = pass_read, .write = cf9_write,
};
static struct port_trap kbc_trap = {
	.name = "keyboard controller", .first = KBC_COMMAND,
	.last = KBC_COMMAND, .read = pass_read, .write = kbc_write,
};
static struct port_trap system_trap = {
	.name = "system control", .first = SYSTEM_CONTROL,
	.last = SYSTEM_CONTROL, .read = pass_read, .write = system_write,
};
static struct port_trap acpi_trap = {
	.name = "ACPI reset", .read = pass_read, .write = acpi_reset_write,
};

static int reset_init(void)
{
	const struct acpi_reset *r = acpi_reset();

	port_trap_add(&cf9_trap);
	port_trap_add(&kbc_trap);
	port_trap_add(&system_trap);
	if (r && r->port != RESET_CONTROL && r->port != KBC_COMMAND &&
	    r->port != SYSTEM_CONTROL) {
		acpi_trap.first = acpi_trap.last = r->port;
		port_trap_add(&acpi_trap);
	}
	return 0;
}
INITCALL(INIT_CORE, reset_init);

void machine_reset(void)
{
	quiesce();
	machine_reset_now();
}

void machine_reset_now(void)
{
	const struct acpi_reset *r = acpi_reset();

	if (r)
		outb(r->port, r->value);
	udelay(10000);
	outb(RESET_CONTROL, 0x02);
	outb(RESET_CONTROL, 0x06);
	udelay(10000);
	outb(KBC_COMMAND, 0xfe);
	for (;;)
		__asm__ volatile("cli; hlt");
}
