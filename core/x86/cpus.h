/* SPDX-License-Identifier: MIT */
/*
 * All CPUs of the machine. Each runs its own vCPU in a loop of its own; the
 * first one, which started the VMM, also does what there is to be done once:
 * timers, interrupts of the VMM's devices and domains, so that none of these
 * needs a lock.
 * Others ask it by cpu_call_first() or wake it by cpu_request().
 */
#ifndef CORE_X86_CPUS_H
#define CORE_X86_CPUS_H

#include "cpu.h"

extern struct cpu cpus[CONFIG_MAX_CPUS];
/* How many there are; does not change once the guest runs. */
extern unsigned int n_cpus;

/* All but the first. The array's size tells the compiler when there is none. */
#define FOR_OTHER_CPUS(i) \
	for (unsigned int i = 1; i < MIN(n_cpus, (unsigned int)CONFIG_MAX_CPUS); \
	     i++)

static inline bool cpu_is_first(const struct cpu *c)
{
	return !c->index;
}

/*
 * Set CPU_REQUEST_* of c and see to it that it looks soon: an NMI takes it out
 * of its guest or its sleep. Any CPU, c itself included.
 */
void cpu_request(struct cpu *c, uint32_t requests);

/* Whether this is the first CPU; wake it if another CPU has work for it. */
bool on_first_cpu(void);
void first_cpu_wake(void);

/*
 * Whether no guest runs on any CPU but cpu (NULL: any at all), nor will without
 * an NMI from outside: halted with interrupts off, or not started. A CPU that
 * was just woken may still seem to be so.
 */
bool cpus_others_rest(const struct cpu *cpu);

/* What was requested of this CPU since the last time; loop.c. */
uint32_t cpu_requests_take(struct cpu *c);

/* How many of n NMIs taken by c were those of requests. */
uint32_t cpu_kicks_claim(struct cpu *c, uint32_t n);

/*
 * Run fn(arg) on the first CPU, in its loop, and wait for its end. Exit
 * context, without a lock held. Runs it at once on the first CPU. The machine
 * is reset if that CPU takes no call within half a minute.
 */
void cpu_call_first(void (*fn)(void *arg), void *arg);

/* The first CPU: run what others wait for. */
void cpu_calls_run(void);
/* Those who wait are gone, their stacks too. */
void cpu_calls_forget(void);

/*
 * The other CPUs come from the loader into the VMM by themselves (entry.S) and
 * wait. cpus_gather: until all of n have come, or a few seconds; false then,
 * and all go back to where they came from. cpus_start: take them over, each
 * in the state it came with; the first CPU waits until they have loaded the
 * VMM's tables. cpus_go: let their guests run.
 */
bool cpus_gather(unsigned int n);
void cpus_dismiss(void);
void cpus_start(void);
void cpus_go(void);

/*
 * Sleep of the machine, on the first CPU. cpus_park: all others stop in the
 * VMM, between two exits, until cpus_unpark. cpus_restart, instead of it, on a
 * machine that woke up: they are in the firmware's hands, and come back into
 * the VMM through the trampoline, waiting for the guest's SIPI.
 */
void cpus_park(void);
void cpus_unpark(void);
void cpus_restart(void);

/* A CPU of cpus_restart, as it comes from the trampoline. */
void cpu_woken(struct cpu *cpu) __noreturn;

/*
 * Where a CPU may be parked, between two exits or while it waits for another
 * CPU: its vCPU's state is whole, and handed out there to whoever wants it
 * (snapshot.h). Whether it was parked.
 */
bool cpu_park_here(void);

/* Panic: all others stop where they are and never go on. */
void cpus_stop_others(void);
/* Whether this CPU is to stop. NMI context. */
bool cpus_stopping(void);

#endif
