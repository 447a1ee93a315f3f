/* SPDX-License-Identifier: MIT */
/*
 * Single step and breakpoints over instructions that a VMM carries out itself:
 * the trap comes right behind the instruction, with DR6 telling why.
 */
#include "payload.h"

#define TF		0x100
#define RF		0x10000
#define DR6_BS		0x4000
#define DR6_CAUSES	0xe00f
#define DR7_EXACT	0x700
#define DR7_ENABLE(n)	(1ul << 2 * (n))
#define DR7_TYPE(n, t)	((uint64_t)(t) << (16 + 4 * (n)))
#define DR7_SIZE(n, s)	((uint64_t)((s) - 1) << (18 + 4 * (n)))
#define  EXECUTE	0
#define  WRITE		1
#define  IO		2
#define  READ_WRITE	3
#define CR4_DE		8

static unsigned int step_limit;

static void step_hook(struct frame *f)
{
	if (n_traps >= step_limit)
		f->rflags &= ~(uint64_t)TF;
}

/*
 * TF is set before the instruction: it traps behind it, at `after`, and once
 * more behind a NOP.
 */
#define STEP(insn, ...) do { \
	uint64_t after_; \
	traps_reset(); \
	step_limit = 2; \
	trap_hook = step_hook; \
	__asm__ volatile("lea	2f(%%rip), %0\n\t" \
			 "pushfq\n\t" \
			 "orq	$0x100, (%%rsp)\n\t" \
			 "popfq\n" \
			 "1:	" insn "\n" \
			 "2:	nop\n\t" \
			 "nop" \
			 : "=&r"(after_) : __VA_ARGS__ \
			 : "rbx", "memory", "cc"); \
	judge_step(insn, after_); \
} while (0)

static void judge_step(const char *insn, uint64_t after)
{
	expect(insn, traps[0].vector, 1);
	expect(insn, n_traps, 2);
	expect(insn, traps[0].rip, after);
	expect(insn, traps[1].rip, after + 1);
	expect(insn, traps[0].dr6 & DR6_CAUSES, DR6_BS);
	expect(insn, traps[1].dr6 & DR6_CAUSES, DR6_BS);
	expect(insn, traps[0].rflags & TF, TF);
}

static void single_step(void)
{
	uint64_t mmio = WINDOW + SCRATCH;

	window_map(0, scratch);
	STEP("nop", "a"(0));
	STEP("in %%dx, %%eax", "d"(CONFIG_ADDRESS), "a"(0));
	STEP("out %%eax, %%dx", "d"(CONFIG_ADDRESS), "a"(0x80000000));
	STEP("mov %%eax, (%%rdi)", "D"(mmio), "a"(0));
	STEP("addl $1, (%%rdi)", "D"(mmio));
	STEP("mov (%%rdi), %%edx", "D"(mmio), "d"(0));
}

/* MOV SS keeps the trap away until the next instruction, which exits, is done. */
static void single_step_shadow(void)
{
	uint64_t mmio = WINDOW + SCRATCH;

	window_map(0, scratch);
	STEP("mov %%eax, %%ss\n\tin %%dx, %%eax", "d"(CONFIG_ADDRESS),
	     "a"(SEL_DATA));
	STEP("mov %%eax, %%ss\n\tmov (%%rdi), %%eax", "D"(mmio),
	     "a"(SEL_DATA));
}

static void single_step_registers(void)
{
	uint64_t efer = rdmsr(0xc0000080), after;

	STEP("rdmsr", "c"(0xc0000080), "a"(0), "d"(0));
	STEP("wrmsr", "c"(0xc0000080), "a"(efer), "d"(0));
	traps_reset();
	step_limit = 2;
	trap_hook = step_hook;
	__asm__ volatile("lea	2f(%%rip), %0\n\t"
			 "pushfq\n\t"
			 "orq	$0x100, (%%rsp)\n\t"
			 "xor	%%eax, %%eax\n\t"
			 "popfq\n\t"
			 "cpuid\n"
			 "2:	nop\n\t"
			 "nop"
			 : "=&D"(after) : : "rax", "rbx", "rcx", "rdx",
			   "memory", "cc");
	judge_step("cpuid", after);
}

/* Each iteration traps, at the instruction until the last is done. */
static void judge_iterations(const char *what, uint64_t insn)
{
	uint64_t last = n_traps - 1;

	expect(what, n_traps, 4);
	for (unsigned int i = 0; i < 2; i++) {
		expect(what, traps[i].rip, insn);
		expect(what, traps[i].rcx, 2 - i);
		expect(what, traps[i].dr6 & DR6_CAUSES, DR6_BS);
	}
	expect(what, traps[last].rcx, 0);
	expect(what, traps[last].rip, insn + 3);
}

static void iteration_hook(struct frame *f)
{
	uint8_t *at = (uint8_t *)f->rip;

	/* behind the NOP that follows */
	if (at[-1] == 0x90 || n_traps >= 8)
		f->rflags &= ~(uint64_t)TF;
}

#define STEP_REP(insn, ...) do { \
	uint64_t at_; \
	traps_reset(); \
	trap_hook = iteration_hook; \
	__asm__ volatile("lea	1f(%%rip), %0\n\t" \
			 "pushfq\n\t" \
			 "orq	$0x100, (%%rsp)\n\t" \
			 "popfq\n" \
			 "1:	" insn "\n" \
			 "	nop\n\t" \
			 "nop" \
			 : "=&r"(at_), "+S"(from), "+D"(to), "+c"(n) \
			 : __VA_ARGS__ : "memory", "cc"); \
	judge_iterations(insn, at_); \
} while (0)

static void single_step_strings(void)
{
	uint32_t *ram = pages(1);
	uint64_t from = WINDOW, to = (uintptr_t)ram, n = 3;

	window_map(0, scratch);
	STEP_REP("rep movsl", "a"(0));
	expect("movs: what came", ram[2], *(volatile uint32_t *)(scratch + 8));
	expect("movs: destination", to, (uintptr_t)ram + 12);
	outl(CONFIG_ADDRESS, 0x80000000);
	n = 3;
	STEP_REP("rep insl", "d"(CONFIG_DATA));
	expect("ins: what came", ram[5], inl(CONFIG_DATA));
	expect("ins: destination", to, (uintptr_t)ram + 24);
}

/* ---- breakpoints ---- */

static void keep_hook(struct frame *f)
{
	if (n_traps > 8) {
		write_reg(dr7, 0x400);
		f->rflags &= ~(uint64_t)TF;
	}
}

static void io_breakpoint(void)
{
	uint64_t after, other;
	uint32_t *ram = pages(1);
	uint64_t to = (uintptr_t)ram;

	trap_hook = keep_hook;
	write_reg(cr4, read_reg(cr4) | CR4_DE);
	write_reg(dr2, CONFIG_ADDRESS);
	write_reg(dr7, DR7_EXACT | DR7_ENABLE(2) | DR7_TYPE(2, IO) |
		  DR7_SIZE(2, 4));
	__asm__ volatile("lea	1f(%%rip), %0\n\t"
			 "lea	2f(%%rip), %1\n\t"
			 "in	%%dx, %%eax\n"
			 "1:	out	%%al, $0x80\n\t"
			 "in	$0x64, %%al\n\t"
			 "out	%%eax, %%dx\n"
			 "2:	nop"
			 : "=&r"(after), "=&r"(other) : "d"(CONFIG_ADDRESS)
			 : "rax", "memory");
	expect("traps", n_traps, 2);
	expect("vector", traps[0].vector, 1);
	expect("behind in", traps[0].rip, after);
	expect("behind out", traps[1].rip, other);
	expect("DR6", traps[0].dr6 & DR6_CAUSES, 4);
	n_traps = 0;
	__asm__ volatile("lea	1f(%%rip), %0\n\t"
			 "insl\n"
			 "1:	nop"
			 : "=&r"(after), "+D"(to)
			 : "d"(CONFIG_ADDRESS) : "memory");
	write_reg(dr7, 0x400);
	write_reg(cr4, read_reg(cr4) & ~(uint64_t)CR4_DE);
	expect("ins: traps", n_traps, 1);
	expect("ins: rip", traps[0].rip, after);
	expect("ins: DR6", traps[0].dr6 & DR6_CAUSES, 4);
}

static void data_breakpoint(void)
{
	uint64_t mmio = WINDOW + SCRATCH, after, other;

	window_map(0, scratch);
	trap_hook = keep_hook;
	write_reg(dr1, mmio);
	write_reg(dr3, mmio + 4);
	write_reg(dr7, DR7_EXACT | DR7_ENABLE(1) | DR7_TYPE(1, READ_WRITE) |
		  DR7_SIZE(1, 4) | DR7_ENABLE(3) | DR7_TYPE(3, WRITE) |
		  DR7_SIZE(3, 1));
	__asm__ volatile("lea	1f(%%rip), %0\n\t"
			 "lea	2f(%%rip), %1\n\t"
			 "mov	2(%%rdi), %%al\n"
			 "1:	mov	4(%%rdi), %%eax\n\t"
			 "movl	$0, 4(%%rdi)\n"
			 "2:	nop"
			 : "=&r"(after), "=&r"(other) : "D"(mmio)
			 : "rax", "memory");
	write_reg(dr7, 0x400);
	expect("traps", n_traps, 2);
	expect("vector", traps[0].vector, 1);
	expect("behind the read", traps[0].rip, after);
	expect("DR6 of the read", traps[0].dr6 & DR6_CAUSES, 2);
	expect("behind the write", traps[1].rip, other);
	expect("DR6 of the write", traps[1].dr6 & DR6_CAUSES, 8);
}

static void code_hook(struct frame *f)
{
	keep_hook(f);
	f->rflags |= RF;
}

/* RF lets the instruction pass once: the next round traps again. */
static void code_breakpoint(void)
{
	uint64_t at, rounds = 3;

	trap_hook = code_hook;
	__asm__ volatile("lea	1f(%%rip), %0\n\t"
			 "mov	%0, %%dr0\n\t"
			 "mov	%2, %%dr7\n"
			 "2:	xor	%%eax, %%eax\n"
			 "1:	cpuid\n\t"
			 "dec	%1\n\t"
			 "jnz	2b"
			 : "=&r"(at), "+D"(rounds)
			 : "r"(DR7_EXACT | DR7_ENABLE(0))
			 : "rax", "rbx", "rcx", "rdx", "memory");
	write_reg(dr7, 0x400);
	expect("traps", n_traps, 3);
	for (unsigned int i = 0; i < 3; i++) {
		expect("vector", traps[i].vector, 1);
		expect("rip", traps[i].rip, at);
		expect("DR6", traps[i].dr6 & DR6_CAUSES, 1);
	}
}

/* Breakpoint registers are the guest's, whatever exits in between. */
static void registers_stay(void)
{
	uint32_t r[4];

	write_reg(dr0, 0x1234567890ull);
	write_reg(dr3, 0xfedcba98ull);
	write_reg(dr7, 0x400 | DR7_ENABLE(3) | DR7_TYPE(3, WRITE));
	cpuid(0, r);
	inl(CONFIG_ADDRESS);
	expect("DR0", read_reg(dr0), 0x1234567890ull);
	expect("DR3", read_reg(dr3), 0xfedcba98ull);
	expect("DR7", read_reg(dr7), 0x400 | DR7_ENABLE(3) |
	       DR7_TYPE(3, WRITE));
	write_reg(dr7, 0x400);
}

const struct payload_case debug_cases[] = {
	{ "debug-registers", registers_stay },
	{ "step", single_step },
	{ "step-mov-ss", single_step_shadow },
	{ "step-registers", single_step_registers },
	{ "step-strings", single_step_strings },
	{ "breakpoint-io", io_breakpoint },
	{ "breakpoint-data", data_breakpoint },
	{ "breakpoint-code", code_breakpoint },
	{ NULL, NULL },
};
