/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables and control registers of root mode (AMD64 APM volume 2,
 * chapters 4 and 8). The FPU stays switched off: ring 0 has no use for it, and
 * a domain must not see the guest's registers.
 */
#include "cpu.h"

#include <abi/domain.h>
#include <string.h>

#define GATE_INTERRUPT	0x8e
#define GATE_USER	0xee
#define IST_FATAL	1
#define VECTOR_DF	8
#define VECTOR_MC	18

#define CR0_ROOT	(CR0_PE | BIT(1) | CR0_EM | CR0_TS | BIT(4) | BIT(5) | \
			 CR0_WP | CR0_PG)
#define CR4_UMIP	BIT(11)

struct gate {
	uint16_t offset_low, selector;
	uint8_t ist, type;
	uint16_t offset_mid;
	uint32_t offset_high, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "IDT gate");

struct cpu_stack {
	uint8_t bytes[CPU_STACK_SIZE];
};

extern const uint8_t trap_stubs[256][32];

static struct gate idt[256] __aligned(16);
/* entry.S switches to these; this_cpu() finds the CPU at a stack's top */
struct cpu_stack cpu_stacks[CONFIG_MAX_CPUS] __aligned(CPU_STACK_SIZE);
static struct cpu_stack fatal_stacks[CONFIG_MAX_CPUS] __aligned(CPU_STACK_SIZE);

static void set_gate(unsigned int vector, uint8_t type, uint8_t ist)
{
	uintptr_t a = (uintptr_t)trap_stubs[vector];

	idt[vector] = (struct gate){
		.offset_low = (uint16_t)a,
		.selector = SEL_KCODE,
		.ist = ist,
		.type = type,
		.offset_mid = (uint16_t)(a >> 16),
		.offset_high = (uint32_t)(a >> 32),
	};
}

static void idt_init(void)
{
	for (unsigned int i = 0; i < 256; i++)
		set_gate(i, GATE_INTERRUPT, 0);
	set_gate(VECTOR_DF, GATE_INTERRUPT, IST_FATAL);
	set_gate(VECTOR_MC, GATE_INTERRUPT, IST_FATAL);
	set_gate(DOMAIN_SYSCALL_VECTOR, GATE_USER, 0);
}

uintptr_t cpu_stack_top(const struct cpu *cpu)
{
	return (uintptr_t)&cpu_stacks[cpu->index] + CPU_STACK_SIZE - 16;
}

static void stack_set_cpu(struct cpu_stack *s, struct cpu *cpu)
{
	memcpy(s->bytes + CPU_STACK_SIZE - 16, &cpu, sizeof(void *));
}

static bool stack_holds(const struct cpu_stack *s, uintptr_t address, size_t n)
{
	uintptr_t low = (uintptr_t)s + PAGE_SIZE, end = (uintptr_t)(s + 1);

	return address >= low && address < end && n <= end - address;
}

bool cpu_stack_holds(uintptr_t address, size_t n)
{
	for (unsigned int i = 0; i < CONFIG_MAX_CPUS; i++)
		if (stack_holds(&fatal_stacks[i], address, n) ||
		    stack_holds(&cpu_stacks[i], address, n))
			return true;
	return false;
}

static bool is_first_page(const struct cpu_stack *s, uintptr_t address)
{
	return address >= (uintptr_t)s && address < (uintptr_t)s +
	       CONFIG_MAX_CPUS * sizeof(*s) &&
	       !((address - (uintptr_t)s) / PAGE_SIZE %
		 (CPU_STACK_SIZE / PAGE_SIZE));
}

bool cpu_stack_guard(uintptr_t address)
{
	return is_first_page(cpu_stacks, address) ||
	       is_first_page(fatal_stacks, address);
}

static void gdt_init(struct cpu *cpu)
{
	uint64_t tss = (uintptr_t)&cpu->tss;

	cpu->gdt[SEL_KCODE / 8] = 0x00af9b000000ffffull;
	cpu->gdt[SEL_KDATA / 8] = 0x00cf93000000ffffull;
	cpu->gdt[SEL_UDATA / 8] = 0x00cff3000000ffffull;
	cpu->gdt[SEL_UCODE / 8] = 0x00affb000000ffffull;
	cpu->gdt[SEL_TSS / 8] = (sizeof(struct tss) - 1) |
		(tss & 0xffffff) << 16 | 0x89ull << 40 |
		(tss >> 24 & 0xff) << 56;
	cpu->gdt[SEL_TSS / 8 + 1] = tss >> 32;
}

static void load_tables(struct cpu *cpu)
{
	struct table_register gdtr = {
		sizeof(cpu->gdt) - 1, (uintptr_t)cpu->gdt
	};
	struct table_register idtr = { sizeof(idt) - 1, (uintptr_t)idt };

	__asm__ volatile(
		"lgdt %0\n"
		"lidt %1\n"
		"push %2\n"
		"lea 1f(%%rip), %%rax\n"
		"push %%rax\n"
		"lretq\n"
		"1: mov %3, %%ds\n"
		"mov %3, %%es\n"
		"mov %3, %%ss\n"
		"mov %4, %%fs\n"
		"mov %4, %%gs\n"
		"lldt %w4\n"
		"ltr %w5\n"
		: : "m"(gdtr), "m"(idtr), "i"(SEL_KCODE), "r"(SEL_KDATA),
		    "r"(0), "r"(SEL_TSS) : "rax", "memory");
}

static uint64_t root_cr4(void)
{
	uint64_t cr4 = CR4_PAE | CR4_PGE;
	struct cpuid leaf7 = { 0 };

	if (cpuid(0, 0).eax >= 7)
		leaf7 = cpuid(7, 0);
	if (leaf7.ebx & BIT(7))
		cr4 |= CR4_SMEP;
	if (leaf7.ebx & BIT(20))
		cr4 |= CR4_SMAP;
	if (leaf7.ecx & BIT(2))
		cr4 |= CR4_UMIP;
	return cr4;
}

void cpu_init(struct cpu *cpu)
{
	cpu->rsp0 = (void *)((uint8_t *)&cpu->tss + offsetof(struct tss, rsp));
	cpu->apic_id = cpuid(1, 0).ebx >> 24;
	cpu->apic_base = rdmsr(MSR_APIC_BASE);
	cpu->vector_taken = -1;
	cpu->pending_vector = -1;
	cpu->tss.iomap = sizeof(struct tss);
	cpu->tss.ist[IST_FATAL - 1] =
		(uintptr_t)&fatal_stacks[cpu->index] + CPU_STACK_SIZE - 16;
	stack_set_cpu(&fatal_stacks[cpu->index], cpu);
	stack_set_cpu(&cpu_stacks[cpu->index], cpu);
	if (!cpu->index)
		idt_init();
	gdt_init(cpu);
	load_tables(cpu);
	write_cr0(CR0_ROOT);
	write_cr4(root_cr4());
	/* a domain's SYSCALL would go where the firmware's leads, in ring 0 */
	wrmsr(MSR_EFER, (rdmsr(MSR_EFER) & ~EFER_SCE) | EFER_NXE);
}
