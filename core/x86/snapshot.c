/* SPDX-License-Identifier: MIT */
/*
 * The state of a CPU's guest for somebody on the first CPU. Each CPU copies its
 * own, where it may also be parked: some registers can be read nowhere else,
 * and only there nothing of it changes. One that waits for the first CPU
 * (cpu_call_first) comes by there, too.
 */
#include "snapshot.h"
#include "cpus.h"

#include <errno.h>
#include <tandem/timer.h>

/* a CPU may be emulated, and its host busy */
#define ANSWER_US	1000000

#define NOBODY		0u
#define COPYING		(~0u)

static uint32_t wanted = NOBODY;	/* index + 1 */
static struct debug_cpu answer;

void snapshot_here(struct cpu *cpu)
{
	uint32_t me = cpu->index + 1;

	if (__atomic_load_n(&wanted, __ATOMIC_RELAXED) != me ||
	    !__atomic_compare_exchange_n(&wanted, &me, COPYING, false,
					 __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	vcpu_state(cpu, &answer);
	__atomic_store_n(&wanted, NOBODY, __ATOMIC_RELEASE);
}

int snapshot_take(unsigned int index, struct debug_cpu *out)
{
	uint64_t end = time_us() + ANSWER_US;

	if (&cpus[index] == this_cpu()) {
		vcpu_state(&cpus[index], out);
		return 0;
	}
	__atomic_store_n(&wanted, index + 1, __ATOMIC_SEQ_CST);
	cpu_request(&cpus[index], CPU_REQUEST_LOOK);
	while (__atomic_load_n(&wanted, __ATOMIC_ACQUIRE) != NOBODY) {
		uint32_t him = index + 1;

		/* not while it copies, which takes no time */
		if (time_us() >= end &&
		    __atomic_compare_exchange_n(&wanted, &him, NOBODY, false,
						__ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return -ETIMEDOUT;
		__builtin_ia32_pause();
	}
	*out = answer;
	return 0;
}
