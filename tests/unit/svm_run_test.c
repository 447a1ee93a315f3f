/* SPDX-License-Identifier: MIT */
/*
 * One run of the guest: is nothing that has to come before it lost when it is
 * put off at the last moment, for another CPU's request? And does a change of
 * the map get the other CPUs out of their guests?
 */
#include "check.h"

#define stgi privileged_stgi
#include "../../core/x86/regs.h"
#undef stgi

static unsigned int checks, allowed;

static void stgi(void)
{
	allowed++;
}

#include "../../core/x86/svm/exit.c"

#include <tandem/mem.h>
#include "../../core/mem/mem.h"

static struct vmcb vmcb = { .exitcode = EXIT_SMI };
static struct svm_vcpu svm = { .vmcb = &vmcb };
static unsigned int runs;
static uint32_t tlb_control;		/* of the last run */

struct cpu cpus[CONFIG_MAX_CPUS];
unsigned int n_cpus = 1;
struct boot_info boot_info;

/* ---- what exit.c and npt.c call ---- */

void svm_enter(uint64_t gpr[16] __unused, uint64_t guest __unused,
	       uint64_t host __unused)
{
	runs++;
	tlb_control = vmcb.tlb_control;
}

void *pages_alloc(size_t n)
{
	return aligned_alloc(PAGE_SIZE, n * PAGE_SIZE);
}

host_phys virt_to_phys(const void *p)
{
	return (uintptr_t)p;
}

uint64_t time_us(void)
{
	static uint64_t now;

	return now += 1000;
}

static unsigned int requested, watched;

void cpu_request(struct cpu *c, uint32_t requests)
{
	CHECK(c == &cpus[1] && requests == CPU_REQUEST_LOOK);
	requested++;
}

/* The NMI was lost with the CPU, which comes back by a SIPI. */
void lost_watch(const struct cpu *c)
{
	CHECK(c == &cpus[1]);
	if (++watched == 3)
		cpus[1].in_guest = 0;
}

uint32_t svm_features;

#define NOT_CALLED(type, name, ...) \
	type name(__VA_ARGS__) \
	{ \
		printf("%s was called\n", #name); \
		exit(1); \
	}
NOT_CALLED(bool, cpus_others_rest, const struct cpu *c)
NOT_CALLED(void, debug_port, struct vcpu *v, uint16_t port, unsigned int size)
NOT_CALLED(int, emulate_mmio, struct vcpu *v, guest_phys a, bool write)
NOT_CALLED(int, guest_virt_read, struct vcpu *v, guest_virt a, void *to,
	   size_t n)
NOT_CALLED(void, log_msg, enum log_level level, const char *fmt, ...)
NOT_CALLED(void, machine_reset, void)
NOT_CALLED(bool, mmio_trap_find, guest_phys a, struct mmio_trap *t)
NOT_CALLED(void, panic, const char *fmt, ...)
NOT_CALLED(uint32_t, port_read, uint16_t port, unsigned int size)
NOT_CALLED(void, port_write, uint16_t port, unsigned int size, uint32_t value)
NOT_CALLED(int, string_io, struct vcpu *v)
NOT_CALLED(bool, svm_at_mov_to_cr, struct vcpu *v)
NOT_CALLED(void, svm_complete, struct vcpu *v)
NOT_CALLED(void, svm_cpuid, struct cpu *c, unsigned int len)
NOT_CALLED(void, svm_make_legal, struct vmcb *b)
NOT_CALLED(void, svm_msr, struct cpu *c, unsigned int len)
NOT_CALLED(unsigned int, svm_insn_length, struct vcpu *v,
	   unsigned int opcode)
NOT_CALLED(void, timer_arm, struct timer *t, uint64_t deadline)
NOT_CALLED(unsigned int, vcpu_cpl, const struct vcpu *v)
NOT_CALLED(uint64_t, vcpu_efer, const struct vcpu *v)
NOT_CALLED(void, vcpu_inject_exception, struct vcpu *v, unsigned int vector,
	   bool has_error, uint32_t error)
NOT_CALLED(void, vcpu_segment, const struct vcpu *v, enum vcpu_segreg s,
	   struct vcpu_segment *out)
NOT_CALLED(void, vcpu_skip, struct vcpu *v, unsigned int len)
NOT_CALLED(bool, vmmcall_due, struct cpu *c)
NOT_CALLED(void, vmmcall_handle, struct vcpu *v)

/* ---- */

static void run(void)
{
	vcpu_run_once(&cpus[0]);
	CHECK(!cpus[0].in_guest);
}

/* Another CPU takes a page out of the map while this one enters its guest. */
static void a_flush_is_not_lost_by_a_request(void)
{
	run();
	CHECK(runs == 1 && tlb_control == TLB_FLUSH_ALL);
	run();
	CHECK(runs == 2 && !tlb_control);
	CHECK(!npt_trap(0xfe000000, PAGE_SIZE, false));
	cpus[0].requests = CPU_REQUEST_LOOK;
	run();
	CHECK(runs == 2 && allowed == 1);
	cpus[0].requests = 0;
	run();
	CHECK(runs == 3 && tlb_control == TLB_FLUSH_ALL);
	run();
	CHECK(runs == 4 && !tlb_control);
}

/* It need not be waited for as long as for one that is stopped. */
static void who_waits_for_a_cpu_looks_whether_it_was_reset(void)
{
	n_cpus = 2;
	cpus[1].in_guest = CPU_IN_GUEST;
	CHECK(!npt_trap(0xfd000000, PAGE_SIZE, false));
	CHECK(requested == 1 && watched == 3 && !cpus[1].in_guest);
	n_cpus = 1;
}

int main(void)
{
	cpus[0].vcpu.svm = &svm;
	cpus[0].pending_vector = -1;
	CHECK(!npt_init());
	a_flush_is_not_lost_by_a_request();
	who_waits_for_a_cpu_looks_whether_it_was_reset();
	printf("%u checks\n", checks);
	return 0;
}
