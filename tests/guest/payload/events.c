/* SPDX-License-Identifier: MIT */
/*
 * Interrupts and NMIs around exits: in the shadow of STI, at HLT, inside an
 * NMI handler; and exceptions that a VMM raises itself.
 */
#include "payload.h"

#define VECTOR		0x30
#define BAD_MSR		0x12345678

static void interrupt_hook(struct frame *f)
{
	if (f->vector >= 0x20 && f->vector < 0x40)
		eoi();
}

/*
 * An interrupt waits, then STI and an instruction that exits: it comes
 * behind that, neither before nor later.
 */
#define SHADOW(insn, ...) do { \
	uint64_t after_; \
	traps_reset(); \
	trap_hook = interrupt_hook; \
	self_ipi(VECTOR); \
	__asm__ volatile("lea	1f(%%rip), %0\n\t" \
			 "sti\n\t" \
			 insn "\n" \
			 "1:	nop\n\t" \
			 "nop\n\t" \
			 "cli" \
			 : "=&r"(after_) : __VA_ARGS__ : "memory", "cc"); \
	expect(insn, n_traps, 1); \
	expect(insn, traps[0].vector, VECTOR); \
	expect(insn, traps[0].rip, after_); \
} while (0)

static void sti_shadow(void)
{
	uint64_t mmio = WINDOW + SCRATCH;

	window_map(0, scratch);
	SHADOW("nop", "a"(0));
	SHADOW("in %%dx, %%eax", "d"(CONFIG_ADDRESS), "a"(0));
	SHADOW("mov %%eax, (%%rdi)", "D"(mmio), "a"(0));
	SHADOW("outsl", "d"(CONFIG_ADDRESS), "S"(mmio));
	SHADOW("hlt", "a"(0));
}

/* A trap raised in the shadow: the interrupt comes before its handler runs
 * nothing, since the gate clears IF; then behind the IRET. */
static void exception_in_shadow(void)
{
	uint64_t insn;

	trap_hook = interrupt_hook;
	self_ipi(VECTOR);
	trap_resume = 0;
	__asm__ volatile("lea	1f(%%rip), %0\n\t"
			 "sti\n\t"
			 "int3\n"
			 "1:	nop\n\t"
			 "cli" : "=&r"(insn) : : "memory");
	expect("traps", n_traps, 2);
	expect("first", traps[0].vector, 3);
	expect("its rip", traps[0].rip, insn);
	expect("then", traps[1].vector, VECTOR);
	expect("its rip", traps[1].rip, insn);
}

static void fault_in_shadow(void)
{
	uint64_t insn;

	trap_hook = trap_goto;
	self_ipi(VECTOR);
	__asm__ volatile("lea	1f(%%rip), %0\n\t"
			 "lea	2f(%%rip), %%rcx\n\t"
			 "mov	%%rcx, %1\n\t"
			 "xor	%%eax, %%eax\n\t"
			 "sti\n"
			 "1:	vmrun	%%rax\n"
			 "2:	cli"
			 : "=&r"(insn), "=m"(trap_resume)
			 : : "rax", "rcx", "memory");
	/* the IRET to 2 lets it in */
	expect("traps", n_traps, 2);
	expect("first", traps[0].vector, 6);
	expect("its rip", traps[0].rip, insn);
	expect("then", traps[1].vector, VECTOR);
	eoi();
}

/* ---- NMI ---- */

static void no_hook(struct frame *f)
{
	(void)f;
}

static void nmi(void)
{
	trap_hook = no_hook;
	self_ipi(IPI_NMI);
	__asm__ volatile("nop");
	expect("traps", n_traps, 1);
	expect("vector", traps[0].vector, 2);
	expect("IF", traps[0].rflags & 0x200, 0);
}

static void cli_hlt_nmi(void)
{
	uint64_t after;

	trap_hook = no_hook;
	pit_nmi();
	__asm__ volatile("lea	1f(%%rip), %0\n\t"
			 "cli; hlt\n"
			 "1:	nop" : "=&r"(after) : : "memory");
	pit_quiet();
	expect("traps", n_traps, 1);
	expect("vector", traps[0].vector, 2);
	expect("rip", traps[0].rip, after);
}

static unsigned int depth, deepest, rounds;

static void nmi_hook(struct frame *f)
{
	uint32_t r[4];

	if (f->vector != 2)
		return;
	depth++;
	if (depth > deepest)
		deepest = depth;
	if (rounds++ == 0) {
		self_ipi(IPI_NMI);
		cpuid(0, r);
		inl(CONFIG_ADDRESS);
		cpuid(0, r);
	}
	depth--;
}

/* Another NMI stays away until the handler's IRET. */
static void nmi_in_nmi(void)
{
	uint32_t r[4];

	depth = deepest = rounds = 0;
	trap_hook = nmi_hook;
	self_ipi(IPI_NMI);
	cpuid(0, r);
	cpuid(0, r);
	expect("NMIs", rounds, 2);
	expect("at a time", deepest, 1);
	expect("traps", n_traps, 2);
}

/* ---- exceptions of the VMM's making ---- */

/* Expect `vector` at the instruction, with error code 0. */
#define RAISES(vector_, insn, ...) do { \
	uint64_t at_; \
	traps_reset(); \
	trap_hook = trap_goto; \
	__asm__ volatile("lea	2f(%%rip), %%rbx\n\t" \
			 "mov	%%rbx, %1\n\t" \
			 "lea	1f(%%rip), %0\n" \
			 "1:	" insn "\n" \
			 "2:	nop" \
			 : "=&r"(at_), "=m"(trap_resume) : __VA_ARGS__ \
			 : "rbx", "memory"); \
	expect(insn, n_traps, 1); \
	expect(insn, traps[0].vector, vector_); \
	expect(insn, traps[0].error, 0); \
	expect(insn, traps[0].rip, at_); \
} while (0)

static void svm_is_not_there(void)
{
	RAISES(6, "vmrun %%rax", "a"(0));
	RAISES(6, "vmload %%rax", "a"(0));
	RAISES(6, "vmsave %%rax", "a"(0));
	RAISES(6, "stgi", "a"(0));
	RAISES(6, "clgi", "a"(0));
	RAISES(6, "invlpga %%rax, %%ecx", "a"(0), "c"(0));
}

static void refused_msr(void)
{
	if (!above_vmm) {
		skip("QEMU reads unknown MSRs as 0");
		return;
	}
	RAISES(13, "rdmsr", "c"(BAD_MSR), "a"(0), "d"(0));
	RAISES(13, "wrmsr", "c"(BAD_MSR), "a"(0), "d"(0));
	RAISES(13, "wrmsr", "c"(0xc0010117), "a"(0x1000), "d"(0));
}

const struct payload_case event_cases[] = {
	{ "sti-shadow", sti_shadow },
	{ "int3-in-shadow", exception_in_shadow },
	{ "fault-in-shadow", fault_in_shadow },
	{ "nmi", nmi },
	{ "cli-hlt-nmi", cli_hlt_nmi },
	{ "nmi-in-nmi", nmi_in_nmi },
	{ "svm-hidden", svm_is_not_there },
	{ "refused-msr", refused_msr },
	{ NULL, NULL },
};
