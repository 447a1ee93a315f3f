/* SPDX-License-Identifier: MIT */
/*
 * Powering off by the VMM's own order: both PM1 control registers are told the
 * state and that it begins (ACPI 6.4, 4.8.3.2.1), PM1a first, and the guest's
 * other bits stay.
 */
#include "check.h"

#include <setjmp.h>
#include <stdio.h>

#include "../../core/sleep.c"

const struct power_hook table_power_start[1], table_power_end[1];
struct cpu cpus[CONFIG_MAX_CPUS];

static unsigned int checks, writes;
static struct acpi_sleep_ports ports;
static struct {
	uint16_t port;
	uint16_t value;
} written[4];
static uint64_t now;
static jmp_buf slept;

/* ---- what the code calls ---- */

uint16_t inw(uint16_t port)
{
	return port == 0x604 ? 0x1c01 : 0x0002;
}

void outw(uint16_t port, uint16_t value)
{
	CHECK(writes < 4);
	written[writes].port = port;
	written[writes++].value = value;
}

uint8_t inb(uint16_t port __unused)
{
	return 0;
}

void outb(uint16_t port, uint8_t value)
{
	outw(port, value);
}

uint32_t inl(uint16_t port __unused)
{
	return 0;
}

void outl(uint16_t port __unused, uint32_t value __unused)
{
}

const struct acpi_sleep_ports *acpi_sleep_ports(void)
{
	return &ports;
}

uint64_t time_us(void)
{
	return now += 1000;
}

/* The CPU's state is kept, and the order given. */
bool cpu_sleep(void (*enter)(void))
{
	enter();
	longjmp(slept, 1);
}

struct wake_vector facs_take(uint32_t address __unused)
{
	return (struct wake_vector){ 0 };
}

host_phys trampoline_page(void)
{
	return 0;
}

void machine_reset(void)
{
	longjmp(slept, 2);
}

void log_msg(enum log_level level __unused, const char *fmt __unused, ...)
{
}

void facs_init(void) {}
void facs_give_back(void) {}
void quiesce(void) {}
void cpus_park(void) {}
void cpus_unpark(void) {}
void cpus_restart(void) {}

int port_trap_add(struct port_trap *t __unused)
{
	return 0;
}

void cpu_call_first(void (*fn)(void *arg), void *arg)
{
	fn(arg);
}

void vcpu_start_real(struct cpu *cpu __unused, uint16_t cs __unused,
		     uint16_t ip __unused)
{
}

void vcpu_start_protected(struct cpu *cpu __unused, uint32_t ip __unused)
{
}

/* ---- the checks ---- */

static void power_off(void)
{
	writes = 0;
	if (!setjmp(slept))
		machine_off();
}

static bool was(unsigned int i, uint16_t port, uint16_t value)
{
	return written[i].port == port && written[i].value == value;
}

int main(void)
{
	ports = (struct acpi_sleep_ports){
		.pm1a = 0x604, .has_off = true, .off_a = 5, .off_b = 7,
	};
	CHECK(machine_can_off());
	power_off();
	CHECK(writes == 1 && was(0, 0x604, 1 | 5 << 10 | 1 << 13));
	ports.pm1b = 0x614;
	power_off();
	CHECK(writes == 2 && was(0, 0x604, 1 | 5 << 10 | 1 << 13) &&
	      was(1, 0x614, 2 | 7 << 10 | 1 << 13));
	ports = (struct acpi_sleep_ports){
		.control = 0x620, .has_off = true, .off_a = 5,
	};
	power_off();
	CHECK(writes == 1 && was(0, 0x620, 5 << 2 | 1 << 5));
	printf("%u checks\n", checks);
	return 0;
}
