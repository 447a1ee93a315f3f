/* SPDX-License-Identifier: MIT */
/*
 * A CPU of the fuzzing guest: its tables, what it does at an exception, how it
 * is put in order again, and its endless work. Memory below 4 GiB and the GiB
 * of the 64-bit BARs are mapped as they are; everything random is mapped in
 * the window, and for user mode there are a page of code and scratch memory.
 */
#include "fuzz.h"

#define MSR_APIC_BASE	0x1b
#define MSR_PAT		0x277
#define MSR_EFER	0xc0000080
#define APIC_ENABLE	BIT(11)
#define LAPIC		0xfee00000ull
#define LAPIC_ID	0x020
#define LAPIC_TPR	0x080
#define LAPIC_EOI	0x0b0
#define LAPIC_SVR	0x0f0
#define LAPIC_ISR	0x100
#define LAPIC_TIMER	0x320
#define LAPIC_LVT_LAST	0x370
#define LAPIC_COUNT	0x380
#define LAPIC_DIVIDE	0x3e0
#define LAPIC_LINT1	0x360
#define LVT_NMI		0x400		/* the board's button */
#define LVT_MASKED	BIT(16)
#define LVT_PERIODIC	BIT(17)
#define SPURIOUS	0x1ff		/* enabled, vector 0xff */
#define TICK_COUNT	4000000		/* 4 ms at QEMU's 1 GHz */
#define OP_TICKS	3		/* then an operation has had its time */

#define PTE_KERNEL	(BIT(0) | BIT(1))
#define PTE_ALL		(BIT(0) | BIT(1) | BIT(2))
#define PTE_LARGE	BIT(7)
#define PTE_GLOBAL	BIT(8)
#define HIGH_BARS	0xe000000000ull	/* where OVMF puts 64-bit BARs */

#define CR0_WANTED	0x80010033ull	/* PG WP NE ET MP PE */
#define CR4_WANTED	0x6a0ull	/* PAE PGE OSFXSR OSXMMEXCPT */
#define EFER_WANTED	0xd01ull	/* SCE LME LMA NXE */

#define VECTOR_NMI	2
#define GATE_INTERRUPT	0xee		/* for CPL 3, too */
#define TELL_EVERY	1000		/* operations */

struct machine machine;
struct status status_page[CPUS] __attribute__((aligned(PAGE)));

void lapic_write(uint32_t reg, uint32_t value)
{
	*(volatile uint32_t *)(LAPIC + reg) = value;
}

uint32_t lapic_read(uint32_t reg)
{
	return *(volatile uint32_t *)(LAPIC + reg);
}

/* ---- tables ---- */

static void set_gate(uint64_t *idt, unsigned int vector, unsigned int ist)
{
	uint64_t a = (uint64_t)(uintptr_t)vector_stubs[vector];

	idt[2 * vector] = (a & 0xffff) | (uint64_t)SEL_CODE << 16 |
			  (uint64_t)ist << 32 |
			  (uint64_t)GATE_INTERRUPT << 40 |
			  (a >> 16 & 0xffff) << 48;
	idt[2 * vector + 1] = a >> 32;
}

static void *stack_top(struct fuzz_cpu *c, uint8_t *page)
{
	*(struct fuzz_cpu **)page = c;
	return page + PAGE - 16;
}

static void prepare_segments(struct fuzz_cpu *c)
{
	uint64_t tss = (uint64_t)(uintptr_t)c->tss;
	uint64_t *g = c->gdt;

	g[SEL_CODE / 8] = 0x00af9b000000ffffull;
	g[SEL_DATA / 8] = 0x00cf93000000ffffull;
	g[SEL_CODE32 / 8] = 0x00cf9b000000ffffull;
	g[SEL_CODE16 / 8] = 0x000f9b000000ffffull;
	g[SEL_UCODE / 8] = 0x00affb000000ffffull;
	g[SEL_UDATA / 8] = 0x00cff3000000ffffull;
	g[SEL_UCODE32 / 8] = 0x00cffb000000ffffull;
	g[SEL_TSS / 8] = (sizeof(c->tss) - 1) | (tss & 0xffffff) << 16 |
			 0x89ull << 40 | (tss >> 24 & 0xff) << 56;
	g[SEL_TSS / 8 + 1] = tss >> 32;
}

static void prepare_interrupts(struct fuzz_cpu *c)
{
	/* rsp[0], then from 0x24 on the interrupt stacks; no I/O map */
	struct {
		unsigned int at;
		uint8_t *page;
	} stacks[] = {
		{ 0x04, c->exception_stack }, { 0x24, c->exception_stack },
		{ 0x2c, c->nmi_stack }, { 0x34, c->interrupt_stack },
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(stacks); i++) {
		uint64_t top = (uint64_t)(uintptr_t)
			stack_top(c, stacks[i].page);

		c->tss[stacks[i].at / 4] = (uint32_t)top;
		c->tss[stacks[i].at / 4 + 1] = (uint32_t)(top >> 32);
	}
	c->tss[0x64 / 4] = sizeof(c->tss) << 16;
	for (unsigned int i = 0; i < 256; i++)
		set_gate(c->idt, i, i == 2 ? 2 : i < 32 ? 1 : 3);
}

static uint64_t table(const void *p)
{
	return (uint64_t)(uintptr_t)p | PTE_ALL;
}

static void prepare_memory(struct fuzz_cpu *c)
{
	c->pml4[0] = table(c->pdpt_low);
	c->pml4[HIGH_BARS >> 39] = table(c->pdpt_high);
	c->pml4[WINDOW >> 39] = table(c->pdpt_window);
	for (uint64_t i = 0; i < 4; i++) {
		c->pdpt_low[i] = table(c->pd_low[i]);
		for (uint64_t n = 0; n < 512; n++)
			c->pd_low[i][n] = (i << 30 | n << 21) | PTE_KERNEL |
					  PTE_LARGE | PTE_GLOBAL;
	}
	c->pd_low[USER >> 30][USER >> 21 & 511] = table(c->user);
	c->user[0] = table(c->code);
	for (unsigned int i = 0; i < sizeof(c->scratch) / PAGE; i++)
		c->user[1 + i] = table(c->scratch + i * PAGE);
	c->pdpt_high[HIGH_BARS >> 30 & 511] = table(c->pd_high);
	for (uint64_t n = 0; n < 512; n++)
		c->pd_high[n] = (HIGH_BARS + (n << 21)) | PTE_KERNEL |
				PTE_LARGE;
	c->pdpt_window[WINDOW >> 30 & 511] = table(c->pd_window);
	c->pd_window[0] = table(c->window);
}

void cpu_prepare(struct fuzz_cpu *c, unsigned int index)
{
	c->index = index;
	c->status = &status_page[index];
	prepare_segments(c);
	prepare_interrupts(c);
	prepare_memory(c);
	/* as behind a call */
	c->restart_rsp = (uint64_t)(uintptr_t)c->stack + sizeof(c->stack) - 24;
	c->cr0 = CR0_WANTED;
	c->cr4 = CR4_WANTED;
	c->efer = EFER_WANTED;
}

/* ---- in order ---- */

static void load_control(struct fuzz_cpu *c)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(c->cr4) : "memory");
	__asm__ volatile("mov %0, %%cr3" : : "r"(c->pml4) : "memory");
	__asm__ volatile("mov %0, %%cr0" : : "r"(c->cr0) : "memory");
}

static void load_tables(struct fuzz_cpu *c)
{
	struct descriptor_table gdtr = {
		sizeof(c->gdt) - 1, (uint64_t)(uintptr_t)c->gdt
	};
	struct descriptor_table idtr = {
		sizeof(c->idt) - 1, (uint64_t)(uintptr_t)c->idt
	};

	prepare_segments(c);		/* TSS: not busy */
	__asm__ volatile("lgdt %0\n\tlidt %1" : : "m"(gdtr), "m"(idtr));
	__asm__ volatile("push %0\n\tlea 1f(%%rip), %%rax\n\tpush %%rax\n\t"
			 "lretq\n1:" : : "i"(SEL_CODE) : "rax", "memory");
	__asm__ volatile("mov %0, %%ds\n\tmov %0, %%es\n\tmov %0, %%ss\n\t"
			 "mov %1, %%fs\n\tmov %1, %%gs\n\tlldt %w1\n\tltr %w2"
			 : : "r"(SEL_DATA), "r"(0), "r"(SEL_TSS) : "memory");
}

static void repair_lapic(void)
{
	if (!(read_msr(MSR_APIC_BASE) & APIC_ENABLE))
		return;
	lapic_write(LAPIC_SVR, SPURIOUS);
	lapic_write(LAPIC_TPR, 0);
	for (uint32_t reg = LAPIC_TIMER; reg <= LAPIC_LVT_LAST; reg += 0x10)
		lapic_write(reg, LVT_MASKED);
	lapic_write(LAPIC_LINT1, LVT_NMI);
	/* whatever is still in service would keep the timer away */
	for (uint32_t i = 0; i < 8; i++)
		for (unsigned int n = 0;
		     n < 32 && lapic_read(LAPIC_ISR + 0x10 * i); n++)
			lapic_write(LAPIC_EOI, 0);
	lapic_write(LAPIC_DIVIDE, 0xb);
	lapic_write(LAPIC_TIMER, LVT_PERIODIC | TICK_VECTOR);
	lapic_write(LAPIC_COUNT, TICK_COUNT);
}

static void repair_msrs(struct fuzz_cpu *c)
{
	write_msr(MSR_APIC_BASE, c->apic_base);
	write_msr(MSR_EFER, c->efer);
	write_msr(MSR_PAT, c->pat);
}

void cpu_take(struct fuzz_cpu *c)
{
	c->apic_base = read_msr(MSR_APIC_BASE);
	c->pat = read_msr(MSR_PAT);
	c->apic_id = lapic_read(LAPIC_ID) >> 24;
	load_control(c);
	write_msr(MSR_EFER, c->efer);
	load_tables(c);
	repair_lapic();
	c->status->magic = STATUS_MAGIC;
}

static void clear_debug(struct fuzz_cpu *c)
{
	(void)c;
	__asm__ volatile("mov %0, %%dr7" : : "r"(0x400ull));
	__asm__ volatile("mov %0, %%dr6" : : "r"(0xffff0ff0ull));
}

void cpu_repair(struct fuzz_cpu *c)
{
	__asm__ volatile("cli");
	load_control(c);
	if (!c->dirty)
		return;
	c->dirty = false;
	load_tables(c);
	protect(c, clear_debug);
	protect(c, repair_msrs);
	c->recover_rsp = 0;
	/* no interrupts of the old kind: 8259s masked */
	out8(0x21, 0xff);
	out8(0xa1, 0xff);
	repair_lapic();
}

/* ---- exceptions and interrupts ---- */

/* Called by entry.S on an exception's stack. frame: rip, or an error code. */
void exception_taken(struct fuzz_cpu *c, uint64_t vector,
		     const uint64_t *frame);
void exception_taken(struct fuzz_cpu *c, uint64_t vector,
		     const uint64_t *frame)
{
	load_control(c);
	load_tables(c);
	c->dirty = true;
	c->status->faults++;
	c->status->vector = vector;
	c->status->rip = (uintptr_t)frame & 8 ? frame[0] : frame[1];
}

/* Returns whether the operation is over. */
int interrupt_taken(struct fuzz_cpu *c, uint64_t vector);
int interrupt_taken(struct fuzz_cpu *c, uint64_t vector)
{
	if (vector == VECTOR_NMI) {
		/* an operation's own, or somebody takes the CPU out of it */
		if (!c->recover_rsp)
			return 0;
	} else {
		if (vector != (SPURIOUS & 0xff))
			lapic_write(LAPIC_EOI, 0);
		if (vector != TICK_VECTOR)
			return 0;
		c->status->ticks++;
		if (++c->op_ticks <= OP_TICKS || !c->recover_rsp)
			return 0;
	}
	c->status->vector = vector;
	load_control(c);
	load_tables(c);
	c->dirty = true;
	return 1;
}

/* ---- work ---- */

static const struct operation *choose(struct fuzz_cpu *c)
{
	unsigned int total = 0, n;

	for (unsigned int i = 0; i < n_operations; i++)
		if (machine.kinds & BIT(i))
			total += operations[i].weight;
	n = below(c, total);
	for (unsigned int i = 0;; i++) {
		if (!(machine.kinds & BIT(i)))
			continue;
		if (n < operations[i].weight)
			return &operations[i];
		n -= operations[i].weight;
	}
}

static void one(struct fuzz_cpu *c, uint64_t n)
{
	volatile struct status *s = c->status;
	const struct operation *o;
	unsigned int end;

	random_start(c, n);
	o = choose(c);
	note(c, 0, 0, 0, 0);
	s->kind = (uint64_t)(o - operations);
	s->operations = n;
	if (machine.trace)
		say("fuzz: cpu %u op %u %s\r\n", (uint64_t)c->index, n,
		    o->name);
	c->dirty |= o->dirty;
	c->op_ticks = 0;
	__asm__ volatile("sti");
	end = protect(c, o->fn);
	__asm__ volatile("cli");
	c->recover_rsp = 0;
	if (machine.trace)
		say("fuzz: ... %x %x %x %x, ended by %s %x\r\n",
		    s->argument[0], s->argument[1], s->argument[2],
		    s->argument[3], end ? "vector" : "itself",
		    end ? (uint64_t)end - 1 : 0);
	cpu_repair(c);
}

void cpu_work(struct fuzz_cpu *c)
{
	uint64_t n = MAX(machine.first, c->next);

	for (; !machine.count || n < machine.first + machine.count; n++) {
		c->next = n + 1;
		one(c, n);
		if (!c->index && n % TELL_EVERY == 0)
			say("fuzz: operation %u\r\n", n);
	}
	if (!c->index)
		say("fuzz: done\r\n");
	for (;;)
		__asm__ volatile("sti; hlt");
}

/* Called by entry.S: an exception came between two operations. */
void cpu_again(struct fuzz_cpu *c) __attribute__((noreturn));
void cpu_again(struct fuzz_cpu *c)
{
	c->dirty = true;
	cpu_repair(c);
	cpu_work(c);
}
