/* SPDX-License-Identifier: MIT */
/* What CPUs want of one another, see cpus.h. */
#include "cpus.h"
#include "lapic.h"
#include "lost.h"
#include "../reset.h"

#define LOG_PREFIX "cpus: "
#include <tandem/log.h>
#include <tandem/spinlock.h>
#include <tandem/timer.h>

/* an NMI that was sent comes within that time (a CPU may be emulated), or never */
#define KICK_US		1000000

/*
 * Longer than the first CPU takes for anything, one that is emulated too.
 * Between two looks no more than a step counts: the machine as a whole may have
 * stood still.
 */
#define CALL_US		30000000
#define STEP_US		500000

struct cpu cpus[CONFIG_MAX_CPUS];
unsigned int n_cpus = 1;

static struct cpu *stopper;

/* A call waits on its caller's stack. */
struct call {
	void (*fn)(void *arg);
	void *arg;
	bool done;
	struct call *next;
};

static struct call *calls;	/* newest first */
static unsigned int forgotten;	/* how often */

void cpu_request(struct cpu *c, uint32_t requests)
{
	/* whoever set the first of them has sent the NMI */
	if (__atomic_fetch_or(&c->requests, requests, __ATOMIC_SEQ_CST) ||
	    c == this_cpu() || !c->online || lost_or_awake(c))
		return;
	__atomic_store_n(&c->kicks_until, time_us() + KICK_US,
			 __ATOMIC_RELAXED);
	__atomic_fetch_add(&c->kicks, 1, __ATOMIC_SEQ_CST);
	lapic_send_nmi(c->apic_id);
}

bool on_first_cpu(void)
{
	return cpu_is_first(this_cpu());
}

void first_cpu_wake(void)
{
	cpu_request(&cpus[0], CPU_REQUEST_LOOK);
}

uint32_t cpu_requests_take(struct cpu *c)
{
	if (!__atomic_load_n(&c->requests, __ATOMIC_RELAXED))
		return 0;
	return __atomic_exchange_n(&c->requests, 0, __ATOMIC_SEQ_CST);
}

uint32_t cpu_kicks_claim(struct cpu *c, uint32_t n)
{
	uint32_t claimed, kicks = __atomic_load_n(&c->kicks, __ATOMIC_SEQ_CST);

	if (!kicks)
		return 0;
	/* what did not come by now was one NMI with another */
	if (c->nmi_taken_at > __atomic_load_n(&c->kicks_until, __ATOMIC_RELAXED)) {
		__atomic_fetch_sub(&c->kicks, kicks, __ATOMIC_SEQ_CST);
		return 0;
	}
	claimed = MIN(n, kicks);
	__atomic_fetch_sub(&c->kicks, claimed, __ATOMIC_SEQ_CST);
	return claimed;
}

static bool rests(const struct cpu *c)
{
	if (__atomic_load_n(&c->requests, __ATOMIC_SEQ_CST) || c->pending_nmi)
		return false;
	return c->wait_sipi || (c->halted && !(c->vcpu.rflags & RFLAGS_IF));
}

bool cpus_others_rest(const struct cpu *cpu)
{
	for (unsigned int i = 0; i < n_cpus; i++)
		if (&cpus[i] != cpu && !rests(&cpus[i]))
			return false;
	return true;
}

void cpu_call_first(void (*fn)(void *arg), void *arg)
{
	struct call call = { .fn = fn, .arg = arg };
	uint64_t now, looked = time_us(), waited = 0;

	if (on_first_cpu()) {
		fn(arg);
		return;
	}
	call.next = __atomic_load_n(&calls, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&calls, &call.next, &call, false,
					    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	cpu_request(&cpus[0], CPU_REQUEST_CALL);
	while (!__atomic_load_n(&call.done, __ATOMIC_ACQUIRE)) {
		if (cpu_park_here())
			waited = 0;
		lost_watch_first();
		now = time_us();
		waited += MIN(now - looked, STEP_US);
		looked = now;
		if (waited < CALL_US)
			continue;
		log_error("the first CPU does not answer, machine reset");
		machine_reset();
	}
}

void cpu_calls_run(void)
{
	struct call *c = __atomic_exchange_n(&calls, NULL, __ATOMIC_SEQ_CST);
	unsigned int before = forgotten;

	while (c) {
		struct call *next = c->next;	/* c is gone once it is done */

		c->fn(c->arg);
		if (forgotten != before)
			return;
		__atomic_store_n(&c->done, true, __ATOMIC_RELEASE);
		c = next;
	}
}

void cpu_calls_forget(void)
{
	calls = NULL;
	forgotten++;
}

void cpus_stop_others(void)
{
	stopper = this_cpu();
	lost_before_panic();
	for (unsigned int i = 0; i < n_cpus; i++)
		if (&cpus[i] != stopper && cpus[i].online)
			lapic_send_nmi(cpus[i].apic_id);
}

bool cpus_stopping(void)
{
	return stopper && stopper != this_cpu();
}
