/* SPDX-License-Identifier: MIT */
/*
 * Whom does an IPI of the guest mean, and what may it do to a CPU? INIT, SIPI,
 * NMI and SMI must never reach the hardware, by whatever destination, register
 * or size of access; all others must reach it as they are.
 */
#include "check.h"

#include <setjmp.h>
#include <string.h>

#define this_cpu real_this_cpu
#define wrmsr privileged_wrmsr
#include "../../core/x86/cpu.h"
#undef this_cpu
#undef wrmsr

static unsigned int checks;
static struct cpu *me;

static struct cpu *this_cpu(void)
{
	return me;
}

static uint32_t msr;
static uint64_t msr_value;

static void wrmsr(uint32_t number, uint64_t value)
{
	msr = number;
	msr_value = value;
}

#include "../../core/x86/ipi.c"

#define N	6

struct cpu cpus[CONFIG_MAX_CPUS];
unsigned int n_cpus;

/* ---- what ipi.c calls ---- */

static bool x2apic;
static uint32_t apic[PAGE_SIZE / 4];
static unsigned int n_writes, last_write;
static struct mmio_trap *traps[2];
static unsigned int n_traps, apic_resets, resets, starts, logged;
static uint8_t start_vector;
static jmp_buf machine_is_reset;

bool lapic_is_x2apic(void)
{
	return x2apic;
}

guest_phys lapic_page(void)
{
	return 0xfee00000;
}

uint32_t lapic_read(unsigned int reg)
{
	return apic[reg / 4];
}

void lapic_write(unsigned int reg, uint32_t value)
{
	n_writes++;
	last_write = reg;
	apic[reg / 4] = value;
}

void lapic_reset(void)
{
	apic_resets++;
}

void svm_reset(struct cpu *cpu)
{
	CHECK(cpu == me);
	resets++;
}

void svm_start(struct cpu *cpu, uint8_t vector)
{
	CHECK(cpu == me);
	starts++;
	start_vector = vector;
}

void cpu_request(struct cpu *c, uint32_t requests)
{
	c->requests |= requests;
}

void machine_reset(void)
{
	longjmp(machine_is_reset, 1);
}

int mmio_trap_add(struct mmio_trap *t)
{
	traps[n_traps++] = t;
	return 0;
}

void log_msg(enum log_level level __unused, const char *fmt __unused, ...)
{
	logged++;
}

/* ---- a machine ---- */

static void fresh(unsigned int n)
{
	memset(cpus, 0, sizeof(cpus));
	memset(apic, 0, sizeof(apic));
	n_cpus = n;
	for (unsigned int i = 0; i < n; i++) {
		cpus[i].index = i;
		cpus[i].apic_id = i;
		cpus[i].apic_ldr = BIT(i) << 24;
		cpus[i].apic_dfr = ~0u;
		cpus[i].apic_base = 0xfee00000 | APIC_BASE_ENABLE |
				    (i ? 0 : APIC_BASE_BSP);
		cpus[i].online = true;
		cpus[i].pending_vector = -1;
	}
	me = &cpus[1];
	x2apic = false;
	n_writes = 0;
	msr = 0;
}

static void fresh_x2apic(unsigned int n)
{
	fresh(n);
	x2apic = true;
}

/* Which CPUs have that request, bit by bit; and they are cleared. */
static uint32_t asked(uint32_t what)
{
	uint32_t found = 0;

	for (unsigned int i = 0; i < n_cpus; i++) {
		CHECK(!cpus[i].requests || cpus[i].requests == what);
		if (cpus[i].requests)
			found |= 1u << i;
		cpus[i].requests = 0;
	}
	/* nothing of that kind has reached the hardware */
	CHECK(!n_writes && !msr);
	return found;
}

static void guest_writes(unsigned int offset, unsigned int size, uint64_t value)
{
	traps[0]->write(traps[0]->ctx, offset, size, value);
}

static uint64_t icr(uint32_t to, uint32_t mode)
{
	return (uint64_t)to << 32 | ICR_DELIVERY(mode) | ICR_ASSERT;
}

/* ---- */

static void test_directed(void)
{
	static const struct {
		uint32_t mode, request;
	} kinds[] = {
		{ ICR_INIT, CPU_REQUEST_INIT }, { ICR_SIPI, CPU_REQUEST_SIPI },
		{ ICR_NMI, CPU_REQUEST_NMI },
	};

	fresh(4);
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint32_t what = kinds[i].request, mode = kinds[i].mode;

		ipi_send(icr(2, mode));
		CHECK(asked(what) == 1 << 2);
		ipi_send(icr(0, mode));
		CHECK(asked(what) == 1);
		ipi_send(icr(1, mode));
		CHECK(asked(what) == 1 << 1);
		ipi_send(icr(77, mode));
		CHECK(asked(what) == 0);
		ipi_send(icr(0xff, mode));
		CHECK(asked(what) == 15);
	}
	/* 32 bits of destination: none that ends like an id here */
	fresh_x2apic(4);
	ipi_send(icr(0x102, ICR_INIT));
	CHECK(asked(CPU_REQUEST_INIT) == 0);
	ipi_send(icr(0xff, ICR_INIT));
	CHECK(asked(CPU_REQUEST_INIT) == 0);
	ipi_send(icr(~0u, ICR_INIT));
	CHECK(asked(CPU_REQUEST_INIT) == 15);
	/* one that is not there */
	fresh(4);
	cpus[3].online = false;
	ipi_send(icr(0xff, ICR_INIT));
	CHECK(asked(CPU_REQUEST_INIT) == 7);
}

static void test_shorthands(void)
{
	const uint64_t self = ICR_TO_SELF << 18, all = ICR_TO_ALL << 18,
		       others = ICR_TO_OTHERS << 18;

	for (unsigned int mode = 0; mode < 2; mode++) {
		if (mode)
			fresh_x2apic(4);
		else
			fresh(4);
		/* the destination does not count */
		ipi_send(icr(3, ICR_NMI) | self);
		CHECK(asked(CPU_REQUEST_NMI) == 1 << 1);
		ipi_send(icr(3, ICR_NMI) | all | ICR_LOGICAL);
		CHECK(asked(CPU_REQUEST_NMI) == 15);
		ipi_send(icr(1, ICR_INIT) | others);
		CHECK(asked(CPU_REQUEST_INIT) == 13);
	}
}

static void test_logical(void)
{
	fresh(N);
	ipi_send(icr(0x0c, ICR_INIT) | ICR_LOGICAL);
	CHECK(asked(CPU_REQUEST_INIT) == 0x0c);
	ipi_send(icr(0xc0, ICR_INIT) | ICR_LOGICAL);
	CHECK(asked(CPU_REQUEST_INIT) == 0);
	ipi_send(icr(0, ICR_INIT) | ICR_LOGICAL);
	CHECK(asked(CPU_REQUEST_INIT) == 0);
	ipi_send(icr(0xff, ICR_INIT) | ICR_LOGICAL);
	CHECK(asked(CPU_REQUEST_INIT) == 0x3f);

	/* clusters of four: a number, and a bit each */
	for (unsigned int i = 0; i < N; i++) {
		cpus[i].apic_dfr = 0x0fffffff;
		cpus[i].apic_ldr = (i / 4 << 4 | BIT(i % 4)) << 24;
	}
	ipi_send(icr(0x12, ICR_INIT) | ICR_LOGICAL);
	CHECK(asked(CPU_REQUEST_INIT) == 1 << 5);
	ipi_send(icr(0x09, ICR_INIT) | ICR_LOGICAL);
	CHECK(asked(CPU_REQUEST_INIT) == 0x09);
	ipi_send(icr(0xf1, ICR_INIT) | ICR_LOGICAL);
	CHECK(asked(CPU_REQUEST_INIT) == 0x11);
	ipi_send(icr(0x2f, ICR_INIT) | ICR_LOGICAL);
	CHECK(asked(CPU_REQUEST_INIT) == 0);

	/* x2APIC: clusters of sixteen, given by the id */
	fresh_x2apic(N);
	cpus[4].apic_id = 0x23;
	cpus[5].apic_id = 0x13;
	ipi_send(icr(0x2 << 16 | BIT(3), ICR_INIT) | ICR_LOGICAL);
	CHECK(asked(CPU_REQUEST_INIT) == 1 << 4);
	ipi_send(icr(0xffff, ICR_INIT) | ICR_LOGICAL);
	CHECK(asked(CPU_REQUEST_INIT) == 0x0f);
}

static void test_level(void)
{
	fresh(2);
	ipi_send(icr(0, ICR_INIT) | ICR_LEVEL);
	CHECK(asked(CPU_REQUEST_INIT) == 1);
	ipi_send((icr(0, ICR_INIT) | ICR_LEVEL) & ~(uint64_t)ICR_ASSERT);
	CHECK(asked(CPU_REQUEST_INIT) == 0);
	/* edge: the level does not count */
	ipi_send(icr(0, ICR_INIT) & ~(uint64_t)ICR_ASSERT);
	CHECK(asked(CPU_REQUEST_INIT) == 1);
}

static void test_smi_ends_here(void)
{
	unsigned int before = logged;

	fresh(2);
	ipi_send(icr(0, ICR_SMI));
	CHECK(!asked(0) && logged == before + 1);
	fresh_x2apic(2);
	ipi_send(icr(~0u, ICR_SMI));
	CHECK(!asked(0));
}

static void test_others_reach_the_hardware(void)
{
	fresh(2);
	ipi_send(icr(1, 0) | 0x41);
	CHECK(n_writes == 1 && last_write == APIC_ICR_LOW &&
	      apic[APIC_ICR_LOW / 4] == (ICR_ASSERT | 0x41));
	ipi_send(icr(1, 1) | 0x41);
	CHECK(n_writes == 2);
	fresh_x2apic(2);
	ipi_send(icr(0x12345, 0) | 0x41);
	CHECK(!n_writes && msr == 0x830 && msr_value ==
	      (icr(0x12345, 0) | 0x41));
	for (unsigned int i = 0; i < 2; i++)
		CHECK(!cpus[i].requests);
}

static void test_life_of_a_cpu(void)
{
	fresh(2);
	resets = starts = apic_resets = 0;
	me->pending_nmi = me->nmi_blocked = true;
	me->pending_vector = 0x30;
	ipi_taken(me, CPU_REQUEST_SIPI);
	CHECK(!starts && me->pending_vector == 0x30);
	ipi_taken(me, CPU_REQUEST_INIT);
	CHECK(resets == 1 && apic_resets == 1 && me->wait_sipi && me->halted &&
	      !me->pending_nmi && !me->nmi_blocked && me->pending_vector < 0);
	/* only a SIPI starts it */
	ipi_taken(me, CPU_REQUEST_NMI);
	CHECK(!me->pending_nmi && me->wait_sipi);

	ipi_send(icr(1, ICR_SIPI) | 0x9a);
	CHECK(asked(CPU_REQUEST_SIPI) == 1 << 1);
	ipi_taken(me, CPU_REQUEST_SIPI);
	CHECK(starts == 1 && start_vector == 0x9a && !me->wait_sipi &&
	      !me->halted);
	ipi_taken(me, CPU_REQUEST_SIPI);
	CHECK(starts == 1);
	ipi_taken(me, CPU_REQUEST_NMI);
	CHECK(me->pending_nmi);
	/* both at once: INIT came first, or the SIPI would have been lost */
	ipi_taken(me, CPU_REQUEST_INIT | CPU_REQUEST_SIPI);
	CHECK(resets == 2 && starts == 2 && !me->wait_sipi);

	me = &cpus[0];
	if (!setjmp(machine_is_reset)) {
		ipi_taken(me, CPU_REQUEST_INIT);
		CHECK(!"the boot CPU's INIT resets the machine");
	}
	CHECK(resets == 2);
}

static void test_page(void)
{
	const uint32_t init = ICR_DELIVERY(ICR_INIT) | ICR_ASSERT;
	static const unsigned int sizes[] = { 1, 2, 8 };

	fresh(1);
	CHECK(!ipi_init() && !n_traps);
	fresh(2);
	CHECK(!ipi_init() && n_traps == 2);
	CHECK(traps[0]->base == 0xfee00000 && traps[0]->size == PAGE_SIZE &&
	      traps[0]->reads_pass);
	CHECK(traps[1]->base == 0xfee01000 && !traps[1]->reads_pass &&
	      traps[1]->base + traps[1]->size == 0xfef00000);

	apic[APIC_ICR_HIGH / 4] = 0;
	guest_writes(APIC_ICR_LOW, 4, init);
	CHECK(asked(CPU_REQUEST_INIT) == 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++)
		for (unsigned int o = 0; o < PAGE_SIZE; o++)
			guest_writes(o, sizes[i], init);
	for (unsigned int o = 0; o < PAGE_SIZE; o++)
		if (o % 16)
			guest_writes(o, 4, init);
	CHECK(!asked(0));

	guest_writes(APIC_LDR, 4, 0x08000000);
	guest_writes(APIC_DFR, 4, 0x0fffffff);
	CHECK(me->apic_ldr == 0x08000000 && me->apic_dfr == 0x0fffffff);
	CHECK(apic[APIC_LDR / 4] == 0x08000000 && n_writes == 2);
	guest_writes(APIC_TPR, 4, 0x20);
	CHECK(apic[APIC_TPR / 4] == 0x20);

	/* off, or in the other mode: there is no page */
	n_writes = 0;
	me->apic_base &= ~(uint64_t)APIC_BASE_ENABLE;
	guest_writes(APIC_ICR_LOW, 4, init);
	guest_writes(APIC_TPR, 4, 0);
	me->apic_base |= APIC_BASE_ENABLE | APIC_BASE_EXTD;
	guest_writes(APIC_ICR_LOW, 4, init);
	CHECK(!asked(0));
	traps[1]->write(traps[1]->ctx, 0x1000, 4, init);
	CHECK(!asked(0) && traps[1]->read(traps[1]->ctx, 0, 4) == 0xffffffff);
}

/* An entry that would raise an SMI or INIT here may be there, but masked. */
static void test_local_vectors(void)
{
	fresh(2);
	for (unsigned int o = APIC_LVT_TIMER; o <= APIC_LVT_ERROR; o += 16) {
		guest_writes(o, 4, ICR_DELIVERY(ICR_SMI));
		CHECK(apic[o / 4] & LVT_MASKED);
		guest_writes(o, 4, ICR_DELIVERY(ICR_INIT) | 7);
		CHECK(apic[o / 4] & LVT_MASKED);
		guest_writes(o, 4, ICR_DELIVERY(ICR_NMI));
		CHECK(apic[o / 4] == ICR_DELIVERY(ICR_NMI));
		guest_writes(o, 4, 0x700);
		CHECK(apic[o / 4] == 0x700);
		guest_writes(o, 4, 0x200ef);
		CHECK(apic[o / 4] == 0x200ef);
	}
	guest_writes(APIC_TIMER_INITIAL, 4, 0x500);
	CHECK(apic[APIC_TIMER_INITIAL / 4] == 0x500);
}

int main(void)
{
	test_directed();
	test_shorthands();
	test_logical();
	test_level();
	test_smi_ends_here();
	test_others_reach_the_hardware();
	test_life_of_a_cpu();
	test_page();
	test_local_vectors();
	printf("%u checks\n", checks);
	return 0;
}
