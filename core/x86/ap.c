/* SPDX-License-Identifier: MIT */
/*
 * The other CPUs at the start. The loader has the firmware run the VMM's second
 * entry (entry.S) on each; they wait there, on the firmware's tables, until
 * the first CPU lets them in or sends them back. What they came with becomes
 * the first state of their guests: they return to the firmware, as guests.
 *
 * And when the machine woke up: the firmware leaves them waiting for a SIPI,
 * which the first CPU sends them, to the trampoline.
 */
#include "cpus.h"
#include "lapic.h"
#include "lost.h"
#include "loop.h"
#include "smm.h"
#include "snapshot.h"
#include "trampoline.h"
#include "wake.h"
#include "svm/svm.h"
#include "../main.h"
#include "../mem/mem.h"

#define LOG_PREFIX "cpus: "
#include <tandem/kconfig.h>
#include <tandem/log.h>
#include <tandem/timer.h>

/* TSC ticks; some seconds on any CPU: time is not calibrated yet */
#define GATHER_TICKS	10000000000ull
#define START_US	2000000

/* between INIT and SIPI, after a SIPI, and for what a CPU does then */
#define INIT_US		10000
#define SIPI_US		10000
#define SIPI_TRIES	3
#define PARK_US		1000000

#define AP_COME		1
#define AP_BACK		2

/* entry.S: how many have come; what they are to do */
uint32_t ap_count, ap_order;
/* on how many SVM is switched off */
uint32_t ap_disabled;

static uint32_t started;
static bool go;
static bool park;

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
	lost_way_back();
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
	smm_take(cpu);
	cpu->online = true;
	__atomic_fetch_add(&started, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&go, __ATOMIC_ACQUIRE))
		__builtin_ia32_pause();
	cpu_loop(cpu);
}

/* ---- sleep ---- */

bool cpu_park_here(void)
{
	struct cpu *cpu = this_cpu();

	if (IS_ENABLED(CONFIG_DEBUG_PROGRAM))
		snapshot_here(cpu);
	if (on_first_cpu() || !__atomic_load_n(&park, __ATOMIC_ACQUIRE)) {
		__builtin_ia32_pause();
		return false;
	}
	__atomic_store_n(&cpu->parked, true, __ATOMIC_SEQ_CST);
	while (__atomic_load_n(&park, __ATOMIC_ACQUIRE))
		__builtin_ia32_pause();
	__atomic_store_n(&cpu->parked, false, __ATOMIC_SEQ_CST);
	return true;
}

void cpus_park(void)
{
	uint64_t end = time_us() + PARK_US;

	__atomic_store_n(&park, true, __ATOMIC_SEQ_CST);
	FOR_OTHER_CPUS(i) {
		cpu_request(&cpus[i], CPU_REQUEST_LOOK);
		while (cpus[i].online && time_us() < end &&
		       !__atomic_load_n(&cpus[i].parked, __ATOMIC_ACQUIRE))
			__builtin_ia32_pause();
		if (cpus[i].online && !cpus[i].parked)
			log_error("CPU %u does not stop for the sleep", i);
	}
}

void cpus_unpark(void)
{
	lost_way_back();
	__atomic_store_n(&park, false, __ATOMIC_SEQ_CST);
}

void cpu_woken(struct cpu *cpu)
{
	write_cr3(paging_root());
	cpu_init(cpu);
	wake_msrs();
	lapic_adopt();
	svm_init(cpu);
	smm_take(cpu);
	vcpu_power_on(cpu);
	__atomic_store_n(&cpu->online, true, __ATOMIC_SEQ_CST);
	cpu_loop(cpu);
}

static bool is_online(const struct cpu *cpu, uint64_t within)
{
	uint64_t end = time_us() + within;

	while (!__atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE)) {
		if (time_us() > end)
			return false;
		__builtin_ia32_pause();
	}
	return true;
}

static void restart(struct cpu *cpu)
{
	cpu->parked = cpu->asleep = false;
	cpu->in_guest = cpu->requests = cpu->kicks = cpu->nmi_taken = 0;
	cpu->pending_nmi = cpu->nmi_blocked = false;
	cpu->halted = cpu->wait_sipi = true;
	lapic_send_init(cpu->apic_id);
	udelay(INIT_US);
	for (unsigned int i = 0; i < SIPI_TRIES; i++) {
		lapic_send_sipi(cpu->apic_id, (uint8_t)(trampoline_page() >> 12));
		if (is_online(cpu, SIPI_US << 2 * i))
			return;
	}
	/* not once more: it may have been on its way */
	if (!is_online(cpu, START_US))
		log_error("CPU %u does not wake up", cpu->index);
}

void cpus_restart(void)
{
	cpu_calls_forget();
	for (unsigned int i = 1; i < n_cpus; i++)
		cpus[i].online = false;
	cpus_unpark();
	FOR_OTHER_CPUS(i)
		restart(&cpus[i]);
}
