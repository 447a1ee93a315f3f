/* SPDX-License-Identifier: MIT */
/*
 * Running domains, see schedule.h. A domain runs in ring 3 until it blocks,
 * its slice ends, or the guest has an interrupt to take: the guest goes first,
 * but not twice in a row, or a busy guest would keep domains from running.
 * Maskable interrupts are let in only while the guest could take them, since
 * what is acknowledged must be delivered at once.
 */
#include "schedule.h"
#include "domain.h"
#include "../mem/mem.h"
#include "../timer.h"
#include "../x86/cpus.h"
#include "../x86/interrupts.h"

#include <tandem/mem.h>

#define STUCK_US	20000	/* a guest takes its interrupt sooner */
#define SLICE_US	2000
/* a stretch that took longer was interrupted: by SMM, or beneath us */
#define STRETCH_MAX_US	((uint64_t)4 * SLICE_US)
#define VECTOR_NMI	2
#define EXCEPTIONS	32
/* #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP, #VC, #SX push an error code */
#define WITH_ERROR	(BIT(8) | BIT(10) | BIT(11) | BIT(12) | BIT(13) | \
			 BIT(14) | BIT(17) | BIT(21) | BIT(29) | BIT(30))
#define CPU_LIMIT_US	((uint64_t)CONFIG_DOMAIN_CPU_MS * 1000)

/* NMIs stay blocked until an IRET; a trap from ring 3 ended without one. */
static void unblock_nmi(void)
{
	__asm__ volatile(
		"mov %%rsp, %%rax\n"
		"push %0\n"
		"push %%rax\n"
		"pushfq\n"
		"push %1\n"
		"lea 1f(%%rip), %%rax\n"
		"push %%rax\n"
		"iretq\n"
		"1:\n" : : "i"(SEL_KDATA), "i"(SEL_KCODE) : "rax", "memory");
}

/* No domain could run when it was looked at, and nothing has changed since. */
static bool idle;

void domains_changed(void)
{
	idle = false;
}

static bool runnable(struct domain *d)
{
	return !d->dying && domain_top(d)->state == ACT_RUN;
}

bool domains_ready(void)
{
	domains_signalled();
	if (idle)
		return false;
	for (struct domain *d = domain_list; d; d = d->next)
		if (runnable(d))
			return true;
	return false;
}

uint64_t domains_next_us(const struct cpu *cpu)
{
	uint64_t now;

	if (!domains_ready())
		return 0;
	now = time_us();
	return cpu->domain_not_before > now ? cpu->domain_not_before - now : 1;
}

/* Round robin: the one after the last that ran. */
static struct domain *pick(uint64_t last)
{
	struct domain *first = NULL, *after = NULL;

	for (struct domain *d = domain_list; d; d = d->next) {
		if (!runnable(d))
			continue;
		if (d->serial > last && (!after || d->serial < after->serial))
			after = d;
		if (!first || d->serial < first->serial)
			first = d;
	}
	return after ? after : first;
}

/*
 * A domain can raise these; whatever else comes is the guest's interrupt. One
 * with the vector of an exception that pushes an error code has none. (A guest
 * that makes its 8259 deliver vectors 0 to 7 disturbs domains, nothing more.)
 */
static bool is_exception(const struct trap_frame *f)
{
	return f->vector < 8 || (f->vector < EXCEPTIONS &&
				 (WITH_ERROR >> f->vector & 1) &&
				 f->error != TRAP_NO_ERROR);
}

/* What ended a stretch in ring 3; d may be gone afterwards. */
static void handle_trap(struct cpu *cpu, struct domain *d, int vector)
{
	struct trap_frame *f = &domain_top(d)->frame;

	if (vector == USER_NOT_ENTERED) {
		interrupts_handle_nmi(cpu);
	} else if (vector == DOMAIN_SYSCALL_VECTOR) {
		domain_syscall(d);
	} else if (vector == VECTOR_NMI) {
		unblock_nmi();
		interrupts_note_nmi(cpu);
		interrupts_handle_nmi(cpu);
	} else if (interrupts_is_init(f)) {
		cpu_request(cpu, CPU_REQUEST_INIT);
	} else if (!is_exception(f)) {
		interrupts_deliver(cpu, (unsigned int)vector);
	} else if (vector != VECTOR_PF || !space_fault(d, read_cr2())) {
		fault_end(d, f);
	}
}

static bool guest_waits(const struct cpu *cpu)
{
	return cpu->pending_vector >= 0 ||
	       (cpu->pending_nmi && !cpu->nmi_blocked);
}

/*
 * Whether the guest could not take what it waits for at many entries, as when
 * the delivery of another event exits again and again: then it does not hold
 * the domains up.
 */
static bool guest_stuck(struct cpu *cpu, uint64_t now)
{
	if (!guest_waits(cpu))
		cpu->guest_waits_since = 0;
	else if (!cpu->guest_waits_since)
		cpu->guest_waits_since = now;
	return cpu->guest_waits_since && now - cpu->guest_waits_since > STUCK_US;
}

/* What d has done since start, in ring 3 or in a system call, is its own. */
static void charge(struct domain *d, uint64_t start)
{
	uint64_t used = time_us() - start;

	d->run_us += MIN(used, STRETCH_MAX_US);
	d->total_us += used;
}

/* Run d until it blocks or ends, time is up or the guest has an interrupt. */
static void execute(struct cpu *cpu, struct domain *d, uint64_t end,
		    bool stuck)
{
	uint64_t serial = d->serial;

	write_cr3(virt_to_phys(d->pml4));
	while (d && runnable(d) && (stuck || !guest_waits(cpu))) {
		struct trap_frame *f = &domain_top(d)->frame;
		uint64_t start = time_us();
		int vector;

		if (start >= end)
			break;
		/*
		 * An NMI may come between a jump and the fault for it; IRET
		 * would then fault here.
		 */
		if (f->rip >= USER_END) {
			fault_end_nowhere(d, f);
			break;
		}
		deadline_ensure(end - start);
		f->rflags &= ~RFLAGS_IF;
		if (!cpu->domain_turn && guest_interruptible(cpu))
			f->rflags |= RFLAGS_IF;
		vector = user_enter(f);
		charge(d, start);
		start = time_us();
		handle_trap(cpu, d, vector);
		d = domain_find(serial);
		if (d && vector == DOMAIN_SYSCALL_VECTOR)
			charge(d, start);
		timers_run();
		d = domain_find(serial);
		if (d && d->run_us > CPU_LIMIT_US) {
			fault_end_endless(d, &domain_top(d)->frame);
			d = NULL;
		}
	}
	write_cr3(paging_root());
}

void domains_run(struct cpu *cpu)
{
	static uint64_t last;
	uint64_t start, end;
	struct domain *d;
	bool ran = false, stuck;

	domains_signalled();
	if (idle)
		return;
	start = time_us();
	end = start + SLICE_US;
	stuck = guest_stuck(cpu, start);
	if (!cpu->halted && start < cpu->domain_not_before)
		return;
	message_retry();
	while ((stuck || !guest_waits(cpu)) && time_us() < end &&
	       (d = pick(last))) {
		last = d->serial;
		execute(cpu, d, end, stuck);
		message_retry();
		ran = true;
	}
	if (ran) {
		uint64_t now = time_us();

		cpu->domain_not_before = now + (now - start);
		/* cut short by the guest: the next turn is the domains' own */
		cpu->domain_turn = guest_waits(cpu) && domains_ready();
	}
	idle = !domains_ready();
}
