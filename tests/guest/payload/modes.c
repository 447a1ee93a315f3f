/* SPDX-License-Identifier: MIT */
/*
 * The same few exits in each mode of the CPU: the routines of low.S run them,
 * this file makes their tables and judges what they saw. What CPUID and the
 * registers say in 64-bit mode is the measure.
 */
#include "payload.h"

#define PTE_PW		3u
#define PTE_USER	4u
#define PTE_LARGE	0x80u
#define CR4_PSE		0x10
#define CR4_PAE		0x20
#define VIRTUAL_MMIO	0x40000000u
#define GATE_INTERRUPT	0x8e00u
#define GATE_USER	0xee00u
#define GATE_TASK	0x8500u
#define TSS_32		0x89ull
#define TSS_32_SIZE	103

extern const uint8_t low_start[], low_results, low_traps, low_mmio;
extern const uint8_t low_calls, low_call64, low_cr3_la57, low_gdt, low_idt32;
extern const uint8_t low_tss_main, low_tss_task, low_tss_fault;
extern const uint8_t low_run, low_compat, low_stubs32, low_words;
extern const uint8_t do_protected, do_16bit, do_real, do_v86, do_task, do_la57;
extern const uint8_t low_v86_end, low_task, low_fault_task, low_stack_task;

struct tss32 {
	uint32_t link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
	uint32_t eax, ecx, edx, ebx, esp, ebp, esi, edi;
	uint32_t es, cs, ss, ds, fs, gs, ldt;
	uint16_t trap, iomap;
};

static uint32_t *results;

/* ---- tables ---- */

static uint32_t mmio_at(uint32_t base, uint32_t page)
{
	return base + ((uint32_t)scratch & (page - 1));
}

/* 4 MiB pages, the first 4 MiB in small ones; the registers twice. */
static uint64_t pse_tables(void)
{
	uint32_t *directory = pages(1), *table = pages(1);

	for (uint32_t i = 0; i < 1024; i++) {
		directory[i] = i << 22 | PTE_PW | PTE_USER | PTE_LARGE;
		table[i] = i << 12 | PTE_PW | PTE_USER;
	}
	table[V86_MMIO >> 12] = (uint32_t)scratch | PTE_PW | PTE_USER;
	directory[0] = (uint32_t)(uintptr_t)table | PTE_PW | PTE_USER;
	directory[VIRTUAL_MMIO >> 22] = ((uint32_t)scratch & 0xffc00000) |
					PTE_PW | PTE_USER | PTE_LARGE;
	return (uintptr_t)directory;
}

static uint64_t pae_tables(void)
{
	uint64_t *pointers = pages(1);

	for (uint64_t g = 0; g < 4; g++) {
		uint64_t *directory = pages(1);

		for (uint64_t i = 0; i < 512; i++)
			directory[i] = g << 30 | i << 21 | PTE_PW | PTE_LARGE;
		pointers[g] = (uintptr_t)directory | 1;
		if (g == VIRTUAL_MMIO >> 30)
			directory[0] = (scratch & ~0x1fffffull) | PTE_PW |
				       PTE_LARGE;
	}
	return (uintptr_t)pointers;
}

static void gate32(unsigned int vector, uint32_t offset, uint16_t selector,
		   uint32_t attributes)
{
	uint32_t *gate = (uint32_t *)low(low_idt32) + 2 * vector;

	gate[0] = (uint32_t)selector << 16 | (offset & 0xffff);
	gate[1] = (offset & 0xffff0000) | attributes;
}

static uint32_t linear(const uint8_t *symbol)
{
	return (uint32_t)(uintptr_t)low_address(symbol);
}

static void tss32(unsigned int selector, const uint8_t *at, uint32_t size)
{
	uint64_t *gdt = low(low_gdt), a = linear(at);

	gdt[selector / 8] = (size & 0xffff) | (a & 0xffffff) << 16 |
			    TSS_32 << 40 | (a >> 24) << 56;
}

static void set_up(void)
{
	results = low(low_results);
	for (unsigned int i = 0; i < RESULTS; i++)
		results[i] = 0;
	*(uint32_t *)low(low_calls) = above_vmm;
	for (unsigned int i = 0; i < 32; i++) {
		((uint32_t *)low(low_traps))[i] = 0;
		gate32(i, linear(&low_stubs32) + 16 * i, SEL_CODE32,
		       GATE_INTERRUPT);
	}
	gate32(0x40, linear(&low_v86_end), SEL_CODE32, GATE_USER);
	tss32(SEL_TSS_MAIN, &low_tss_main, TSS_32_SIZE + 8193);
	tss32(SEL_TSS_TASK, &low_tss_task, TSS_32_SIZE);
	tss32(SEL_TSS_FAULT, &low_tss_fault, TSS_32_SIZE);
}

/* ---- running and judging ---- */

static void run(const uint8_t *function, uint64_t cr4, uint64_t cr3,
		uint32_t mmio)
{
	void (*low_code)(uint64_t, uint64_t, uint64_t) = low(low_run);

	*(uint32_t *)low(low_mmio) = mmio;
	low_code(linear(function), cr4, cr3);
	machine_tables();		/* TR, and whatever changed */
}

static void judge_look(void)
{
	uint32_t r[4], id = *(volatile uint32_t *)scratch;

	cpuid(0, r);
	expect("cpuid ebx", results[0], r[1]);
	expect("cpuid ecx", results[1], r[2]);
	expect("cpuid edx", results[2], r[3]);
	expect("registers: dword", results[3], id);
	expect("registers: written", results[5], 0x12345678);
}

static void judge_common(void)
{
	uint32_t id = *(volatile uint32_t *)scratch;

	judge_look();
	expect("registers: word", results[4], id >> 16);
	expect("registers: add, push", results[6], 0x12345689);
	expect("port", results[7], 0x80001234);
	expect("insl", results[11], 0x80003000);
	expect("VMM call", results[20], vmm_number);
	expect("VMM call, beyond the segment", results[21], 0);
	expect("VMM call, base of DS", results[22], vmm_number);
	expect("VMM call, no DS", results[23], 0);
}

static void judge(uint32_t ud, uint64_t efer)
{
	judge_common();
	expect("movs", results[8], *(volatile uint32_t *)scratch);
	expect("movs: registers", results[9], 0);
	expect("outs, ins: registers", results[10], 0);
	expect("#UD of VMRUN and others", results[12], ud);
	expect("EFER", results[13], efer);
}

/* No long mode: neither enabled nor active. */
static uint64_t legacy_efer(void)
{
	return rdmsr(0xc0000080) & ~0x500ull;
}

static void skip_vmrun(struct frame *f)
{
	((uint32_t *)low(low_traps))[6]++;
	f->rip += 3;
}

static void compatibility(void)
{
	void (*low_code)(uint64_t) = low(low_compat);

	set_up();
	trap_hook = skip_vmrun;
	*(uint32_t *)low(low_mmio) = (uint32_t)scratch;
	low_code(linear(&do_protected));
	machine_tables();
	judge(1, rdmsr(0xc0000080));
	expect("error code of #UD", traps[0].error, 0);
}

static void protected_flat(void)
{
	set_up();
	run(&do_protected, 0, 0, (uint32_t)scratch);
	judge(1, legacy_efer());
}

static void protected_pse(void)
{
	set_up();
	run(&do_protected, CR4_PSE, pse_tables(),
	    mmio_at(VIRTUAL_MMIO, 0x400000));
	judge(1, legacy_efer());
}

static void protected_pae(void)
{
	set_up();
	run(&do_protected, CR4_PAE, pae_tables(),
	    mmio_at(VIRTUAL_MMIO, 0x200000));
	judge(1, legacy_efer());
}

static void judge_16(uint32_t ud)
{
	judge(ud, legacy_efer());
	expect("upper half of ecx", results[14], 0x12340000);
	expect("upper half of esi", results[15], 0xabcd0000 +
	       linear(&low_words) - LOW + 16);
}

static void protected_16(void)
{
	set_up();
	run(&do_16bit, 0, 0, (uint32_t)scratch);
	judge_16(1);
	set_up();
	run(&do_16bit, CR4_PAE, pae_tables(), mmio_at(VIRTUAL_MMIO, 0x200000));
	judge_16(1);
}

/* int3, int, #UD. */
static void real(void)
{
	set_up();
	run(&do_real, 0, 0, (uint32_t)scratch);
	expect("traps", results[16], 3);
	judge_16(3);
}

static struct tss32 *task(const uint8_t *at, uint64_t cr3, const uint8_t *code)
{
	struct tss32 *t = low_address(at);

	__builtin_memset(t, 0, sizeof(*t));
	t->cr3 = (uint32_t)cr3;
	t->eip = code ? linear(code) : 0;
	t->eflags = 2;
	t->esp = linear(&low_stack_task) - (code == &low_task ? 0 : 512);
	t->esp0 = linear(&low_stack_task) - 768;
	t->ss0 = SEL_DATA;
	t->cs = SEL_CODE32;
	t->ds = t->es = t->ss = t->fs = t->gs = SEL_DATA;
	t->iomap = sizeof(*t);
	return t;
}

static void virtual_8086(void)
{
	uint64_t cr3 = pse_tables();

	set_up();
	task(&low_tss_main, cr3, NULL);
	run(&do_v86, CR4_PSE, cr3, 0);
	judge_common();
}

static void task_switch(void)
{
	uint64_t cr3 = pse_tables();

	set_up();
	task(&low_tss_main, cr3, NULL);
	task(&low_tss_task, cr3, &low_task);
	task(&low_tss_fault, cr3, &low_fault_task);
	gate32(6, 0, SEL_TSS_FAULT, GATE_TASK);
	run(&do_task, CR4_PSE, cr3, mmio_at(VIRTUAL_MMIO, 0x400000));
	judge_look();
	expect("visits", results[6], 3);
	expect("registers after the task", results[10], 0x5a5a);
	expect("TR", results[11], SEL_TSS_MAIN);
	expect("calls", results[14], 1);
	expect("faults through the task gate", results[15], 1);
	expect("end", results[12], 1);
}

/* ---- 5-level paging ---- */

#define FIVE_MMIO	0x00fe000000000000ull	/* not canonical with four */

static void in_five_levels(void)
{
	volatile uint32_t *reg = (volatile uint32_t *)FIVE_MMIO;
	uint32_t r[4];

	cpuid(0, r);
	results[0] = r[1];
	results[1] = r[2];
	results[2] = r[3];
	results[3] = reg[0];
	reg[SCRATCH / 4] = 0x12345678;
	results[5] = reg[SCRATCH / 4];
	results[12] = (uint32_t)read_reg(cr4);
	trap_hook = trap_goto;
	/* through the emulator, to an address not canonical either way */
	__asm__ volatile("lea	1f(%%rip), %%rcx\n\t"
			 "mov	%%rcx, %0\n\t"
			 "movsl\n"
			 "1:"
			 : "=m"(trap_resume)
			 : "S"(FIVE_MMIO), "D"(0x0100000000000000ull)
			 : "rcx", "memory");
}

static void five_levels(void)
{
	uint64_t *top = pages(1), *middle = pages(1), *pdpt = pages(1);
	uint64_t *pd = pages(1), *pt = pages(1);
	uint32_t r[4];

	cpuid(7, r);
	if (!(r[2] & 1 << 16)) {
		skip("the CPU has no 5-level paging");
		return;
	}
	set_up();
	top[0] = page_root | PTE_PW | PTE_USER;
	top[FIVE_MMIO >> 48 & 511] = (uintptr_t)middle | PTE_PW;
	middle[0] = (uintptr_t)pdpt | PTE_PW;
	pdpt[0] = (uintptr_t)pd | PTE_PW;
	pd[0] = (uintptr_t)pt | PTE_PW;
	pt[0] = scratch | PTE_PW;
	*(uint64_t *)low(low_cr3_la57) = (uintptr_t)top;
	*(uint64_t *)low(low_call64) = (uintptr_t)in_five_levels;
	run(&do_la57, CR4_PAE, 0, 0);
	judge_look();
	expect("CR4.LA57", results[12] >> 12 & 1, 1);
	expect("traps", n_traps, 1);
	expect("vector", traps[0].vector, 13);
	expect("error", traps[0].error, 0);
}

const struct payload_case mode_cases[] = {
	{ "compatibility", compatibility },
	{ "protected", protected_flat },
	{ "protected-pse", protected_pse },
	{ "protected-pae", protected_pae },
	{ "protected-16", protected_16 },
	{ "real", real },
	{ "v86", virtual_8086 },
	{ "task-switch", task_switch },
	{ "la57", five_levels },
	{ NULL, NULL },
};
