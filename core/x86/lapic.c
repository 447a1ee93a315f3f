/* SPDX-License-Identifier: MIT */
/*
 * Local APIC, see lapic.h: xAPIC by its page, x2APIC by its MSRs, whichever
 * the guest has chosen.
 */
#include "lapic.h"
#include "regs.h"

#include <errno.h>
#include <tandem/log.h>
#include <tandem/mem.h>

#define APIC_EOI		0x0b0
#define APIC_ICR_LOW		0x300
#define APIC_ICR_HIGH		0x310
#define ICR_LOGICAL		BIT(11)
#define ICR_BUSY		BIT(12)
#define ICR_ASSERT		BIT(14)
#define X2APIC_MSR(reg)		(0x800 + ((reg) >> 4))
#define ICR_POLLS		100000

static volatile uint8_t *page;
static uint64_t base;

int lapic_init(void)
{
	base = rdmsr(MSR_APIC_BASE);
	page = mmio_map(base & 0x000ffffffffff000ull, PAGE_SIZE);
	return page ? 0 : -ENOMEM;
}

bool lapic_set_base(uint64_t value)
{
	uint64_t mode = APIC_BASE_ENABLE | APIC_BASE_EXTD;

	if ((value ^ base) & ~mode)
		return false;
	/* EXTD needs ENABLE; from x2APIC only to disabled */
	if ((value & mode) == APIC_BASE_EXTD ||
	    ((base & mode) == mode && (value & mode) == APIC_BASE_ENABLE) ||
	    (!(base & APIC_BASE_ENABLE) && (value & mode) == mode))
		return false;
	if ((value & APIC_BASE_EXTD) && !(cpuid(1, 0).ecx & BIT(21)))
		return false;
	wrmsr(MSR_APIC_BASE, value);
	base = value;
	return true;
}

void lapic_eoi(void)
{
	if (base & APIC_BASE_EXTD)
		wrmsr(X2APIC_MSR(APIC_EOI), 0);
	else
		mmio_write32(page + APIC_EOI, 0);
}

static void wait_idle(void)
{
	for (unsigned int i = 0; i < ICR_POLLS; i++)
		if (!(mmio_read32(page + APIC_ICR_LOW) & ICR_BUSY))
			return;
	log_error("local APIC: an IPI stays pending");
}

void lapic_send(uint32_t destination, bool logical, uint8_t vector)
{
	uint32_t low = vector | ICR_ASSERT | (logical ? ICR_LOGICAL : 0);
	uint32_t saved;

	if (!(base & APIC_BASE_ENABLE))
		return;		/* switched off by the guest: nobody listens */
	if (base & APIC_BASE_EXTD) {
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
