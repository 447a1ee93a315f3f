/* SPDX-License-Identifier: MIT */
/*
 * Taking SMM, see smm.h: SMBASE of each CPU is moved from its default into the
 * VMM block. By MSR where the CPU has it and it is not locked; else as firmware
 * does it: an SMI to oneself, whose handler at the default place writes the new
 * SMBASE into the saved state. If it does not run, SMBASE is not there any more:
 * SMM is the firmware's. (APM volume 2, 10.2)
 */
#include "smm.h"
#include "cpus.h"
#include "lapic.h"
#include "msr_safe.h"
#include "msrs.h"

#include <string.h>
#define LOG_PREFIX "smm: "
#include <tandem/guest_mem.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/spinlock.h>
#include <tandem/timer.h>

#define DEFAULT_SMBASE	0x30000u
/* in SMBASE: where an SMI begins, and where the state is saved */
#define ENTRY		0x8000u
#define SAVE		0xfe00u
#define SAVE_SIZE	0x200u

/* one CPU's handler in the first half of a slot, the state of one in the other */
#define SLOT		0x400u
_Static_assert(SAVE % SLOT == SLOT - SAVE_SIZE, "halves of slots");

#define SMI_US		5000

/* As in smm_code.S. */
struct move_words {
	uint32_t smbase, moved, ran;
};

extern const uint8_t smm_move[], smm_move_words[], smm_move_end[];
extern const uint8_t smm_handler[], smm_handler_count[], smm_handler_end[];

/* from ENTRY of the first CPU's SMBASE on */
uint8_t smm_area[SAVE + SAVE_SIZE - ENTRY + (CONFIG_MAX_CPUS - 1) * SLOT]
	__aligned(4096);

/* whose code an SMI runs; on the first CPU, which is always asked first */
enum owner { FIRMWARE, VMM, GUEST };
static enum owner first_owner;

/* one CPU at a time, for they share the default place */
static struct spinlock lock;
/* its two parts */
static uint8_t *default_entry, *default_save;

/* Not all firmware calls it RAM. */
static uint8_t *default_part(uint32_t offset)
{
	uint64_t at = DEFAULT_SMBASE + offset;
	uint8_t *page = guest_ram(at & ~PAGE_MASK, PAGE_SIZE);

	if (!page)
		page = (uint8_t *)mmio_map(at & ~PAGE_MASK, PAGE_SIZE);
	return page ? page + (at & PAGE_MASK) : NULL;
}

static bool default_map(void)
{
	if (!default_entry)
		default_entry = default_part(ENTRY);
	if (!default_save)
		default_save = default_part(SAVE);
	return default_entry && default_save;
}

/* Whether this CPU takes an SMI by a handler that counts in *n. */
static bool smi_counts(const struct cpu *cpu, const volatile uint32_t *n)
{
	uint32_t before = *n;
	uint64_t end = time_us() + SMI_US;

	lapic_send_smi(cpu->apic_id);
	while (*n == before)
		if (time_us() > end)
			return *n != before;
	return true;
}

static volatile uint32_t *handler_put(const struct cpu *cpu)
{
	uint8_t *at = smm_area + cpu->index * SLOT;

	memcpy(at, smm_handler, (size_t)(smm_handler_end - smm_handler));
	return (uint32_t *)(at + (smm_handler_count - smm_handler));
}

/* False: the MSR is not there, or closed. */
static bool move_by_msr(uint32_t smbase)
{
	uint64_t hwcr, now;

	return msr_read_safe(MSR_HWCR, &hwcr) && !(hwcr & HWCR_SMM_LOCK) &&
	       msr_write_safe(MSR_SMM_BASE, smbase) &&
	       msr_read_safe(MSR_SMM_BASE, &now) && now == smbase;
}

static enum owner move_by_smi(const struct cpu *cpu, uint32_t smbase)
{
	size_t size = (size_t)(smm_move_end - smm_move);
	uint8_t entry[128], save[SAVE_SIZE];
	volatile struct move_words *w;
	enum owner o = FIRMWARE;

	BUG_ON(size > sizeof(entry));
	memcpy(entry, default_entry, size);
	memcpy(save, default_save, sizeof(save));
	memcpy(default_entry, smm_move, size);
	w = (void *)(default_entry + (smm_move_words - smm_move));
	w->smbase = smbase;
	if (smi_counts(cpu, &w->ran))
		o = w->moved ? VMM : GUEST;
	memcpy(default_entry, entry, size);
	memcpy(default_save, save, sizeof(save));
	return o;
}

/* Whether it is known to be elsewhere. QEMU reads this MSR as 0. */
static bool moved_by_firmware(void)
{
	uint64_t now;

	return msr_read_safe(MSR_SMM_BASE, &now) && now &&
	       now != DEFAULT_SMBASE;
}

static enum owner move(const struct cpu *cpu, uint32_t smbase)
{
	if (moved_by_firmware())
		return FIRMWARE;
	if (move_by_msr(smbase))
		return VMM;
	return default_map() ? move_by_smi(cpu, smbase) : GUEST;
}

static void take(const struct cpu *cpu)
{
	volatile uint32_t *count = handler_put(cpu);
	uint32_t smbase = (uint32_t)virt_to_phys(smm_area) - ENTRY +
			  cpu->index * SLOT;
	enum owner o = move(cpu, smbase);

	if (cpu_is_first(cpu))
		first_owner = o;
	if (o == FIRMWARE && first_owner == FIRMWARE)
		log_debug("the firmware's");
	else if (o != VMM || !smi_counts(cpu, count))
		log_warn("CPU %u: an SMI runs the guest's code", cpu->index);
	else if (cpu_is_first(cpu))
		log_info("not the firmware's: an SMI does nothing");
}

/*
 * Firmware that has SMM on one CPU has it on all. The others are not asked, for
 * an SMI to one alone may take it a second, in which it waits for the rest.
 */
void smm_take(const struct cpu *cpu)
{
	spin_lock(&lock);
	if (cpu_is_first(cpu) || first_owner != FIRMWARE)
		take(cpu);
	spin_unlock(&lock);
}
