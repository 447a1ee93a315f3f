/* SPDX-License-Identifier: MIT */
/*
 * The other CPUs at the start. The loader has the firmware run the VMM's second
 * entry (entry.S) on each; they wait there, on the firmware's tables, until
 * the first CPU lets them in or sends them back. What they came with becomes
 * the first state of their guests: they return to the firmware, as guests.
 */
#include "cpus.h"
#include "lapic.h"
#include "loop.h"
#include "svm/svm.h"
#include "../main.h"
#include "../mem/mem.h"

#define LOG_PREFIX "cpus: "
#include <tandem/log.h>
#include <tandem/spinlock.h>
#include <tandem/timer.h>

/* TSC ticks; some seconds on any CPU: time is not calibrated yet */
#define GATHER_TICKS	10000000000ull
#define START_US	2000000

#define AP_WAIT		0
#define AP_COME		1
#define AP_BACK		2

/* entry.S: how many have come; what they are to do */
uint32_t ap_count, ap_order;
/* on how many SVM is switched off */
uint32_t ap_disabled;

static uint32_t started;
static bool go;

bool cpus_gather(unsigned int n)
{
	uint64_t start = rdtsc();

	while (__atomic_load_n(&ap_count, __ATOMIC_ACQUIRE) < n - 1) {
		if (rdtsc() - start > GATHER_TICKS)
			return false;
		__builtin_ia32_pause();
	}
	n_cpus = n;
	return !__atomic_load_n(&ap_disabled, __ATOMIC_ACQUIRE);
}

void cpus_dismiss(void)
{
	__atomic_store_n(&ap_order, AP_BACK, __ATOMIC_RELEASE);
}

void cpus_start(void)
{
	uint64_t end = time_us() + START_US;

	if (n_cpus == 1)
		return;
	__atomic_store_n(&ap_order, AP_COME, __ATOMIC_RELEASE);
	while (__atomic_load_n(&started, __ATOMIC_ACQUIRE) < n_cpus - 1) {
		if (time_us() > end)
			panic("CPUs did not start: %u of %u", started + 1,
			      n_cpus);
		__builtin_ia32_pause();
	}
	log_info("%u CPUs", n_cpus);
}

void cpus_go(void)
{
	__atomic_store_n(&go, true, __ATOMIC_RELEASE);
}

/* Called by entry.S, on the CPU's own stack and the first page tables. */
void ap_main(unsigned int index) __noreturn;
void ap_main(unsigned int index)
{
	struct cpu *cpu = &cpus[index];

	cpu->index = index;
	svm_capture(cpu, boot_info.block_base);
	cpu_init(cpu);
	write_cr3(paging_root());
	lapic_adopt();
	svm_init(cpu);
	cpu->online = true;
	__atomic_fetch_add(&started, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		__builtin_ia32_pause();
	cpu_loop(cpu);
}
