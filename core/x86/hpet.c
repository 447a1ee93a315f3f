/* SPDX-License-Identifier: MIT */
/*
 * The wake-up source: one comparator of the HPET, delivered as NMI by its FSB
 * (MSI) route (IA-PC HPET specification 1.0a). The whole HPET is taken away
 * from the guest, since its main counter can be stopped by whoever reaches its
 * registers: its page reads as absent and its ACPI table loses its name.
 */
#include "cpu.h"
#include "../acpi.h"
#include "../timer.h"

#include <errno.h>
#define LOG_PREFIX "hpet: "
#include <tandem/init.h>
#include <tandem/irq.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/timer.h>
#include <tandem/trap.h>

#define HPET_CAP_ID		0x000
#define  CAP_TIMERS(c)		(((c) >> 8 & 0x1f) + 1)
#define  CAP_PERIOD_FS(c)	((c) >> 32)
#define HPET_CONFIG		0x010
#define  CONFIG_ENABLE		BIT(0)
#define  CONFIG_LEGACY		BIT(1)
#define HPET_COUNTER		0x0f0
#define HPET_TIMER_CONFIG(n)	(0x100 + 0x20 * (n))
#define  TIMER_INT_ENABLE	BIT(2)
#define  TIMER_32_BIT		BIT(8)
#define  TIMER_FSB_ENABLE	BIT(14)
#define  TIMER_FSB_CAPABLE	BIT(15)
#define HPET_TIMER_COMPARE(n)	(0x108 + 0x20 * (n))
#define HPET_TIMER_FSB(n)	(0x110 + 0x20 * (n))

#define PERIOD_MAX_FS		100000000ull
#define FS_PER_US		1000000000ull
#define MIN_US			20
#define ARM_TRIES		10
#define STRAY_US		50000
#define TEST_US			1000
/* generous: an emulated CPU runs on while its timers stand still */
#define TEST_LIMIT_US		500000

static volatile uint8_t *regs;
static unsigned int timer;
static uint64_t ticks_per_us_32;	/* 32.32 fixed point */

static bool in_use;
static uint32_t comparator, armed_at;	/* counter values */
/* one NMI is to come; until stray_until, one of an earlier arming may */
static bool armed;
static uint64_t stray_until;

static uint32_t counter(void)
{
	return (uint32_t)mmio_read64(regs + HPET_COUNTER);
}

static bool reached(void)
{
	return (int32_t)(counter() - comparator) >= 0;
}

/* Has an NMI been asked for since the arming at armed_at? */
static bool fired(uint32_t now)
{
	return (int32_t)(now - comparator) >= 0 || now < armed_at;
}

/*
 * The comparator matches equality only. One that was reached before it was
 * moved may or may not have fired, as may one whose counter wrapped: an NMI
 * more is then accepted, for as long as a CPU that is emulated may stand still
 * before it takes one.
 */
static void arm(uint64_t us)
{
	uint64_t ticks = (MAX(us, MIN_US) * ticks_per_us_32) >> 32;
	uint32_t now = counter(), after, next;

	for (unsigned int i = 0; i < ARM_TRIES; i++, ticks *= 2) {
		next = (uint32_t)(now + ticks);
		mmio_write64(regs + HPET_TIMER_COMPARE(timer), next);
		after = counter();
		if (armed && fired(after))
			stray_until = time_us() + STRAY_US;
		armed_at = now;
		comparator = next;
		armed = true;
		if ((int32_t)(after - next) < 0)
			break;
		now = after;
	}
}

/*
 * A 32-bit timer interrupts when the counter wraps, too, and goes on towards
 * its comparator (2.3.9.2.1).
 */
static bool claim(void)
{
	if (armed && reached()) {
		armed = false;
		return true;
	}
	if (armed && counter() < armed_at) {
		armed_at = 0;
		return true;
	}
	if (time_us() < stray_until) {
		stray_until = 0;
		return true;
	}
	return false;
}

/* The NMI that was claimed may have been another's, ours on its way. */
static void late(void)
{
	stray_until = time_us() + STRAY_US;
}

static const struct deadline_source hpet_source = {
	"HPET, NMI", arm, claim, late
};

static bool find_timer(uint64_t cap)
{
	for (timer = CAP_TIMERS(cap); timer-- > 0;)
		if (mmio_read64(regs + HPET_TIMER_CONFIG(timer)) &
		    TIMER_FSB_CAPABLE)
			return true;
	return false;
}

static void set_up(void)
{
	uint64_t address, config;
	uint32_t data;

	vmm_nmi_message(&address, &data);
	mmio_write64(regs + HPET_TIMER_FSB(timer), address << 32 | data);
	/*
	 * 32-bit, one-shot, edge. The comparator goes ahead of the counter
	 * first: an old one that lies behind it would fire at once, and its
	 * NMI, late, would be taken for the guest's.
	 */
	mmio_write64(regs + HPET_TIMER_CONFIG(timer),
		     TIMER_FSB_ENABLE | TIMER_32_BIT);
	config = mmio_read64(regs + HPET_CONFIG);
	mmio_write64(regs + HPET_CONFIG,
		     (config & ~CONFIG_LEGACY) | CONFIG_ENABLE);
	arm(TEST_US);
	mmio_write64(regs + HPET_TIMER_CONFIG(timer),
		     TIMER_FSB_ENABLE | TIMER_32_BIT | TIMER_INT_ENABLE);
}

/* Does the NMI that set_up asked for arrive? */
static bool self_test(struct cpu *cpu)
{
	uint64_t end = time_us() + TEST_LIMIT_US;

	while (!cpu->nmi_taken && time_us() < end)
		__builtin_ia32_pause();
	armed = false;
	return __atomic_exchange_n(&cpu->nmi_taken, 0, __ATOMIC_RELAXED);
}

static struct mmio_trap hidden = {
	.name = "HPET", .size = PAGE_SIZE,
	.read = mmio_absent_read, .write = mmio_absent_write,
};

static int hide(struct acpi_hpet *table, host_phys base)
{
	hidden.base = base;
	acpi_hide(&table->header);
	return mmio_trap_add(&hidden);
}

static int hpet_init(void)
{
	struct acpi_hpet *table = acpi_table("HPET");
	uint64_t cap, period;
	host_phys base;

	if (!table)
		return -ENODEV;
	base = table->base.address;
	regs = mmio_map(base, PAGE_SIZE);
	if (!regs)
		return -ENOMEM;
	cap = mmio_read64(regs + HPET_CAP_ID);
	period = CAP_PERIOD_FS(cap);
	if (!period || period > PERIOD_MAX_FS || !find_timer(cap)) {
		log_info("no comparator with FSB delivery");
		return -ENODEV;
	}
	ticks_per_us_32 = (FS_PER_US << 32) / period;
	this_cpu()->nmi_taken = 0;
	set_up();
	if (!self_test(this_cpu())) {
		log_warn("comparator %u: no NMI in the self-test", timer);
		/* nor later, when the guest would be hit by it */
		mmio_write64(regs + HPET_TIMER_CONFIG(timer), 0);
		return -EIO;
	}
	in_use = true;
	deadline_source_set(&hpet_source);
	return hide(table, base);
}
INITCALL(INIT_CORE, hpet_init);

/* All its registers are as after a reset, or as the firmware likes them. */
static void hpet_wake(bool lost)
{
	if (!in_use || !lost)
		return;
	armed = false;
	stray_until = 0;
	this_cpu()->nmi_taken = 0;
	set_up();
	if (self_test(this_cpu()))
		return;
	log_warn("no NMI after sleep: services stop when the guest stops");
	in_use = false;
	deadline_source_set(NULL);
}
POWER_HOOK(INIT_CORE, NULL, hpet_wake);
