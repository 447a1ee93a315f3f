/* SPDX-License-Identifier: MIT */
/*
 * `crash WAY`: breaks one rule of domains on purpose, for the tests: the core
 * must end this program with a line in the log and go on. Coming back from
 * any of them is the failure.
 */
#include <domain/command.h>
#include <domain/syscall.h>
#include <domain/tty.h>

/* In assembly, so that the compiler does not see what is wrong with it. */
static void load(uint64_t address)
{
	__asm__ volatile("movb (%0), %%al" : : "r"(address) : "rax");
}

static void store(uint64_t address)
{
	__asm__ volatile("movb $1, (%0)" : : "r"(address) : "memory");
}

static void read_null(void)
{
	load(8);
}

static void write_code(void)
{
	store((uintptr_t)domain_main);
}

static void write_kernel(void)
{
	store(0xffffffff80000000);
}

static void read_low(void)
{
	load(0x8000);
}

static void non_canonical(void)
{
	load(0x8000000000000000);
}

static void run_data(void)
{
	static char code[] = { (char)0xc3 };

	((void (*)(void))(uintptr_t)code)();
}

static void port(void)
{
	__asm__ volatile("outb %0, %1" : : "a"((char)0), "Nd"((short)0x80));
}

static void privileged(void)
{
	__asm__ volatile("cli");
}

static void fpu(void)
{
	__asm__ volatile("pxor %xmm0, %xmm0");
}

static void x87(void)
{
	__asm__ volatile("fld1");
}

static void undefined(void)
{
	__asm__ volatile("ud2");
}

static void divide(void)
{
	int zero = 0;

	__asm__ volatile("idivl %0" : : "r"(zero), "a"(1), "d"(0));
}

static void vmmcall(void)
{
	__asm__ volatile("vmmcall");
}

static void breakpoint(void)
{
	__asm__ volatile("int3");
}

static void single_step(void)
{
	__asm__ volatile("pushfq; orq $0x100, (%rsp); popfq; nop");
}

static void interrupt(void)
{
	__asm__ volatile("int $0x17");		/* one of the VMM's own */
}

static void stack(void)
{
	__asm__ volatile("xorl %esp, %esp; pushq $0");
}

static void deep(void)
{
	__asm__ volatile("1: pushq $0; jmp 1b");
}

struct way {
	const char *name;
	void (*fn)(void);
};

static const struct way ways[] = {
	{ "null", read_null }, { "code", write_code },
	{ "kernel", write_kernel }, { "low", read_low },
	{ "canonical", non_canonical }, { "exec", run_data },
	{ "port", port }, { "cli", privileged }, { "sse", fpu },
	{ "x87", x87 }, { "ud", undefined }, { "divide", divide },
	{ "vmmcall", vmmcall }, { "int3", breakpoint },
	{ "step", single_step }, { "int", interrupt }, { "stack", stack },
	{ "deep", deep },
};

#define N_WAYS (sizeof(ways) / sizeof(ways[0]))

int command(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc == 1 && i < N_WAYS; i++) {
		if (strcmp(argv[0], ways[i].name) != 0)
			continue;
		ways[i].fn();
		printf("crash: %s: still running\n", argv[0]);
		return COMMAND_FAILED;
	}
	printf("crash: expected one of:");
	for (i = 0; i < N_WAYS; i++)
		printf(" %s", ways[i].name);
	printf("\n");
	return COMMAND_USAGE;
}
