/* SPDX-License-Identifier: MIT */
/*
 * VMM calls from 64-bit code as nobody makes them: names at odd places,
 * instructions with prefixes, registers with upper halves that 32-bit code
 * cannot see. Calls from the other modes are among modes.c's cases. The bare
 * machine has nobody to call.
 */
#include "payload.h"

#define PAGE		4096
#define NO_VMM		"there is no VMM to call"

extern const uint8_t low_call, low_call_name;

static const char name[] = "dbgsh";

static uint64_t number_of(uint64_t address)
{
	uint64_t rax = 0;

	__asm__ volatile("vmmcall" : "+a"(rax) : "b"(address) : "memory");
	return rax;
}

static void put(uint8_t *to, const char *text, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		to[i] = (uint8_t)text[i];
}

static void names(void)
{
	uint8_t *first = pages(1), *second = pages(1);
	uint64_t end = WINDOW + PAGE;

	if (!above_vmm) {
		skip(NO_VMM);
		return;
	}
	window_map(0, (uintptr_t)first);
	window_map(1, 0);
	put(first + PAGE - 6, name, 6);
	expect("last of its page", number_of(end - 6), vmm_number);
	put(first + PAGE - 5, name, 5);
	expect("no page behind", number_of(end - 5), 0);
	window_map(1, (uintptr_t)second);
	expect("across pages", number_of(end - 5), vmm_number);
	put(second, "x", 2);
	expect("other name", number_of(end - 5), 0);
	window_map(1, scratch);
	expect("into registers", number_of(end - 5), 0);
	expect("in registers", number_of(end), 0);
	window_map(1, UNUSED_ADDRESS);
	expect("into nothing", number_of(end - 5), 0);
	for (unsigned int i = 0; i < PAGE; i++)
		first[i] = 'd';
	window_map(1, 0);
	expect("without an end", number_of(WINDOW), 0);
	expect("its last byte", number_of(end - 1), 0);
	expect("not mapped", number_of(end), 0);
	expect("not canonical", number_of(1ull << 47), 0);
	expect("not canonical", number_of((uintptr_t)name | 1ull << 63), 0);
	expect("highest address", number_of(~0ull), 0);
	window_map(0, 0);
}

/* rcx counts what is executed behind the call. */
#define PREFIXED(bytes) do { \
	uint64_t rax_ = 0, rcx_ = 1; \
	traps_reset(); \
	trap_hook = trap_goto; \
	__asm__ volatile("lea	1f(%%rip), %%rdx\n\t" \
			 "mov	%%rdx, %2\n\t" \
			 ".byte	" bytes "\n\t" \
			 "vmmcall\n\t" \
			 "inc	%%rcx\n" \
			 "1:" \
			 : "+a"(rax_), "+c"(rcx_), "=m"(trap_resume) \
			 : "b"(name) : "rdx", "memory"); \
	expect(bytes, rax_, vmm_number); \
	expect(bytes ": behind it", rcx_, 2); \
	expect(bytes ": traps", n_traps, 0); \
} while (0)

static void prefixes(void)
{
	if (!above_vmm) {
		skip(NO_VMM);
		return;
	}
	PREFIXED("0x66");
	PREFIXED("0x67");
	PREFIXED("0x26");
	PREFIXED("0x65");
	PREFIXED("0x48");
	PREFIXED("0x4f");
	PREFIXED("0x66, 0x4d");
	PREFIXED("0x66, 0x66, 0x67, 0x2e, 0x64, 0x66, 0x67, 0x3e, 0x36, 0x66, "
		 "0x66, 0x40");
}

/* rsi counts what is executed behind an instruction that exits. */
#define LENGTH(what, bytes, eax, ecx) do { \
	uint64_t rax_ = (eax), rcx_ = (ecx), count_ = 0; \
	traps_reset(); \
	trap_hook = trap_goto; \
	__asm__ volatile("lea	1f(%%rip), %%rbx\n\t" \
			 "mov	%%rbx, %3\n\t" \
			 ".byte	" bytes "\n\t" \
			 "inc	%2\n" \
			 "1:" \
			 : "+a"(rax_), "+c"(rcx_), "+S"(count_), \
			   "=m"(trap_resume) \
			 : : "rbx", "rdx", "memory"); \
	expect(what, count_, 1); \
	expect(what ": traps", n_traps, 0); \
} while (0)

/* An instruction that the VMM carries out is as long as its prefixes make it. */
static void lengths(void)
{
	LENGTH("CPUID", "0x0f, 0xa2", 0, 0);
	LENGTH("REX CPUID", "0x48, 0x0f, 0xa2", 0, 0);
	LENGTH("66 REP CPUID", "0x66, 0xf3, 0x0f, 0xa2", 0, 0);
	LENGTH("RDMSR", "0x0f, 0x32", 0, 0xc0000080);
	LENGTH("REX RDMSR", "0x48, 0x0f, 0x32", 0, 0xc0000080);
	LENGTH("DS FS RDMSR", "0x3e, 0x64, 0x0f, 0x32", 0, 0xc0000080);
}

/* The other maker's call, and a lock on ours: neither is an instruction. */
static void undefined(void)
{
	uint64_t at;

	trap_hook = trap_goto;
	__asm__ volatile("lea	2f(%%rip), %%rdx\n\t"
			 "mov	%%rdx, %1\n\t"
			 "lea	1f(%%rip), %0\n"
			 "1:	vmcall\n"
			 "2:"
			 : "=&r"(at), "=m"(trap_resume)
			 : "a"(0), "b"(name) : "rdx", "memory");
	expect("vmcall: traps", n_traps, 1);
	expect("vmcall: vector", traps[0].vector, 6);
	expect("vmcall: rip", traps[0].rip, at);
	__asm__ volatile("lea	2f(%%rip), %%rdx\n\t"
			 "mov	%%rdx, %1\n\t"
			 "lea	1f(%%rip), %0\n"
			 "1:	.byte 0xf0\n\t"
			 "vmmcall\n"
			 "2:"
			 : "=&r"(at), "=m"(trap_resume)
			 : "a"(0), "b"(name) : "rdx", "memory");
	expect("lock: traps", n_traps, 2);
	expect("lock: vector", traps[1].vector, 6);
	expect("lock: rip", traps[1].rip, at);
}

/* Set in 64-bit mode, called in compatibility mode. */
static void upper_halves(void)
{
	uint64_t (*call)(uint64_t rax, uint64_t rbx, uint64_t ds) =
		low(low_call);
	uint64_t at = (uintptr_t)low(low_call_name);
	uint64_t high = 0xdeadbeefull << 32;

	if (!above_vmm) {
		skip(NO_VMM);
		return;
	}
	expect("none", call(0, at, SEL_DATA), vmm_number);
	expect("rax", call(high, at, SEL_DATA), vmm_number);
	expect("rbx", call(0, at | high, SEL_DATA), vmm_number);
	expect("both", call(high, at | high, SEL_DATA), vmm_number);
	expect("base", call(0, (at - LOW) | high, SEL_DATA16), vmm_number);
	expect("beyond", call(0, at, SEL_DATA16), 0);
	expect("no segment", call(0, at, 0), 0);
	expect("number", call(vmm_number + 100, at, SEL_DATA), 0);
}

const struct payload_case call_cases[] = {
	{ "call-names", names },
	{ "call-prefixes", prefixes },
	{ "insn-lengths", lengths },
	{ "call-undefined", undefined },
	{ "call-upper-halves", upper_halves },
	{ NULL, NULL },
};
