/* SPDX-License-Identifier: MIT */
/*
 * The guest's INIT, SIPI and NMI between CPUs, see ipi.h. In xAPIC mode each
 * write to the local APIC's page exits for it, but only where there is more
 * than one CPU; in x2APIC mode the ICR's MSR does. VM_CR.R_INIT would turn an
 * INIT into #SX without any of this, but a SIPI's vector is seen by nobody but
 * the sender.
 */
#include "ipi.h"
#include "cpus.h"
#include "lapic.h"
#include "svm/svm.h"
#include "../reset.h"

#define LOG_PREFIX "ipi: "
#include <tandem/init.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/trap.h>

#define BROADCAST_XAPIC		0xff
#define BROADCAST_X2APIC	0xffffffff
#define DFR_CLUSTER(dfr)	(!((dfr) >> 28))
#define MSI_WINDOW_END		0xfef00000ull

/* Is c meant by that logical destination? (16.6.1; x2APIC: 16.14) */
static bool is_logical(const struct cpu *c, uint32_t to)
{
	uint32_t ldr;

	if (lapic_is_x2apic())
		return to >> 16 == c->apic_id >> 4 &&
		       (to & BIT(c->apic_id & 15));
	ldr = c->apic_ldr >> 24;
	if (!DFR_CLUSTER(c->apic_dfr))
		return ldr & to;
	return ((to >> 4) == (ldr >> 4) || (to >> 4) == 15) && (ldr & to & 15);
}

static bool is_target(const struct cpu *c, uint64_t icr)
{
	uint32_t to = (uint32_t)(icr >> 32);

	switch (ICR_SHORTHAND(icr)) {
	case ICR_TO_SELF:
		return c == this_cpu();
	case ICR_TO_ALL:
		return true;
	case ICR_TO_OTHERS:
		return c != this_cpu();
	}
	if (to == (lapic_is_x2apic() ? BROADCAST_X2APIC : BROADCAST_XAPIC))
		return true;
	return icr & ICR_LOGICAL ? is_logical(c, to) : c->apic_id == to;
}

static void request(uint64_t icr, uint32_t what)
{
	for (unsigned int i = 0; i < n_cpus; i++) {
		struct cpu *c = &cpus[i];

		if (!c->online || !is_target(c, icr))
			continue;
		if (what == CPU_REQUEST_SIPI)
			__atomic_store_n(&c->sipi_vector, ICR_VECTOR(icr),
					 __ATOMIC_RELAXED);
		cpu_request(c, what);
	}
}

static void send(uint64_t icr)
{
	if (lapic_is_x2apic()) {
		wrmsr(X2APIC_MSR(APIC_ICR_LOW), icr);
		return;
	}
	/* the upper half was written as it came */
	lapic_write(APIC_ICR_LOW, (uint32_t)(icr & ~ICR_BUSY));
}

void ipi_send(uint64_t icr)
{
	switch (ICR_DELIVERY_OF(icr)) {
	case ICR_SMI:
		log_few("guest: SMI by a local APIC dropped: its handler would "
			"run outside of the VMM");
		break;
	case ICR_NMI:
		request(icr, CPU_REQUEST_NMI);
		break;
	case ICR_INIT:
		/* the de-assertion synchronises arbitration IDs of old */
		if (!(icr & ICR_LEVEL) || (icr & ICR_ASSERT))
			request(icr, CPU_REQUEST_INIT);
		break;
	case ICR_SIPI:
		request(icr, CPU_REQUEST_SIPI);
		break;
	default:
		send(icr);
	}
}

void ipi_init_taken(struct cpu *cpu)
{
	if (cpu->apic_base & APIC_BASE_BSP) {
		log_info("guest: INIT to the boot CPU, machine reset");
		machine_reset();
	}
	svm_reset(cpu);
	lapic_reset();
	cpu->pending_vector = -1;
	cpu->pending_nmi = cpu->nmi_blocked = false;
	cpu->halted = true;
	cpu->wait_sipi = true;
}

void ipi_taken(struct cpu *cpu, uint32_t requests)
{
	if (requests & CPU_REQUEST_INIT)
		ipi_init_taken(cpu);
	if ((requests & CPU_REQUEST_NMI) && !cpu->wait_sipi)
		cpu->pending_nmi = true;
	if ((requests & CPU_REQUEST_SIPI) && cpu->wait_sipi) {
		svm_start(cpu, __atomic_load_n(&cpu->sipi_vector,
					       __ATOMIC_RELAXED));
		cpu->wait_sipi = false;
		cpu->halted = false;
	}
}

/* ---- the page ---- */

static uint64_t page_read(void *ctx __unused, uint64_t offset,
			  unsigned int size)
{
	if (size != 4 || offset % 16 || lapic_is_x2apic())
		return mmio_absent_read(ctx, offset, size);
	return lapic_read((unsigned int)offset);
}

/* Local interrupts that would end as an IPI of that mode must not, either. */
static uint32_t lvt_allowed(uint64_t offset, uint32_t v)
{
	unsigned int mode = ICR_DELIVERY_OF(v);

	if (offset < APIC_LVT_TIMER || offset > APIC_LVT_ERROR ||
	    (mode != ICR_SMI && mode != ICR_INIT))
		return v;
	return v | LVT_MASKED;
}

/* Other sizes than 32 bits, and other offsets, are undefined (16.3.2). */
static void page_write(void *ctx __unused, uint64_t offset, unsigned int size,
		       uint64_t value)
{
	struct cpu *cpu = this_cpu();
	uint32_t v = (uint32_t)value;

	if (size != 4 || offset % 16 || !offset ||
	    (cpu->apic_base & (APIC_BASE_ENABLE | APIC_BASE_EXTD)) !=
	    APIC_BASE_ENABLE)
		return;
	if (offset == APIC_ICR_LOW) {
		ipi_send((uint64_t)(lapic_read(APIC_ICR_HIGH) >> 24) << 32 | v);
		return;
	}
	/* by its ID the VMM reaches the CPU; on many it is read-only */
	if (offset == APIC_ID)
		return;
	if (offset == APIC_LDR)
		cpu->apic_ldr = v;
	else if (offset == APIC_DFR)
		cpu->apic_dfr = v;
	lapic_write((unsigned int)offset, lvt_allowed(offset, v));
}

static struct mmio_trap page_trap = {
	.name = "local APIC", .size = PAGE_SIZE, .reads_pass = true,
	.read = page_read, .write = page_write,
};

/* Where devices write their messages: what a CPU writes there does nothing. */
static struct mmio_trap window_trap = {
	.name = "MSI window",
	.read = mmio_absent_read, .write = mmio_absent_write,
};

static int ipi_init(void)
{
	guest_phys page = lapic_page();
	int e;

	if (n_cpus == 1)
		return 0;
	page_trap.base = page;
	e = mmio_trap_add(&page_trap);
	if (e < 0 || page + PAGE_SIZE >= MSI_WINDOW_END)
		return e;
	window_trap.base = page + PAGE_SIZE;
	window_trap.size = MSI_WINDOW_END - window_trap.base;
	return mmio_trap_add(&window_trap);
}
INITCALL(INIT_CORE, ipi_init);
