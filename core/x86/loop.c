/* SPDX-License-Identifier: MIT */
/*
 * What a CPU does all its life: run the guest, and between two runs whatever
 * has come up: timers, device events, domains. While the guest is halted, the
 * CPU sleeps here; whoever has work for it wakes it by an interrupt it can
 * take, or by the deadline's NMI.
 */
#include "loop.h"
#include "interrupts.h"
#include "../domain/schedule.h"
#include "../timer.h"

#include <tandem/init.h>

extern const struct exit_poll table_exit_poll_start[], table_exit_poll_end[];

static void run_polls(void)
{
	for (const struct exit_poll *p = table_exit_poll_start;
	     p < table_exit_poll_end; p++)
		p->fn();
}

/* Everything that is due now. */
static void service(struct cpu *cpu)
{
	interrupts_handle_nmi(cpu);
	timers_run(cpu);
	run_polls();
	domains_run(cpu);
}

/* Whether the CPU would do better than enter the guest or sleep now. */
static bool work_pending(const struct cpu *cpu)
{
	return cpu->nmi_taken != 0;
}

/* How long the guest may run, 0: until something happens. */
static uint64_t guest_run_us(const struct cpu *cpu)
{
	uint64_t look = interrupts_look_us(), next = domains_next_us(cpu);

	if (look && next)
		return MIN(look, next);
	return look ? look : next;
}

static void sleep(struct cpu *cpu)
{
	bool interrupts = guest_interruptible(cpu);

	deadline_ensure(cpu, interrupts_look_us());
	if (domains_ready(cpu))
		return;
	cpu_wait(cpu, &cpu->nmi_taken, interrupts);
	interrupts_taken(cpu);
}

void cpu_loop(struct cpu *cpu)
{
	for (;;) {
		service(cpu);
		if (cpu->pending_nmi && !cpu->nmi_blocked)
			cpu->halted = false;
		if (cpu->halted) {
			sleep(cpu);
			continue;
		}
		vcpu_prepare(cpu);
		deadline_ensure(cpu, guest_run_us(cpu));
		clgi();
		if (work_pending(cpu)) {
			stgi();
			continue;
		}
		vcpu_run_once(cpu);
	}
}
