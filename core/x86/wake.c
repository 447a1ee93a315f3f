/* SPDX-License-Identifier: MIT */
/*
 * This CPU's state of root mode over a sleep, see wake.h: what cpu_init() and
 * svm_init() have set up once is set up again, on the stack and page tables
 * that were in use.
 */
#include "wake.h"
#include "cpu.h"
#include "lapic.h"
#include "smm.h"
#include "trampoline.h"
#include "../reset.h"
#include "../timer.h"

#define LOG_PREFIX "sleep: "
#include <tandem/log.h>

int wake_save(void (*enter)(void));
void wake_entry(void);
void wake_restore(void);

extern uint64_t wake_rsp;

static struct {
	uint64_t cr3, efer, pat, vm_cr, hsave;
	void (*enter)(void);
} kept;

static void enter(void)
{
	trampoline_set(wake_entry, wake_rsp);
	kept.enter();
}

void wake_msrs(void)
{
	if (rdmsr(MSR_VM_CR) & VM_CR_SVMDIS)
		machine_reset_now();	/* the firmware forgot its setup */
	wrmsr(MSR_PAT, kept.pat);
	wrmsr(MSR_VM_CR, kept.vm_cr);
	wrmsr(MSR_EFER, kept.efer);
}

/* Called by wake_save.S on the page tables of the trampoline. */
void wake_restore(void)
{
	struct cpu *cpu = this_cpu();

	write_cr3(kept.cr3);
	cpu_init(cpu);
	time_continue();
	wake_msrs();
	wrmsr(MSR_VM_HSAVE_PA, kept.hsave);
}

bool cpu_sleep(void (*fn)(void))
{
	kept.cr3 = read_cr3();
	kept.efer = rdmsr(MSR_EFER);
	kept.pat = rdmsr(MSR_PAT);
	kept.vm_cr = rdmsr(MSR_VM_CR);
	kept.hsave = rdmsr(MSR_VM_HSAVE_PA);
	kept.enter = fn;
	time_stop();
	if (!wake_save(enter))
		return false;
	if (lapic_init() < 0)
		log_error("the local APIC has moved");
	lapic_adopt();
	smm_take(this_cpu());
	return true;
}
