/* SPDX-License-Identifier: MIT */
/*
 * The other CPUs, see cpus.h: found in the MADT (ACPI 6.4, 5.2.12), started as
 * APM volume 2, 16.5 and 16.10 has it.
 */
#include "cpus.h"

#include <string.h>
#include <tandem/guest_mem.h>
#include <tandem/log.h>
#include <tandem/mem.h>

#include "../../core/acpi.h"
#include "../../core/x86/lapic.h"
#include "../../core/x86/real_mode.h"
#include "../../core/x86/regs.h"
#include "bios.h"

#define CPUS_MAX	256
#define CPU_STACK	256		/* bytes; the VMM brings its own */

#define INIT_US		10000
#define SIPI_US		200
#define COME_US		1000000
#define SIPI_TRIES	2

#define MADT_LAPIC	0
#define MADT_X2APIC	9
#define MADT_ENABLED	BIT(0)

struct madt {
	struct acpi_header header;
	uint32_t lapic, flags;
} __packed;

struct madt_entry {
	uint8_t type, length;
} __packed;

struct madt_lapic {
	struct madt_entry entry;
	uint8_t processor, id;
	uint32_t flags;
} __packed;

struct madt_x2apic {
	struct madt_entry entry;
	uint16_t reserved;
	uint32_t id, flags;
} __packed;

static uint32_t apic_id[CPUS_MAX];	/* of the others */
static unsigned int n_others;
static uint8_t cpu_stacks[CPUS_MAX][CPU_STACK] __aligned(16);

/* entry.S: what CPUs that start do, and how many did */
extern const uint8_t cpu_entry[], pml4[];
uint64_t cpu_call_entry;
struct boot_info *cpu_call_argument;
uint32_t cpus_arrived;

/* ---- for core/acpi.c: all memory below 4 GiB is mapped ------------------- */

void *guest_ram(guest_phys addr, uint64_t len)
{
	return addr < GIB(4) && len <= GIB(4) - addr ? (void *)addr : NULL;
}

volatile void *mmio_map(host_phys base, size_t size)
{
	return guest_ram(base, size);
}

void log_msg(enum log_level level, const char *fmt, ...)
{
}

/* ---- who there is -------------------------------------------------------- */

static bool is_x2apic(void)
{
	return rdmsr(MSR_APIC_BASE) & APIC_BASE_EXTD;
}

static volatile uint32_t *lapic(unsigned int reg)
{
	uint64_t page = rdmsr(MSR_APIC_BASE) & 0xfffff000;

	return (volatile uint32_t *)(page + reg);
}

static uint32_t own_id(void)
{
	return is_x2apic() ? (uint32_t)rdmsr(X2APIC_MSR(APIC_ID)) :
			     *lapic(APIC_ID) >> 24;
}

static void note(uint32_t id, uint32_t flags)
{
	if (!(flags & MADT_ENABLED) || id == own_id())
		return;
	/* CPUs are listed in one of both forms, but who knows */
	for (unsigned int i = 0; i < n_others; i++)
		if (apic_id[i] == id)
			return;
	if (n_others < CPUS_MAX)
		apic_id[n_others++] = id;
}

uint32_t cpus_count(uint64_t rsdp)
{
	const struct madt *madt;
	uint32_t at = sizeof(*madt);

	acpi_init(rsdp);
	madt = acpi_table("APIC");
	n_others = 0;
	while (madt && at + sizeof(struct madt_entry) <= madt->header.length) {
		const uint8_t *p = (const uint8_t *)madt + at;
		const struct madt_entry *e = (const void *)p;
		const struct madt_lapic *l = (const void *)p;
		const struct madt_x2apic *x = (const void *)p;

		if (e->length < sizeof(*e) ||
		    e->length > madt->header.length - at)
			break;
		if (e->type == MADT_LAPIC && e->length >= sizeof(*l))
			note(l->id, l->flags);
		if (e->type == MADT_X2APIC && e->length >= sizeof(*x))
			note(x->id, x->flags);
		at += e->length;
	}
	return n_others + 1;
}

/* ---- starting and stopping them ------------------------------------------ */

static void send(uint32_t destination, uint32_t low)
{
	low |= ICR_ASSERT;
	if (is_x2apic()) {
		wrmsr(X2APIC_MSR(APIC_ICR_LOW),
		      (uint64_t)destination << 32 | low);
		return;
	}
	*lapic(APIC_ICR_HIGH) = destination << 24;
	*lapic(APIC_ICR_LOW) = low;
	for (unsigned int i = 0; i < 10000; i++)
		if (!(*lapic(APIC_ICR_LOW) & ICR_BUSY))
			return;
}

static bool has_arrived(uint32_t n, unsigned int us)
{
	for (; __atomic_load_n(&cpus_arrived, __ATOMIC_ACQUIRE) < n;
	     us -= SIPI_US) {
		if (us < SIPI_US)
			return false;
		wait_us(SIPI_US);
	}
	return true;
}

/* One at a time: they share the page. */
static bool start(unsigned int i, uint64_t page)
{
	real_mode_place((void *)page, (uint32_t)page, (uintptr_t)cpu_entry,
			(uintptr_t)cpu_stacks[i + 1], (uintptr_t)pml4);
	send(apic_id[i], ICR_DELIVERY(ICR_INIT));
	wait_us(INIT_US);
	for (unsigned int n = 0; n < SIPI_TRIES; n++) {
		send(apic_id[i], ICR_DELIVERY(ICR_SIPI) |
		     (uint32_t)(page >> 12));
		if (has_arrived(i + 1, SIPI_US))
			return true;
	}
	return has_arrived(i + 1, COME_US);
}

bool cpus_call(uint64_t entry, struct boot_info *info)
{
	cpu_call_entry = entry;
	cpu_call_argument = info;
	cpus_arrived = 0;
	for (unsigned int i = 0; i < n_others; i++)
		if (!start(i, info->low_page))
			return false;
	return true;
}

void cpus_init(const struct boot_info *info)
{
	if (info->n_cpus > 1)
		send(0, ICR_DELIVERY(ICR_INIT) | ICR_TO_OTHERS << 18);
}
