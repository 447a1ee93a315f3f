/* SPDX-License-Identifier: MIT */
/*
 * Odd accesses to device registers, in 64-bit mode: string instructions,
 * unaligned, across pages, by code that has just been written. The registers
 * are those of the scratch function, in its configuration page.
 */
#include "payload.h"

#define PAGE		4096
#define TO_SCRATCH	(WINDOW + SCRATCH)

/* Page 0: the registers; pages 1 and 2 RAM; 3 the registers again. */
static uint8_t *window_set_up(void)
{
	uint8_t *ram = pages(2);

	window_map(0, scratch);
	window_map(1, (uintptr_t)ram);
	window_map(2, (uintptr_t)ram + PAGE);
	window_map(3, scratch);
	window_map(4, scratch);
	return ram;
}

static volatile uint32_t *reg(unsigned int offset)
{
	return (volatile uint32_t *)(WINDOW + offset);
}

static void widths(void)
{
	uint64_t rax = ~0ull, rdx;

	window_set_up();
	*reg(SCRATCH) = 0;
	*(volatile uint8_t *)(TO_SCRATCH + 1) = 0x56;
	*(volatile uint16_t *)(TO_SCRATCH + 2) = 0x1234;
	expect("bytes and words", *reg(SCRATCH), 0x12345600);
	__asm__ volatile("movb 3(%1), %b0" : "+a"(rax) : "r"(TO_SCRATCH));
	expect("a byte leaves the rest", rax, 0xffffffffffffff12);
	__asm__ volatile("movw 2(%1), %w0" : "+a"(rax) : "r"(TO_SCRATCH));
	expect("a word leaves the rest", rax, 0xffffffffffff1234);
	__asm__ volatile("movl (%1), %k0" : "+a"(rax) : "r"(TO_SCRATCH));
	expect("a dword clears the rest", rax, 0x12345600);
	__asm__ volatile("movq -4(%1), %0" : "=a"(rdx) : "r"(TO_SCRATCH));
	expect("a quadword's upper half", rdx >> 32, 0x12345600);
	__asm__ volatile("movsbq 2(%1), %0" : "=a"(rdx) : "r"(TO_SCRATCH));
	expect("movsx", rdx, 0x34);
	/* AH cannot be named where the address takes a REX prefix */
	__asm__ volatile("movb %%ah, 1(%1)" : : "a"(0xab00), "D"(TO_SCRATCH));
	expect("ah", *reg(SCRATCH), 0x1234ab00);
}

static void unaligned(void)
{
	uint32_t whole;

	window_set_up();
	*reg(SCRATCH) = 0x44332211;
	expect("word at an odd address",
	       *(volatile uint16_t *)(TO_SCRATCH + 1), 0x3322);
	whole = *(volatile uint32_t *)(TO_SCRATCH + 1);
	expect("dword at an odd address", whole & 0xffffff, 0x443322);
	*(volatile uint16_t *)(TO_SCRATCH + 1) = 0xbbaa;
	expect("write at an odd address", *reg(SCRATCH), 0x44bbaa11);
}

static void crossing(void)
{
	uint8_t *ram = window_set_up();
	uint32_t id = *reg(0), value;
	uint64_t end = WINDOW + 3 * PAGE, wide;

	ram[2 * PAGE - 2] = 0xcd;
	ram[2 * PAGE - 1] = 0xab;
	value = *(volatile uint32_t *)(end - 2);
	expect("from RAM into registers", value, 0xabcd | id << 16);
	wide = *(volatile uint64_t *)(end - 1);
	expect("eight bytes, one of RAM", wide & 0xffffffffff,
	       0xab | (uint64_t)id << 8);
	*(volatile uint32_t *)(end - 2) = 0x55661122;
	expect("written to RAM", ram[2 * PAGE - 2] | ram[2 * PAGE - 1] << 8,
	       0x1122);
	expect("the ID is read-only", *reg(0), id);
	/* the end of configuration space, then RAM */
	ram[0] = 0x77;
	ram[1] = 0x88;
	value = *(volatile uint32_t *)(WINDOW + PAGE - 2);
	expect("from registers into RAM", value >> 16, 0x8877);
	*(volatile uint32_t *)(WINDOW + PAGE - 3) = 0x99000000;
	expect("one byte of four", ram[0], 0x99);
	expect("and no more", ram[1], 0x88);
	value = *(volatile uint32_t *)(WINDOW + 4 * PAGE - 1);
	expect("from registers to registers", value >> 8, id & 0xffffff);
}

/* The second page is missing: nothing is touched, CR2 is its first byte. */
static void crossing_fault(void)
{
	uint64_t at = WINDOW + 5 * PAGE - 2, insn;

	window_set_up();
	window_map(5, 0);
	trap_hook = trap_goto;
	__asm__ volatile("lea	2f(%%rip), %%rcx\n\t"
			 "mov	%%rcx, %1\n\t"
			 "lea	1f(%%rip), %0\n"
			 "1:	movl	$0, (%2)\n"
			 "2:"
			 : "=&a"(insn), "=m"(trap_resume) : "r"(at)
			 : "rcx", "memory");
	expect("traps", n_traps, 1);
	expect("vector", traps[0].vector, 14);
	expect("error", traps[0].error, 2);
	expect("address", traps[0].cr2, WINDOW + 5 * PAGE);
	expect("rip", traps[0].rip, insn);
}

static void read_modify_write(void)
{
	uint64_t flags, old = 0x0f0f0f0f;

	window_set_up();
	*reg(SCRATCH) = 0xfffffffe;
	__asm__ volatile("lock addl $3, (%1)\n\t"
			 "pushfq\n\t"
			 "pop	%0"
			 : "=r"(flags) : "r"(TO_SCRATCH) : "memory");
	expect("add", *reg(SCRATCH), 1);
	expect("carry, auxiliary, no zero", flags & 0x51, 0x11);
	__asm__ volatile("xchg	%k0, (%1)" : "+a"(old) : "r"(TO_SCRATCH));
	expect("xchg read", old, 1);
	expect("xchg wrote", *reg(SCRATCH), 0x0f0f0f0f);
	__asm__ volatile("xorb	$0xff, 3(%1)\n\t"
			 "cmpb	$0xf0, 3(%1)\n\t"
			 "pushfq\n\t"
			 "pop	%0"
			 : "=r"(flags) : "r"(TO_SCRATCH) : "memory");
	expect("cmp: zero", flags & 0x40, 0x40);
	__asm__ volatile("pushq	-4(%1)\n\t"
			 "pop	%0"
			 : "=r"(old) : "r"(TO_SCRATCH) : "memory");
	expect("push", old >> 32, 0xf00f0f0f);
}

static void strings(void)
{
	uint8_t *ram = window_set_up();
	uint64_t to = TO_SCRATCH, from = WINDOW, n = 1, rax;
	uint32_t *word = (uint32_t *)ram;

	for (unsigned int i = 0; i < 16; i++)
		word[i] = ~0u;
	to = (uintptr_t)ram;
	n = 16;
	__asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(n)
			 : : "memory");
	expect("movs: count", n, 0);
	expect("movs: source", from, WINDOW + 64);
	expect("movs: destination", to, (uintptr_t)ram + 64);
	for (unsigned int i = 0; i < 16; i++)
		expect("movs: what came", word[i], *reg(4 * i));
	/* backwards, bytes, into the registers */
	word[0] = 0x04030201;
	to = TO_SCRATCH + 3;
	from = (uintptr_t)ram + 3;
	n = 4;
	__asm__ volatile("std; rep movsb; cld" : "+D"(to), "+S"(from), "+c"(n)
			 : : "memory");
	expect("movs backwards", *reg(SCRATCH), 0x04030201);
	expect("its end", to, TO_SCRATCH - 1);
	to = TO_SCRATCH;
	n = 2;
	__asm__ volatile("rep stosw" : "+D"(to), "+c"(n) : "a"(0x7788)
			 : "memory");
	expect("stos", *reg(SCRATCH), 0x77887788);
	from = TO_SCRATCH;
	__asm__ volatile("lodsl" : "=a"(rax), "+S"(from) : : "memory");
	expect("lods", rax, 0x77887788);
	n = 0;
	to = TO_SCRATCH;
	__asm__ volatile("rep stosl" : "+D"(to), "+c"(n) : "a"(1)
			 : "memory");
	expect("no iteration", *reg(SCRATCH), 0x77887788);
	/* registers, then RAM that comes behind them */
	to = WINDOW + PAGE - 8;
	n = 16;
	__asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(0x3c)
			 : "memory");
	expect("stos across", ram[0] + ram[7], 2 * 0x3c);
	expect("and no further", ram[8], 0xff & word[2]);
}

/* movl $imm, (%rdi); ret - with an immediate written just before. */
static void self_modifying(void)
{
	uint8_t *code = (uint8_t *)pages(2) + PAGE - 4;
	static const uint8_t bytes[] = { 0xc7, 0x07, 0, 0, 0, 0, 0xc3 };

	window_set_up();
	__builtin_memcpy(code, bytes, sizeof(bytes));
	for (uint32_t i = 1; i < 9; i++) {
		uint64_t to = TO_SCRATCH;

		/* over the page's border */
		*(volatile uint32_t *)(code + 2) = i * 0x01020304;
		__asm__ volatile("call	*%1" : "+D"(to) : "r"(code)
				 : "memory");
		expect("what the code says now", *reg(SCRATCH),
		       i * 0x01020304);
	}
	/* the instruction right behind the store */
	__asm__ volatile("lea	1f(%%rip), %%rcx\n\t"
			 "movl	$0x55667788, 2(%%rcx)\n"
			 "1:	movl	$0x11111111, (%%rdi)"
			 : : "D"(TO_SCRATCH) : "rcx", "memory");
	expect("in the next instruction", *reg(SCRATCH), 0x55667788);
	/* another page of code at the same address */
	for (unsigned int i = 0; i < 4; i++) {
		uint8_t *page = pages(1);
		uint64_t to = TO_SCRATCH;

		__builtin_memcpy(page, bytes, sizeof(bytes));
		page[2] = (uint8_t)i;
		window_map(9, (uintptr_t)page);
		__asm__ volatile("call	*%1" : "+D"(to)
				 : "r"(WINDOW + 9ul * PAGE) : "memory");
		expect("in the page that is there now", *reg(SCRATCH), i);
	}
}

const struct payload_case access_cases[] = {
	{ "mmio-widths", widths },
	{ "mmio-unaligned", unaligned },
	{ "mmio-crossing", crossing },
	{ "mmio-crossing-fault", crossing_fault },
	{ "mmio-modify", read_modify_write },
	{ "mmio-strings", strings },
	{ "self-modifying", self_modifying },
	{ NULL, NULL },
};
