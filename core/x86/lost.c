/* SPDX-License-Identifier: MIT */
/*
 * CPUs that were reset beneath the VMM, see lost.h. A SIPI does nothing to a
 * CPU that does not wait for one, so it is sent to whoever might (of one in its
 * guest the VMCB tells), and its page is always the VMM's: a CPU that was reset
 * comes back by it, and the guest then finds it as hardware would have left it,
 * waiting for the guest's SIPI.
 * The first CPU does not wait for a SIPI after INIT but runs the firmware: that
 * is a reset of the machine, which another CPU makes a whole one.
 *
 * Where INIT is an exception, none of this happens.
 */
#include "lost.h"
#include "cpus.h"
#include "ipi.h"
#include "lapic.h"
#include "loop.h"
#include "trampoline.h"
#include "../mem/mem.h"
#include "../reset.h"

#define LOG_PREFIX "cpus: "
#include <tandem/log.h>
#include <tandem/timer.h>

/* how long a CPU takes to start by a SIPI, or may be stopped (emulated) */
#define BACK_US		1000000
#define PANIC_US	2000
/*
 * How often the first CPU is asked, and for how long it may not answer. Between
 * two looks no more than a step counts: the machine as a whole may have stood
 * still.
 */
#define ASK_US		1000000
#define ANSWER_US	10000000
#define STEP_US		500000

/* lost_entry.S: the stacks, by APIC ID */
uint64_t lost_stacks[256];
void lost_entry(void);
extern uint64_t lost_scratch[2];

static bool never;

void lost_never(void)
{
	never = true;
}

void lost_way_back(void)
{
	if (n_cpus == 1)
		return;
	for (unsigned int i = 1; i < n_cpus; i++)
		lost_stacks[cpus[i].apic_id & 0xff] = cpu_stack_top(&cpus[i]);
	trampoline_set(lost_entry, (uintptr_t)(lost_scratch + 2));
}

static bool in_guest(const struct cpu *c)
{
	return __atomic_load_n(&c->in_guest, __ATOMIC_SEQ_CST);
}

static bool asleep(const struct cpu *c)
{
	return __atomic_load_n(&c->asleep, __ATOMIC_SEQ_CST);
}

/* In its guest; of one that is elsewhere nothing tells. */
static bool was_reset(const struct cpu *c)
{
	return in_guest(c) && vcpu_left_by_init(c);
}

static void first_was_reset(void)
{
	log_error("guest: INIT to the boot CPU by a device, machine reset");
	machine_reset();
}

static void send_back(const struct cpu *c)
{
	lapic_send_sipi(c->apic_id, (uint8_t)(trampoline_page() >> 12));
}

bool lost_or_awake(const struct cpu *c)
{
	uint64_t end;

	if (never)
		return false;
	if (cpu_is_first(c)) {
		if (was_reset(c))
			first_was_reset();
		return false;
	}
	/*
	 * One that runs its guest takes the NMI, which it may not if a SIPI
	 * comes with it: QEMU handles one of them, and the other when a third
	 * thing makes it look again.
	 */
	if (in_guest(c) && !vcpu_left_by_init(c))
		return false;
	/* QEMU: it also wakes one that sleeps, which looks for requests then */
	send_back(c);
	end = time_us() + BACK_US;
	while ((in_guest(c) || asleep(c)) &&
	       __atomic_load_n(&c->requests, __ATOMIC_RELAXED)) {
		if (time_us() > end)
			return false;
		__builtin_ia32_pause();
	}
	return true;
}

void lost_watch(const struct cpu *c)
{
	if (never || !was_reset(c))
		return;
	if (cpu_is_first(c))
		first_was_reset();
	else
		send_back(c);
}

void lost_before_panic(void)
{
	bool any = false;

	for (unsigned int i = 1; !never && i < n_cpus; i++) {
		if (&cpus[i] == this_cpu() || !cpus[i].online)
			continue;
		send_back(&cpus[i]);
		any = true;
	}
	if (any)
		udelay(PANIC_US);
}

void lost_watch_first(void)
{
	static uint64_t looked, silent;
	uint64_t before, now;

	if (never)
		return;
	if (was_reset(&cpus[0]))
		first_was_reset();
	/* if it slept, nothing tells that it was reset */
	now = time_us();
	before = __atomic_load_n(&looked, __ATOMIC_RELAXED);
	if (!(__atomic_load_n(&cpus[0].requests, __ATOMIC_RELAXED) &
	      CPU_REQUEST_ASKED)) {
		if (now < before + ASK_US)
			return;
		__atomic_store_n(&looked, now, __ATOMIC_RELAXED);
		__atomic_store_n(&silent, 0, __ATOMIC_RELAXED);
		cpu_request(&cpus[0], CPU_REQUEST_ASKED);
		return;
	}
	if (now < before + STEP_US / 10 ||
	    !__atomic_compare_exchange_n(&looked, &before, now, false,
					 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		return;
	if (__atomic_add_fetch(&silent, MIN(now - before, STEP_US),
			       __ATOMIC_RELAXED) > ANSWER_US) {
		log_error("the first CPU does not answer, machine reset");
		machine_reset();
	}
}

/*
 * Called by lost_entry.S, on the CPU's own stack and the page's tables. A CPU in
 * its guest or asleep holds no lock, nor is it in the middle of anything.
 */
void lost_back(void) __noreturn;
void lost_back(void)
{
	struct cpu *cpu = this_cpu();
	bool whole = in_guest(cpu) || asleep(cpu);
	uint64_t apic_base = cpu->apic_base;

	if (!cpu->online)
		cpu_woken(cpu);
	write_cr3(paging_root());
	cpu_init(cpu);
	while (cpus_stopping())
		__asm__ volatile("cli; hlt");
	if (!whole) {
		log_error("guest: INIT to CPU %u within the VMM, machine reset",
			  cpu->index);
		machine_reset();
	}
	cpu->apic_base = apic_base;
	cpu->nmi_taken = 0;
	cpu->kicks = 0;
	vcpu_resume(cpu);
	ipi_init_taken(cpu);
	__atomic_store_n(&cpu->asleep, false, __ATOMIC_SEQ_CST);
	__atomic_store_n(&cpu->in_guest, 0, __ATOMIC_SEQ_CST);
	log_few("guest: INIT to the CPU of APIC ID %u by a device",
		cpu->apic_id);
	cpu_loop(cpu);
}
