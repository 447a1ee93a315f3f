/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzing guest has found, and its neighbours, as cases with a name:
 * each is done once, and how it ended is told. "cases=1" does those that a
 * guest survives, "cases=2" the one that must be its end, "cases=3" one
 * that hangs.
 */
#include "fuzz.h"

#define CR0_NW		BIT(29)
#define CR4_RESERVED	BIT(23)
#define HPET		0xfed00000ull
#define UNUSED		0xf0000000ull	/* nobody is there, on Q35 */
#define MIB2		0x200000
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

/* with prefixes that mean nothing there */
static void cr4_prefixed(struct fuzz_cpu *c)
{
	__asm__ volatile(".byte 0x26, 0x65; mov %0, %%cr4" : :
			 "r"(c->cr4 | CR4_RESERVED));
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

/* An interrupt with that vector, from the local APIC, on that stack. */
static void interrupt_on(struct fuzz_cpu *c, unsigned int vector,
			 uint64_t stack)
{
	odd_gate(c, vector, stack);
	load_idt((uint64_t)(uintptr_t)c->odd_idt);
	lapic_write(ICR_LOW, ICR_SELF_FIXED | vector);
	__asm__ volatile("sti; nop; nop; nop");
}

/* A page that the VMM traps: the delivery exits, and cannot be done again. */
static void vector_20_hidden(struct fuzz_cpu *c)
{
	interrupt_on(c, 20, HPET + 0x800);
}

static void vector_31_hidden(struct fuzz_cpu *c)
{
	interrupt_on(c, 31, HPET + 0x800);
}

static void vector_80_hidden(struct fuzz_cpu *c)
{
	interrupt_on(c, 80, HPET + 0x800);
}

/*
 * Pages that are no RAM and were not touched yet: the delivery exits, and is
 * done again once the page is mapped.
 */
static void vector_20_new(struct fuzz_cpu *c)
{
	interrupt_on(c, 20, UNUSED + 0x800);
}

static void vector_31_new(struct fuzz_cpu *c)
{
	interrupt_on(c, 31, UNUSED + MIB2 + 0x800);
}

static void vector_80_new(struct fuzz_cpu *c)
{
	interrupt_on(c, 80, UNUSED + 2 * MIB2 + 0x800);
}

static void hidden_idt(struct fuzz_cpu *c)
{
	(void)c;
	load_idt(HPET);
	__asm__ volatile("int3");
}

/* By its APIC ID the VMM reaches the CPU: a guest changes it, and hangs. */
static void other_apic_id(struct fuzz_cpu *c)
{
	(void)c;
	lapic_write(0x20, 0x55u << 24);
	__asm__ volatile("cli\n1:	jmp 1b");
}

static const struct {
	const char *name;
	void (*fn)(struct fuzz_cpu *c);
	unsigned int group;		/* as "cases=" has it */
} cases[] = {
	{ "cr4-reserved", cr4_reserved, 1 },
	{ "cr4-prefixed", cr4_prefixed, 1 },
	{ "cr3-reserved", cr3_reserved, 1 },
	{ "cr0-nw", cr0_not_write_through, 1 },
	{ "dr7-high", dr7_high, 1 },
	{ "dr6-high", dr6_high, 1 },
	{ "vector-20-hidden", vector_20_hidden, 1 },
	{ "vector-31-hidden", vector_31_hidden, 1 },
	{ "vector-80-hidden", vector_80_hidden, 1 },
	{ "vector-20-new", vector_20_new, 1 },
	{ "vector-31-new", vector_31_new, 1 },
	{ "vector-80-new", vector_80_new, 1 },
	{ "hidden-idt", hidden_idt, 2 },
	{ "other-apic-id", other_apic_id, 3 },
};

void do_cases(struct fuzz_cpu *c)
{
	unsigned int end;

	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		if (cases[i].group != machine.cases)
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
