/* SPDX-License-Identifier: MIT */
/*
 * Local APIC, see lapic.h: xAPIC by its page, x2APIC by its MSRs, whichever
 * the guest has chosen on this CPU.
 */
#include "lapic.h"
#include "cpus.h"
#include "interrupts.h"
#include "../timer.h"

#include <errno.h>
#include <tandem/log.h>
#include <tandem/mem.h>

#define ISR_WORDS		8
#define LVT_EXTINT		7
#define SVR_INIT		0xff
#define SVR_ENABLE		BIT(8)
#define ICR_POLLS		10000

static volatile uint8_t *page;

int lapic_init(void)
{
	page = mmio_map(lapic_page(), PAGE_SIZE);
	return page ? 0 : -ENOMEM;
}

void lapic_adopt(void)
{
	struct cpu *cpu = this_cpu();

	cpu->apic_ldr = 0;
	cpu->apic_dfr = ~0u;
	if (lapic_is_x2apic())
		return;
	cpu->apic_ldr = lapic_read(APIC_LDR);
	cpu->apic_dfr = lapic_read(APIC_DFR);
}

guest_phys lapic_page(void)
{
	return this_cpu()->apic_base & 0x000ffffffffff000ull;
}

bool lapic_is_x2apic(void)
{
	return this_cpu()->apic_base & APIC_BASE_EXTD;
}

uint32_t lapic_read(unsigned int reg)
{
	if (lapic_is_x2apic())
		return (uint32_t)rdmsr(X2APIC_MSR(reg));
	return mmio_read32(page + reg);
}

void lapic_write(unsigned int reg, uint32_t value)
{
	if (lapic_is_x2apic())
		wrmsr(X2APIC_MSR(reg), value);
	else
		mmio_write32(page + reg, value);
}

static void wait_idle(void)
{
	for (unsigned int i = 0; i < ICR_POLLS; i++)
		if (!(mmio_read32(page + APIC_ICR_LOW) & ICR_BUSY))
			return;
	/* QEMU reads back what a guest wrote to the bit */
	log_few("local APIC: an IPI stays pending");
}

static void send(uint32_t destination, uint32_t low)
{
	uint32_t saved;

	low |= ICR_ASSERT;
	if (lapic_is_x2apic()) {
		wrmsr(X2APIC_MSR(APIC_ICR_LOW),
		      (uint64_t)destination << 32 | low);
		return;
	}
	/* the guest may be between its writes of high and low */
	wait_idle();
	saved = mmio_read32(page + APIC_ICR_HIGH);
	if (saved != destination << 24)
		mmio_write32(page + APIC_ICR_HIGH, destination << 24);
	mmio_write32(page + APIC_ICR_LOW, low);
	wait_idle();
	if (saved != destination << 24)
		mmio_write32(page + APIC_ICR_HIGH, saved);
}

void lapic_send(uint32_t destination, bool logical, uint8_t vector)
{
	/* switched off by the guest: nobody listens */
	if (this_cpu()->apic_base & APIC_BASE_ENABLE)
		send(destination, vector | (logical ? ICR_LOGICAL : 0));
}

void lapic_send_nmi(uint32_t apic_id)
{
	send(apic_id, ICR_DELIVERY(ICR_NMI));
}

void lapic_send_smi(uint32_t apic_id)
{
	send(apic_id, ICR_DELIVERY(ICR_SMI));
}

void lapic_send_init(uint32_t apic_id)
{
	send(apic_id, ICR_DELIVERY(ICR_INIT));
}

void lapic_send_sipi(uint32_t apic_id, uint8_t page)
{
	send(apic_id, ICR_DELIVERY(ICR_SIPI) | page);
}

/* What was in service or waited goes unseen. */
static void drain(struct cpu *cpu)
{
	lapic_write(APIC_TPR, 0);
	for (unsigned int i = 0; i < 2 * 256; i++) {
		bool any = false;

		for (unsigned int w = 0; w < ISR_WORDS && !any; w++)
			any = lapic_read(APIC_ISR + w * 0x10);
		if (any) {
			lapic_write(APIC_EOI, 0);
			continue;
		}
		cpu_window();
		if (cpu->vector_taken < 0)
			return;
		cpu->vector_taken = -1;
	}
}

void lapic_reset(void)
{
	static const uint16_t lvt[] = {
		APIC_LVT_TIMER, APIC_LVT_THERMAL, APIC_LVT_PERF,
		APIC_LVT_LINT0, APIC_LVT_LINT1, APIC_LVT_ERROR
	};
	struct cpu *cpu = this_cpu();

	for (unsigned int i = 0; i < ARRAY_SIZE(lvt); i++)
		lapic_write(lvt[i], LVT_MASKED);
	lapic_write(APIC_TIMER_INITIAL, 0);
	/* only a local APIC that is on delivers what waits */
	lapic_write(APIC_SVR, SVR_INIT | SVR_ENABLE);
	drain(cpu);
	lapic_write(APIC_SVR, SVR_INIT);
	lapic_write(APIC_TIMER_DIVIDE, 0);
	if (!lapic_is_x2apic()) {
		lapic_write(APIC_LDR, 0);
		lapic_write(APIC_DFR, ~0u);
	}
	cpu->apic_ldr = 0;
	cpu->apic_dfr = ~0u;
}

/*
 * As if it were switched off, the pins of INTR and NMI lead straight to the
 * CPU (virtual wire mode): but NMI messages, the VMM's, go on coming.
 */
static void pretend_off(struct cpu *cpu, uint64_t value)
{
	uint64_t mode = APIC_BASE_ENABLE | APIC_BASE_EXTD;

	if (lapic_is_x2apic()) {
		/* the only way back; an NMI that comes just now is lost */
		wrmsr(MSR_APIC_BASE, value & ~mode);
		wrmsr(MSR_APIC_BASE, value | APIC_BASE_ENABLE);
		if (cpu_is_first(cpu))
			deadline_lost();
	}
	cpu->apic_base &= ~(uint64_t)APIC_BASE_EXTD;
	lapic_reset();
	lapic_write(APIC_SVR, SVR_INIT | SVR_ENABLE);
	if (cpu->apic_base & APIC_BASE_BSP)
		lapic_write(APIC_LVT_LINT0, ICR_DELIVERY(LVT_EXTINT));
	lapic_write(APIC_LVT_LINT1, ICR_DELIVERY(ICR_NMI));
}

bool lapic_set_base(uint64_t value)
{
	uint64_t mode = APIC_BASE_ENABLE | APIC_BASE_EXTD;
	struct cpu *cpu = this_cpu();
	uint64_t base = cpu->apic_base;

	if ((value ^ base) & ~mode)
		return false;
	/* EXTD needs ENABLE; from x2APIC only to disabled */
	if ((value & mode) == APIC_BASE_EXTD ||
	    ((base & mode) == mode && (value & mode) == APIC_BASE_ENABLE) ||
	    (!(base & APIC_BASE_ENABLE) && (value & mode) == mode))
		return false;
	if ((value & APIC_BASE_EXTD) && !(cpuid(1, 0).ecx & BIT(21)))
		return false;
	if (!((value ^ base) & mode))
		return true;
	if (value & APIC_BASE_EXTD)
		wrmsr(MSR_APIC_BASE, value);
	else if (value & APIC_BASE_ENABLE)
		lapic_reset();
	else
		pretend_off(cpu, value);
	cpu->apic_base = value;
	return true;
}
