/* SPDX-License-Identifier: MIT */
/*
 * The guest's order to sleep or to power off (ACPI 6.4, sections 4.8.3.2.1 and
 * 16.3): PM1 control, and the sleep control register of hardware-reduced
 * machines. Which state is meant is known to the DSDT only, so each order is
 * taken for one after which the firmware comes back through the waking vector:
 * what devices need is kept, DMA stopped, the guest's vector replaced by the
 * VMM's, and then the order given to the hardware. After the wake the VMM sets
 * itself up again and starts the guest where the firmware would have.
 */
#include "acpi.h"
#include "facs.h"
#include "mem/mem.h"
#include "panic.h"
#include "reset.h"
#include "sleep.h"
#include "timer.h"
#include "x86/cpus.h"
#include "x86/trampoline.h"
#include "x86/wake.h"

#define LOG_PREFIX "sleep: "
#include <tandem/init.h>
#include <tandem/log.h>
#include <tandem/timer.h>
#include <tandem/trap.h>

#define PM1_SLP_EN		BIT(13)
#define   PM1_SLP_TYP		10
#define CONTROL_SLP_EN		BIT(5)
#define   CONTROL_SLP_TYP	2

/* a machine that still runs then has not taken the order */
#define ENTER_LIMIT_US		1000000

extern const struct power_hook table_power_start[], table_power_end[];

static struct order {
	uint16_t port;
	unsigned int size;
	uint32_t value;
	uint16_t port_b;	/* PM1b, which has its part of it; 0: none */
	uint32_t value_b;
	const char *whose;
} order;

static void run_sleep_hooks(void)
{
	for (const struct power_hook *h = table_power_start;
	     h < table_power_end; h++)
		if (h->sleep)
			h->sleep();
}

static void run_wake_hooks(bool lost)
{
	for (int level = INIT_CORE; level <= INIT_SERVICE; level++)
		for (const struct power_hook *h = table_power_start;
		     h < table_power_end; h++)
			if ((int)h->level == level)
				h->wake(lost);
}

/* On a machine that sleeps this does not come back. */
static void enter(void)
{
	uint64_t end = time_us() + ENTER_LIMIT_US;

	wbinvd();
	port_out(order.port, order.size, order.value);
	if (order.port_b)
		port_out(order.port_b, order.size, order.value_b);
	while (time_us() < end)
		__builtin_ia32_pause();
}

/* As the firmware starts it (section 16.3.1). */
static void start_guest(struct cpu *cpu, struct wake_vector w)
{
	cpu->halted = false;
	cpu->pending_nmi = cpu->nmi_blocked = false;
	if (w.mode == WAKE_REAL)
		vcpu_start_real(cpu, (uint16_t)(w.address >> 4),
				w.address & 0xf);
	else
		vcpu_start_protected(cpu, w.address);
}

/* The firmware wakes the first CPU, so that one sends the machine to sleep. */
static void sleep_here(void *arg)
{
	struct wake_vector w;
	bool lost;

	order = *(const struct order *)arg;
	log_info("%sACPI sleep or power-off", order.whose);
	cpus_park();
	run_sleep_hooks();
	quiesce();
	w = facs_take((uint32_t)trampoline_page());
	lost = cpu_sleep(enter);
	facs_give_back();
	run_wake_hooks(lost);
	if (!lost) {
		cpus_unpark();
		log_info("the machine did not sleep");
		return;
	}
	cpus_restart();
	log_info("awake, guest at %#x", w.address);
	if (w.mode == WAKE_NOWHERE) {
		log_info("no waking vector to use: machine reset");
		machine_reset();
	}
	start_guest(this_cpu(), w);
}

static void sleep(uint16_t port, unsigned int size, uint32_t value)
{
	struct order o = {
		.port = port, .size = size, .value = value, .whose = "guest: ",
	};

	cpu_call_first(sleep_here, &o);
}

bool machine_can_off(void)
{
	const struct acpi_sleep_ports *p = acpi_sleep_ports();

	return p->has_off && (p->pm1a || p->control);
}

void machine_off(void)
{
	const struct acpi_sleep_ports *p = acpi_sleep_ports();
	struct order o = { .whose = "" };

	if (!p->pm1a) {		/* only where the hardware is reduced */
		o.port = p->control;
		o.size = 1;
		o.value = (uint32_t)p->off_a << CONTROL_SLP_TYP |
			  CONTROL_SLP_EN;
	} else {
		/* the other bits are the guest's, and stay */
		uint32_t typ = 7u << PM1_SLP_TYP;

		o.port = p->pm1a;
		o.size = 2;
		o.value = (port_in(p->pm1a, 2) & ~typ) |
			  (uint32_t)p->off_a << PM1_SLP_TYP | PM1_SLP_EN;
		o.port_b = p->pm1b;
		if (p->pm1b)
			o.value_b = (port_in(p->pm1b, 2) & ~typ) |
				    (uint32_t)p->off_b << PM1_SLP_TYP |
				    PM1_SLP_EN;
	}
	sleep_here(&o);
}

static uint32_t pass_read(void *ctx __unused, uint16_t port, unsigned int size)
{
	return port_in(port, size);
}

static void pm1_write(void *ctx, uint16_t port, unsigned int size,
		      uint32_t value)
{
	const struct port_trap *t = ctx;

	/* the high byte may be written alone */
	if ((port == t->first ? value : value << 8) & PM1_SLP_EN)
		sleep(port, size, value);
	else
		port_out(port, size, value);
}

static void control_write(void *ctx __unused, uint16_t port, unsigned int size,
			  uint32_t value)
{
	if (value & CONTROL_SLP_EN)
		sleep(port, size, value);
	else
		port_out(port, size, value);
}

static struct port_trap pm1a_trap = {
	.name = "PM1a control", .read = pass_read, .write = pm1_write,
	.ctx = &pm1a_trap,
};
static struct port_trap pm1b_trap = {
	.name = "PM1b control", .read = pass_read, .write = pm1_write,
	.ctx = &pm1b_trap,
};
static struct port_trap control_trap = {
	.name = "sleep control", .read = pass_read, .write = control_write,
};

static void add(struct port_trap *t, uint16_t port, unsigned int size)
{
	if (!port)
		return;
	t->first = port;
	t->last = (uint16_t)(port + size - 1);
	port_trap_add(t);
}

static int sleep_init(void)
{
	const struct acpi_sleep_ports *p = acpi_sleep_ports();

	facs_init();
	add(&pm1a_trap, p->pm1a, 2);
	add(&pm1b_trap, p->pm1b, 2);
	add(&control_trap, p->control, 1);
	return 0;
}
INITCALL(INIT_CORE, sleep_init);
