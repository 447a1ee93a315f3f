/* SPDX-License-Identifier: MIT */
/*
 * Operations on the local APIC, interrupts to this CPU and others, descriptor
 * tables, and the delivery of events through tables and stacks that lie where
 * nothing should.
 */
#include "fuzz.h"

#define LAPIC_COUNT	0x380
#define COUNT_MIN	0x40000		/* of its cycles, 262 us */
#define ICR_LOW		0x300
#define ICR_HIGH	0x310
#define ICR_SELF	BIT(18)
#define ICR_LEVEL	BIT(15)
#define ICR_ASSERT	BIT(14)
#define DELIVERY(n)	((uint32_t)(n) << 8)
#define SMI		2
#define NMI		4
#define INIT		5
#define SIPI		6
#define VECTOR_DF	8
#define VECTORS		16		/* lowest that a local APIC sends */

void op_lapic(struct fuzz_cpu *c)
{
	static const uint16_t registers[] = {
		0x20, 0x30, 0x80, 0x90, 0xa0, 0xb0, 0xd0, 0xe0, 0xf0, 0x100,
		0x180, 0x200, 0x280, 0x310, 0x320, 0x330, 0x340, 0x350, 0x360,
		0x370, 0x380, 0x390, 0x3e0, 0x3f0,
	};
	uint32_t reg = chance(c, 4) ? below(c, 0x400) & ~3u :
		       registers[below(c, ARRAY_SIZE(registers))];
	uint32_t v = (uint32_t)odd_value(c);

	note(c, reg, v, 0, 0);
	/* the local vector table can say SMI and INIT, too */
	if (!machine.init && (reg >> 4 == ICR_LOW >> 4 ||
			      (reg >= 0x320 && reg < 0x380)))
		v &= ~DELIVERY(7);
	/* QEMU has time for nothing else with a timer of a few microseconds */
	if (reg >> 4 == LAPIC_COUNT >> 4)
		v |= COUNT_MIN;
	if (chance(c, 3))
		lapic_read(reg);
	else
		lapic_write(reg, v);
	if (chance(c, 2))
		op_cpuid(c);
}

static unsigned int odd_delivery(struct fuzz_cpu *c)
{
	static const uint8_t harmless[] = { 0, 0, 1, 3, NMI, 7 };

	return machine.init ? below(c, 8) :
	       harmless[below(c, sizeof(harmless))];
}

/* To one, all, the others; a CPU that INIT stopped is started again. */
void op_ipi(struct fuzz_cpu *c)
{
	uint32_t low = DELIVERY(odd_delivery(c)) | below(c, 256);
	uint32_t high = chance(c, 4) ? (uint32_t)rnd(c) :
			below(c, machine.n_cpus + 1) << 24;

	if (chance(c, 4))
		low = (uint32_t)odd_value(c) & ~(machine.init ? 0 :
						 DELIVERY(7));
	else
		low |= ICR_ASSERT | (chance(c, 4) ? ICR_LEVEL : 0) |
		       (uint32_t)below(c, 4) << 18 |
		       (chance(c, 4) ? BIT(11) : 0);
	if (machine.init && machine.trampoline && chance(c, 3)) {
		/* another CPU, by the book */
		high = below(c, machine.n_cpus) << 24;
		if (high >> 24 == c->apic_id)
			return;
		low = ICR_ASSERT | DELIVERY(INIT);
		note(c, high, low, 0, 0);
		lapic_write(ICR_HIGH, high);
		lapic_write(ICR_LOW, low);
		low = ICR_ASSERT | DELIVERY(SIPI) |
		      (uint32_t)(machine.trampoline >> 12);
	}
	note(c, high, low, 0, 0);
	lapic_write(ICR_HIGH, high);
	lapic_write(ICR_LOW, low);
	if (chance(c, 2))
		op_cpuid(c);
}

/* ---- tables ---- */

static void load_idt(uint64_t base, uint16_t limit)
{
	struct descriptor_table t = { limit, base };

	__asm__ volatile("lidt %0" : : "m"(t));
}

static void load_gdt(uint64_t base, uint16_t limit)
{
	struct descriptor_table t = { limit, base };

	__asm__ volatile("lgdt %0" : : "m"(t));
}

/* Selectors and descriptors of any kind, far transfers through them. */
void op_tables(struct fuzz_cpu *c)
{
	unsigned int spare = SEL_TSS / 8 + 2;
	uint16_t selector;
	uint64_t a;

	for (unsigned int i = spare; i < GDT_ENTRIES; i++) {
		a = rnd(c) % 0x40000000;
		c->gdt[i] = odd_value(c) & ~0xff00000000000000ull;
		c->gdt[i] |= chance(c, 2) ? BIT(47) : 0;
		if (chance(c, 2))
			c->gdt[i] = (a & 0xffffff) << 16 | (a >> 24) << 56 |
				    0xffff | (rnd(c) & 0xff) << 40 |
				    (rnd(c) & 15) << 52 | BIT(47);
	}
	selector = (uint16_t)((spare + below(c, GDT_ENTRIES - spare)) * 8 |
			      (chance(c, 4) ? rnd(c) & 7 : 0));
	note(c, selector, c->gdt[selector / 8], 0, 0);
	switch (below(c, 9)) {
	case 0:
		__asm__ volatile("mov %0, %%ss" : : "r"(selector));
		break;
	case 1:
		__asm__ volatile("mov %0, %%ds" : : "r"(selector));
		break;
	case 2:
		__asm__ volatile("lldt %0" : : "r"(selector));
		break;
	case 3:
		if (machine.lethal)
			__asm__ volatile("ltr %0" : : "r"(selector));
		break;
	case 4:
		__asm__ volatile("push %0\n\tpush %1\n\tlretq" : :
				 "r"((uint64_t)selector), "r"(c->code)
				 : "memory");
		break;
	case 5:
		if (machine.lethal)
			load_gdt(odd_address(c), (uint16_t)rnd(c));
		break;
	case 6:
		__asm__ volatile("lar %0, %%eax\n\tlsl %0, %%ecx" : :
				 "r"((uint32_t)selector) : "rax", "rcx");
		break;
	case 7:
		c->regs.cs = selector;
		c->regs.ss = (uint16_t)(spare * 8);
		c->regs.rip = (uint64_t)(uintptr_t)c->code;
		c->regs.rsp = (uint64_t)(uintptr_t)c->scratch + 3 * PAGE;
		c->regs.rflags = 0x202;
		exec(&c->regs);
		break;
	default:
		__asm__ volatile("mov %0, %%fs\n\tmov %0, %%gs" : :
				 "r"(selector));
	}
	op_cpuid(c);
}

/* ---- delivery of events ---- */

static void put64(uint8_t *to, uint64_t v)
{
	for (unsigned int i = 0; i < 8; i++)
		to[i] = (uint8_t)(v >> 8 * i);
}

/*
 * The gate's code leaves the stack before it uses it: movabs $stack, %rsp; push $vector; movabs $exception_common, %rax;
 * jmp *%rax
 */
void odd_gate(struct fuzz_cpu *c, unsigned int vector, uint64_t stack)
{
	uint64_t a = (uint64_t)(uintptr_t)c->odd_stub;
	uint8_t *b = c->odd_stub;

	for (unsigned int i = 0; i < 512; i++)
		c->odd_idt[i] = c->idt[i];
	c->tss[0x3c / 4] = (uint32_t)stack;
	c->tss[0x40 / 4] = (uint32_t)(stack >> 32);
	b[0] = 0x48;
	b[1] = 0xbc;
	put64(b + 2, (uint64_t)(uintptr_t)c->exception_stack + PAGE - 256);
	b[10] = 0x68;
	put64(b + 11, vector);		/* four bytes of it stay */
	b[15] = 0x48;
	b[16] = 0xb8;
	put64(b + 17, (uint64_t)(uintptr_t)exception_common);
	b[25] = 0xff;
	b[26] = 0xe0;
	c->odd_idt[2 * vector] = (a & 0xffff) | SEL_CODE << 16 | 4ull << 32 |
				 0xeeull << 40 | (a >> 16 & 0xffff) << 48;
	c->odd_idt[2 * vector + 1] = a >> 32;
}

/*
 * An IDT whose page is not there, is a device's or the VMM's, or that has
 * gates to odd places and stacks; then an event: a software interrupt, an
 * exception, an interrupt from the local APIC with any vector, exceptions' own
 * included.
 */
void op_event(struct fuzz_cpu *c)
{
	unsigned int vector = chance(c, 2) ? below(c, 256) : below(c, 32);
	unsigned int where = machine.lethal && chance(c, 16) ? 4 : below(c, 4);
	uint64_t base = (uint64_t)(uintptr_t)c->odd_idt;

	/* what saves the guest from the others */
	if (vector == VECTOR_DF && !machine.lethal)
		vector++;
	for (unsigned int i = 0; i < 512; i++)
		c->odd_idt[i] = c->idt[i];
	note(c, vector, where, 0, 0);
	switch (where) {
	case 0:			/* the gate's stack is none */
		odd_gate(c, vector, odd_mapping(c, register_address(c)));
		break;
	case 1:			/* the gate leads nowhere */
		c->odd_idt[2 * vector] = odd_value(c);
		c->odd_idt[2 * vector + 1] = odd_value(c) >> 32;
		break;
	case 2:			/* the table ends before it */
	case 3:
		break;
	default:		/* no table at all; the end, most of the time */
		base = odd_mapping(c, register_address(c));
	}
	note(c, vector, where, base, c->odd_idt[2 * vector]);
	load_idt(base, where == 2 ? (uint16_t)(MAX(vector, 31) * 16 + below(c, 17)) :
		 0xfff);
	switch (below(c, 4)) {
	case 0:
		lapic_write(ICR_LOW, (uint32_t)(ICR_SELF | ICR_ASSERT) |
			    MAX(vector, VECTORS));
		__asm__ volatile("sti; nop; nop; cpuid"
				 ::: "rax", "rbx", "rcx", "rdx", "memory");
		break;
	case 1:
		lapic_write(ICR_LOW, (uint32_t)(ICR_SELF | ICR_ASSERT) |
			    DELIVERY(NMI));
		op_cpuid(c);
		break;
	case 2:
		c->code[0] = 0xcd;
		c->code[1] = (uint8_t)vector;
		c->code[2] = 0xcc;
		c->regs.rip = (uint64_t)(uintptr_t)c->code;
		c->regs.cs = SEL_CODE;
		c->regs.ss = SEL_DATA;
		c->regs.rsp = (uint64_t)(uintptr_t)c->scratch + 3 * PAGE;
		c->regs.rflags = 0x202;
		exec(&c->regs);
		break;
	default:
		*(volatile uint64_t *)(WINDOW - PAGE);	/* #PF */
	}
}
