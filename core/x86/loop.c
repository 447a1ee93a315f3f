/* SPDX-License-Identifier: MIT */
/*
 * What a CPU does all its life: run the guest, and between two runs whatever
 * has come up: requests of other CPUs, and on the first CPU timers, device
 * events, domains. While the guest is halted, the CPU sleeps here; whoever has
 * work for it wakes it by an interrupt it can take, or by an NMI.
 */
#include "loop.h"
#include "cpus.h"
#include "interrupts.h"
#include "ipi.h"
#include "lost.h"
#include "../domain/schedule.h"
#include "../timer.h"
#include "../vmmcall.h"

#include <tandem/init.h>

extern const struct exit_poll table_exit_poll_start[], table_exit_poll_end[];

static void run_polls(void)
{
	for (const struct exit_poll *p = table_exit_poll_start;
	     p < table_exit_poll_end; p++)
		p->fn();
}

static void requests_run(struct cpu *cpu)
{
	uint32_t requests = cpu_requests_take(cpu);

	if (requests)
		cpu_park_here();
	if (requests & CPU_REQUEST_CALL)
		cpu_calls_run();
	if (requests & (CPU_REQUEST_NMI | CPU_REQUEST_INIT | CPU_REQUEST_SIPI))
		ipi_taken(cpu, requests);
}

/* Everything that is due now. */
static void service(struct cpu *cpu)
{
	interrupts_handle_nmi(cpu);
	requests_run(cpu);
	if (cpu_is_first(cpu))
		timers_run();
	else
		lost_watch_first();
	run_polls();
	if (cpu_is_first(cpu))
		domains_run(cpu);
}

/* Whether the CPU would do better than enter the guest or sleep now. */
static bool work_pending(const struct cpu *cpu)
{
	return cpu->nmi_taken != 0 ||
	       __atomic_load_n(&cpu->requests, __ATOMIC_RELAXED) != 0;
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
	bool interrupts = !cpu->wait_sipi && guest_interruptible(cpu);

	if (cpu_is_first(cpu)) {
		deadline_ensure(interrupts_look_us());
		if (domains_ready())
			return;
	}
	/* first: who has a request looks at it, and this CPU at requests */
	__atomic_store_n(&cpu->asleep, true, __ATOMIC_SEQ_CST);
	if (!work_pending(cpu)) {
		cpu_wait(cpu, &cpu->nmi_taken, interrupts);
		interrupts_taken(cpu);
	}
	__atomic_store_n(&cpu->asleep, false, __ATOMIC_RELEASE);
}

void cpu_loop(struct cpu *cpu)
{
	for (;;) {
		service(cpu);
		if (cpu->pending_nmi && !cpu->nmi_blocked)
			cpu->halted = false;
		if (cpu->halted || cpu->wait_sipi) {
			sleep(cpu);
			continue;
		}
		if (cpu->calls.hold_until && vmmcall_hold(cpu))
			continue;
		vcpu_prepare(cpu);
		if (cpu_is_first(cpu))
			deadline_ensure(guest_run_us(cpu));
		clgi();
		if (work_pending(cpu)) {
			stgi();
			continue;
		}
		vcpu_run_once(cpu);
	}
}
