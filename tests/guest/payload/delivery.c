/* SPDX-License-Identifier: MIT */
/*
 * Events whose delivery runs into something: a missing stack or gate, so that
 * an exception or #DF comes of it; or a stack in device memory that the VMM
 * maps only when it is touched, so that it steps in halfway through. The
 * guest must not notice.
 */
#include "payload.h"

#define VECTOR		0x31
#define SOFTWARE	0x43
#define IST_PROBE	3
#define BAD_MSR		0x12345678

static unsigned int place;

/* A stack that no access has come near since mappings were forgotten. */
static uint64_t untouched_stack(void)
{
	uint64_t offset = (uint64_t)(place++ % 4 * 2 + 1) << 20;

	forget_mappings();
	for (unsigned int i = 0; i < 4; i++)
		window_map(16 + i, shared_memory + offset + 4096ul * i);
	return WINDOW + 20 * 4096ul;
}

static void hook(struct frame *f)
{
	if (f->vector == VECTOR)
		eoi();
	if (trap_resume && (f->vector == 13 || f->vector == 14 ||
			    f->vector == 6))
		trap_goto(f);
}

static bool prepare(unsigned int vector)
{
	if (!shared_memory) {
		skip("no ivshmem in this machine");
		return false;
	}
	traps_reset();
	trap_hook = hook;
	set_ist(IST_PROBE, untouched_stack());
	idt_gate(vector, true, IST_PROBE);
	return true;
}

static void judge(const char *what, unsigned int vector, uint64_t error,
		  uint64_t rip)
{
	idt_gate(vector, true, 0);
	expect(what, n_traps, 1);
	expect(what, traps[0].vector, vector);
	expect(what, traps[0].error, error);
	expect(what, traps[0].rip, rip);
	/* on the right stack */
	expect(what, traps[0].stack >> 12, (WINDOW >> 12) + 19);
}

/* at: 1 for a fault, 2 for what goes on behind the instruction */
#define DELIVER(vector, error, at, insn, ...) do { \
	uint64_t at_; \
	if (!prepare(vector)) \
		return; \
	__asm__ volatile("lea	2f(%%rip), %%rbx\n\t" \
			 "mov	%%rbx, %1\n\t" \
			 "lea	" #at "f(%%rip), %0\n" \
			 "1:	" insn "\n" \
			 "2:	nop" \
			 : "=&r"(at_), "=m"(trap_resume) : __VA_ARGS__ \
			 : "rbx", "memory"); \
	judge(insn, vector, error, at_); \
} while (0)

static void exceptions(void)
{
	DELIVER(3, 0, 2, "int3", "a"(0));
	DELIVER(SOFTWARE, 0, 2, "int $0x43", "a"(0));
	DELIVER(6, 0, 1, "ud2", "a"(0));
	DELIVER(13, 0, 1, "mov (%%rdi), %%al", "D"(1ull << 55), "a"(0));
	window_map(30, 0);
	DELIVER(14, 2, 1, "movb $0, (%%rdi)", "D"(WINDOW + 30 * 4096ul + 5));
	expect("cr2", traps[0].cr2, WINDOW + 30 * 4096ul + 5);
	/* raised by the VMM */
	DELIVER(6, 0, 1, "vmrun %%rax", "a"(0));
	if (above_vmm)
		DELIVER(13, 0, 1, "rdmsr", "c"(BAD_MSR), "a"(0), "d"(0));
}

/* Also by the VMM, for an instruction that it carries out. */
static void emulated_fault(void)
{
	uint64_t mmio = WINDOW + 31 * 4096ul;

	window_map(30, 0);
	window_map(31, scratch);
	DELIVER(14, 2, 1, "movsl", "S"(mmio), "D"(WINDOW + 30 * 4096ul + 8));
	expect("cr2", traps[0].cr2, WINDOW + 30 * 4096ul + 8);
	outl(CONFIG_ADDRESS, 0x80000000);
	DELIVER(14, 2, 1, "insl", "d"(CONFIG_DATA),
		"D"(WINDOW + 30 * 4096ul + 8));
}

static void interrupts(void)
{
	uint64_t after;

	for (unsigned int i = 0; i < 4; i++) {
		if (!prepare(VECTOR))
			return;
		self_ipi(VECTOR);
		__asm__ volatile("lea	1f(%%rip), %0\n\t"
				 "sti\n\t"
				 "nop\n"
				 "1:	nop\n\t"
				 "cli" : "=&r"(after) : : "memory");
		judge("interrupt", VECTOR, 0, after);
	}
	/* one that finds the CPU halted */
	if (!prepare(VECTOR))
		return;
	self_ipi(VECTOR);
	__asm__ volatile("lea	1f(%%rip), %0\n\t"
			 "sti\n\t"
			 "hlt\n"
			 "1:	nop\n\t"
			 "cli" : "=&r"(after) : : "memory");
	judge("interrupt at hlt", VECTOR, 0, after);
}

static void nmi(void)
{
	uint64_t after;

	if (!prepare(2))
		return;
	pit_nmi();
	__asm__ volatile("lea	1f(%%rip), %0\n\t"
			 "cli; hlt\n"
			 "1:	nop" : "=&r"(after) : : "memory");
	pit_quiet();
	judge("NMI", 2, 0, after);
}

/* ---- faults in delivery ---- */

static void map_hook(struct frame *f)
{
	static uint8_t *stack;

	if (f->vector == 14) {
		if (!stack)
			stack = pages(1);
		window_map(19, (uintptr_t)stack);
	}
	if (f->vector == 6)
		trap_goto(f);
}

/* The stack for the gate is missing: #PF, whose handler maps it. */
static void stack_fault(void)
{
	uint64_t after;

	trap_hook = map_hook;
	window_map(19, 0);
	set_ist(IST_PROBE, WINDOW + 20 * 4096ul);
	idt_gate(SOFTWARE, true, IST_PROBE);
	__asm__ volatile("lea	1f(%%rip), %0\n\t"
			 "int	$0x43\n"
			 "1:	nop" : "=&r"(after) : : "memory");
	idt_gate(SOFTWARE, true, 0);
	expect("traps", n_traps, 2);
	expect("first", traps[0].vector, 14);
	expect("its error", traps[0].error, 2);
	expect("its rip", traps[0].rip, after - 2);
	expect("its address", traps[0].cr2 >> 12, (WINDOW >> 12) + 19);
	expect("then", traps[1].vector, SOFTWARE);
	expect("its rip", traps[1].rip, after);
}

/* As above for an exception that the VMM raises. */
static void stack_fault_raised(void)
{
	uint64_t at;

	trap_hook = map_hook;
	window_map(19, 0);
	set_ist(IST_PROBE, WINDOW + 20 * 4096ul);
	idt_gate(6, true, IST_PROBE);
	__asm__ volatile("lea	2f(%%rip), %%rcx\n\t"
			 "mov	%%rcx, %1\n\t"
			 "lea	1f(%%rip), %0\n\t"
			 "xor	%%eax, %%eax\n"
			 "1:	vmrun	%%rax\n"
			 "2:	nop"
			 : "=&r"(at), "=m"(trap_resume)
			 : : "rax", "rcx", "memory");
	idt_gate(6, true, 0);
	expect("traps", n_traps, 2);
	expect("first", traps[0].vector, 14);
	expect("its rip", traps[0].rip, at);
	expect("then", traps[1].vector, 6);
	expect("its rip", traps[1].rip, at);
}

static void double_hook(struct frame *f)
{
	if (f->vector == 8)
		trap_goto(f);
}

#define DOUBLE(what, insn, ...) do { \
	traps_reset(); \
	trap_hook = double_hook; \
	idt_gate(13, false, 0); \
	__asm__ volatile("lea	2f(%%rip), %%rbx\n\t" \
			 "mov	%%rbx, %0\n\t" \
			 insn "\n" \
			 "2:	nop" \
			 : "=m"(trap_resume) : __VA_ARGS__ \
			 : "rbx", "memory"); \
	idt_gate(13, true, 0); \
	expect(what, n_traps, 1); \
	expect(what, traps[0].vector, 8); \
	expect(what, traps[0].error, 0); \
} while (0)

/*
 * #GP without a gate is #NP in the delivery, and that is #DF. Not tried: one
 * that a VMM injects, and an exit while #DF is delivered; QEMU makes #NP of
 * both (docs/bench.md).
 */
static void double_fault(void)
{
	DOUBLE("#GP", "mov (%%rdi), %%al", "D"(1ull << 55), "a"(0));
}

const struct payload_case delivery_cases[] = {
	{ "delivery-exceptions", exceptions },
	{ "delivery-emulated", emulated_fault },
	{ "delivery-interrupts", interrupts },
	{ "delivery-nmi", nmi },
	{ "delivery-stack", stack_fault },
	{ "delivery-stack-raised", stack_fault_raised },
	{ "double-fault", double_fault },
	{ NULL, NULL },
};
