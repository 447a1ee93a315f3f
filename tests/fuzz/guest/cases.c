/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzing guest has found, and its neighbours, as cases with a name:
 * each is done once, and how it ended is told. "cases=1" does those that a
 * guest survives, "cases=2" the one that must be its end.
 */
#include "fuzz.h"

#define CR0_NW		BIT(29)
#define CR4_RESERVED	BIT(23)
#define HPET		0xfed00000ull
#define ICR_LOW		0x300
#define ICR_SELF_FIXED	0x44000

static void leave(void)
{
	uint32_t a = 0, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
}

static void cr4_reserved(struct fuzz_cpu *c)
{
	__asm__ volatile("mov %0, %%cr4" : : "r"(c->cr4 | CR4_RESERVED));
}

static void cr3_reserved(struct fuzz_cpu *c)
{
	__asm__ volatile("mov %0, %%cr3" : :
			 "r"((uint64_t)(uintptr_t)c->pml4 | BIT(51)));
}

static void cr0_not_write_through(struct fuzz_cpu *c)
{
	__asm__ volatile("mov %0, %%cr0" : : "r"(c->cr0 | CR0_NW));
	leave();
}

static void dr7_high(struct fuzz_cpu *c)
{
	(void)c;
	__asm__ volatile("mov %0, %%dr7" : : "r"(BIT(40) | 0x400));
	leave();
}

static void dr6_high(struct fuzz_cpu *c)
{
	(void)c;
	__asm__ volatile("mov %0, %%dr6" : : "r"(BIT(40) | 0xffff0ff0ull));
	leave();
}

static void load_idt(uint64_t base)
{
	struct descriptor_table t = { 0xfff, base };

	__asm__ volatile("lidt %0" : : "m"(t));
}

/*
 * One gate's stack is a page that the VMM traps: the delivery of the event
 * exits. Vectors from 16 on may be interrupts, of the local APIC.
 */
static void on_hidden_stack(struct fuzz_cpu *c, unsigned int vector)
{
	for (unsigned int i = 0; i < 512; i++)
		c->odd_idt[i] = c->idt[i];
	c->odd_idt[2 * vector] &= ~(7ull << 32);
	c->odd_idt[2 * vector] |= 4ull << 32;
	c->tss[0x3c / 4] = (uint32_t)(HPET + 0x800);
	c->tss[0x40 / 4] = 0;
	load_idt((uint64_t)(uintptr_t)c->odd_idt);
	lapic_write(ICR_LOW, ICR_SELF_FIXED | vector);
	__asm__ volatile("sti; nop; nop; nop");
}

static void vector_31_on_hidden_stack(struct fuzz_cpu *c)
{
	on_hidden_stack(c, 31);
}

static void vector_20_on_hidden_stack(struct fuzz_cpu *c)
{
	on_hidden_stack(c, 20);
}

static void vector_80_on_hidden_stack(struct fuzz_cpu *c)
{
	on_hidden_stack(c, 80);
}

static void hidden_idt(struct fuzz_cpu *c)
{
	(void)c;
	load_idt(HPET);
	__asm__ volatile("int3");
}

static const struct {
	const char *name;
	void (*fn)(struct fuzz_cpu *c);
	bool end;
} cases[] = {
	{ "cr4-reserved", cr4_reserved, false },
	{ "cr3-reserved", cr3_reserved, false },
	{ "cr0-nw", cr0_not_write_through, false },
	{ "dr7-high", dr7_high, false },
	{ "dr6-high", dr6_high, false },
	{ "vector-20", vector_20_on_hidden_stack, false },
	{ "vector-31", vector_31_on_hidden_stack, false },
	{ "vector-80", vector_80_on_hidden_stack, false },
	{ "hidden-idt", hidden_idt, true },
};

void do_cases(struct fuzz_cpu *c)
{
	unsigned int end;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		if (cases[i].end != (machine.cases == 2))
			continue;
		say("fuzz: case %s ...", cases[i].name);
		c->dirty = true;
		c->op_ticks = 0;
		end = protect(c, cases[i].fn);
		__asm__ volatile("cli");
		c->recover_rsp = 0;
		cpu_repair(c);
		say(" ended by %s %u\r\n", end ? "vector" : "itself",
		    end ? (uint64_t)end - 1 : 0);
	}
	say("fuzz: cases done\r\n");
	for (;;)
		__asm__ volatile("sti; hlt");
}
