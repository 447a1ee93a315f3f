/* SPDX-License-Identifier: MIT */
/*
 * I/O ports in 64-bit mode: string instructions at the configuration ports
 * with their faults, privileges, and the APM ports that cause an SMI where
 * the chipset has that switched on.
 */
#include "payload.h"

#define PAGE		4096
#define APM_CONTROL	0xb2
#define APM_STATUS	0xb3
#define KBC_STATUS	0x64
#define COM1_SCRATCH	0x3ff		/* a port that nobody traps */

static void select(unsigned int offset)
{
	outl(CONFIG_ADDRESS, 0x80000000 | 1 << 11 | offset);
}

static void string_output(void)
{
	uint32_t *word = pages(1);
	uint64_t from = (uintptr_t)word, n = 200;

	/* more than any batch; each lands in the BAR, the last stays */
	for (unsigned int i = 0; i < 200; i++)
		word[i] = 0x1000000 + i;
	select(SCRATCH);
	__asm__ volatile("rep outsl" : "+S"(from), "+c"(n) : "d"(CONFIG_DATA)
			 : "memory");
	expect("outsl: count", n, 0);
	expect("outsl: source", from, (uintptr_t)word + 800);
	expect("outsl: the last", inl(CONFIG_DATA), 0x10000c7);
	/* words, backwards, one without REP */
	word[0] = 0x22221111;
	from = (uintptr_t)word + 2;
	n = 2;
	__asm__ volatile("std; rep outsw; cld" : "+S"(from), "+c"(n)
			 : "d"(CONFIG_DATA + 2) : "memory");
	expect("outsw", inl(CONFIG_DATA), 0x111100c7);
	expect("outsw: source", from, (uintptr_t)word - 2);
	from = (uintptr_t)word + 3;
	__asm__ volatile("outsb" : "+S"(from) : "d"(CONFIG_DATA) : "memory");
	expect("outsb", inl(CONFIG_DATA), 0x11110022);
	expect("outsb: source", from, (uintptr_t)word + 4);
	n = 0;
	__asm__ volatile("rep outsl" : "+S"(from), "+c"(n) : "d"(CONFIG_DATA)
			 : "memory");
	expect("none", inl(CONFIG_DATA), 0x11110022);
}

static void string_input(void)
{
	uint8_t *ram = pages(2);
	uint64_t to = (uintptr_t)ram, n = 150;
	uint32_t *word = (uint32_t *)ram, got, want;
	uint8_t status = inb(KBC_STATUS);

	select(SCRATCH);
	outl(CONFIG_DATA, 0xa1b2c3d4);
	__asm__ volatile("rep insl" : "+D"(to), "+c"(n) : "d"(CONFIG_DATA)
			 : "memory");
	expect("insl: count", n, 0);
	expect("insl: destination", to, (uintptr_t)ram + 600);
	for (unsigned int i = 0; i < 150; i++)
		expect("insl: what came", word[i], 0xa1b2c3d4);
	expect("and no further", word[150], 0);
	/* over a page's border */
	to = (uintptr_t)ram + PAGE - 3;
	n = 3;
	__asm__ volatile("rep insw" : "+D"(to), "+c"(n)
			 : "d"(CONFIG_DATA + 2) : "memory");
	__builtin_memcpy(&got, ram + PAGE - 2, 4);
	expect("insw", got, 0xa1b2a1b2 >> 8 | 0xb2000000);
	to = (uintptr_t)ram;
	__asm__ volatile("insb" : "+D"(to) : "d"(KBC_STATUS) : "memory");
	expect("insb", ram[0], status);
	expect("insb: destination", to, (uintptr_t)ram + 1);
	/* 32-bit addresses; a segment does not change the destination */
	to = (uintptr_t)ram | 0xab00000000;
	n = 0xcd00000002;
	__asm__ volatile("addr32 rep insl" : "+D"(to), "+c"(n)
			 : "d"(CONFIG_DATA) : "memory");
	expect("addr32: count", n, 0);
	expect("addr32: destination", to, (uintptr_t)ram + 8);
	want = word[1];
	expect("addr32: what came", want, 0xa1b2c3d4);
	select(0);
	got = inl(CONFIG_DATA);
	__asm__ volatile("outsl %%gs:(%%rsi), %%dx" : "+S"(to)
			 : "d"(CONFIG_DATA) : "memory");
	expect("the ID is read-only", inl(CONFIG_DATA), got);
}

/* In the middle of it a page is missing: what came before it counts. */
static void string_fault(void)
{
	uint8_t *ram = pages(1);
	uint64_t to = WINDOW + PAGE - 12, n = 5, insn;

	window_map(0, (uintptr_t)ram);
	window_map(1, 0);
	select(SCRATCH);
	outl(CONFIG_DATA, 0x5a5a5a5a);
	trap_hook = trap_goto;
	__asm__ volatile("lea	2f(%%rip), %%rax\n\t"
			 "mov	%%rax, %3\n\t"
			 "lea	1f(%%rip), %0\n"
			 "1:	rep insl\n"
			 "2:"
			 : "=&a"(insn), "+D"(to), "+c"(n), "=m"(trap_resume)
			 : "d"(CONFIG_DATA) : "memory");
	expect("traps", n_traps, 1);
	expect("vector", traps[0].vector, 14);
	expect("error", traps[0].error, 2);
	expect("address", traps[0].cr2, WINDOW + PAGE);
	expect("rip", traps[0].rip, insn);
	expect("count", n, 2);
	expect("destination", to, WINDOW + PAGE);
	expect("what came", *(uint32_t *)(ram + PAGE - 4), 0x5a5a5a5a);
	/* and the source of OUTS; the port is not written */
	n_traps = 0;
	n = 1;
	to = WINDOW + PAGE - 2;
	__asm__ volatile("lea	2f(%%rip), %%rax\n\t"
			 "mov	%%rax, %3\n\t"
			 "lea	1f(%%rip), %0\n"
			 "1:	outsl\n"
			 "2:"
			 : "=&a"(insn), "+S"(to), "+c"(n), "=m"(trap_resume)
			 : "d"(CONFIG_DATA) : "memory");
	expect("outs: traps", n_traps, 1);
	expect("outs: error", traps[0].error, 0);
	expect("outs: address", traps[0].cr2, WINDOW + PAGE);
	expect("outs: source", to, WINDOW + PAGE - 2);
	expect("outs: the port", inl(CONFIG_DATA), 0x5a5a5a5a);
}

/* Between a port and device registers; one of them, or both, may be trapped. */
static void string_registers(void)
{
	uint64_t at = WINDOW + SCRATCH + 1, n = 2;

	window_map(0, scratch);
	*(volatile uint32_t *)(WINDOW + SCRATCH) = 0;
	outb(COM1_SCRATCH, 0x5a);
	__asm__ volatile("rep insb" : "+D"(at), "+c"(n) : "d"(COM1_SCRATCH)
			 : "memory");
	expect("insb", *(volatile uint32_t *)(WINDOW + SCRATCH), 0x5a5a00);
	expect("insb: count", n, 0);
	expect("insb: destination", at, WINDOW + SCRATCH + 3);
	*(volatile uint32_t *)(WINDOW + SCRATCH) = 0x87654321;
	at = WINDOW + SCRATCH;
	n = 3;
	__asm__ volatile("rep outsb" : "+S"(at), "+c"(n) : "d"(COM1_SCRATCH)
			 : "memory");
	expect("outsb", inb(COM1_SCRATCH), 0x65);
	expect("outsb: source", at, WINDOW + SCRATCH + 3);
	at = WINDOW + SCRATCH;
	__asm__ volatile("outsl" : "+S"(at) : "d"(CONFIG_ADDRESS)
			 : "memory");
	expect("both", inl(CONFIG_ADDRESS) & ~3u, 0x87654320);
}

static uint64_t user_insn;

/* Above CPL 0 with IOPL 0 and no permission map. */
static void user_input(void)
{
	__asm__ volatile("lea	2f(%%rip), %%rcx\n\t"
			 "mov	%%rcx, %0\n\t"
			 "lea	1f(%%rip), %%rcx\n\t"
			 "mov	%%rcx, %1\n\t"
			 "mov	%%rsp, %%rbx\n\t"
			 "pushq	%2\n\t"
			 "pushq	%%rbx\n\t"
			 "pushq	$2\n\t"
			 "pushq	%3\n\t"
			 "lea	3f(%%rip), %%rcx\n\t"
			 "push	%%rcx\n\t"
			 "iretq\n"
			 "3:	mov	$0xcf8, %%edx\n\t"
			 "xor	%%eax, %%eax\n\t"
			 "cpuid\n\t"
			 "mov	$0xcf8, %%edx\n"
			 "1:	in	%%dx, %%eax\n"
			 "2:	int	$0x42\n\t"
			 : "=m"(trap_resume), "=m"(user_insn)
			 : "i"(SEL_UDATA | 3), "i"(SEL_UCODE64 | 3)
			 : "rax", "rbx", "rcx", "rdx", "memory");
}

/* Back to CPL 0 by int $0x42, on the stack as it was. */
static void user_hook(struct frame *f)
{
	if (f->vector == 13) {
		trap_goto(f);
		return;
	}
	f->cs = SEL_CODE64;
	f->ss = SEL_DATA;
}

static void user(void)
{
	set_rsp0((uintptr_t)pages(2) + 8192);
	trap_hook = user_hook;
	user_input();
}

static void user_case(void)
{
	user();
	expect("traps", n_traps, 2);
	expect("vector", traps[0].vector, 13);
	expect("error", traps[0].error, 0);
	expect("rip", traps[0].rip, user_insn);
	expect("then", traps[1].vector, 0x42);
}

static void apm(void)
{
	outb(APM_STATUS, 0x5a);
	outb(APM_CONTROL, 0x7f);	/* no value of ACPI's */
	expect("control", inb(APM_CONTROL), 0x7f);
	expect("status", inb(APM_STATUS), 0x5a);
	outb(APM_CONTROL, 0);
}

const struct payload_case port_cases[] = {
	{ "outs", string_output },
	{ "ins", string_input },
	{ "string-io-fault", string_fault },
	{ "string-io-mmio", string_registers },
	{ "user-in", user_case },
	{ "apm-ports", apm },
	{ NULL, NULL },
};
