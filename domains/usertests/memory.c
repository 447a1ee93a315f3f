/* SPDX-License-Identifier: MIT */
/* Does each page have its rights, each region its end, and each start its place? */
#include "cases.h"

#include <stdlib.h>

#define STARTS		8
#define STACK_SIZE	65536

/* In assembly, so that the compiler does not see what is wrong with it. */
static int load(uint64_t address)
{
	__asm__ volatile("movb (%0), %%al" : : "r"(address) : "rax");
	return 0;
}

static int store(uint64_t address)
{
	__asm__ volatile("movb $1, (%0)" : : "r"(address) : "memory");
	return 0;
}

static int run(uint64_t address)
{
	*(volatile uint8_t *)address = 0xc3;		/* ret */
	((void (*)(void))address)();
	return 0;
}

static uint64_t stack_here(void)
{
	return (uintptr_t)__builtin_frame_address(0);
}

static uint64_t heap_end(void)
{
	return domain_start->heap_base + domain_start->heap_size;
}

static int read_null(void) { return load(0); }
static int write_null(void) { return store(8); }
static int read_vmm(void) { return load(0xffffffff80000000); }
static int write_vmm(void) { return store(0xffffffff80000000); }
static int read_guest(void) { return load(0xffff800000100000); }
static int write_guest(void) { return store(0xffff800000100000); }
static int read_registers(void) { return load(0xffffff0000000000); }
static int read_not_canonical(void) { return load(0x8000000000000000); }
static int read_border(void) { return load(0x800000000000); }
static int write_code(void) { return store((uintptr_t)domain_main); }

static const char constant[] = "constant";
static int write_constant(void) { return store((uintptr_t)constant); }

/* Relocated by the core, read-only to its program all the same. */
static int (*const table[])(void) = { read_null, write_null };
static int write_relocated(void) { return store((uintptr_t)table); }

static char data[16];
static int run_data(void) { return run((uintptr_t)data); }
static int run_stack(void) { return run(stack_here() - 512); }
static int run_heap(void) { return run(domain_start->heap_base); }

static int jump_null(void)
{
	((void (*)(void))(uintptr_t)data[0])();
	return 0;
}

static int jump_vmm(void)
{
	__asm__ volatile("jmp *%0" : : "r"(0xffffffff80000000));
	return 0;
}

static int heap_before(void) { return load(domain_start->heap_base - 1); }
static int heap_behind(void) { return store(heap_end()); }

/* 64 KiB of stack: the top page's end is above everything pushed so far. */
static uint64_t stack_base(void)
{
	uint64_t top = (stack_here() + 4095) & ~4095ull;

	return top - STACK_SIZE;
}

static int stack_end(void)
{
	volatile char *p = (volatile char *)stack_base();

	for (size_t i = STACK_SIZE; i > 4096; i -= 4096)
		p[i - 4096] = 1;
	return 0;
}

static int stack_beneath(void) { return store(stack_base() - 1); }
static int stack_far_beneath(void) { return store(stack_base() - 131072); }

static int without_end = 1;

static __attribute__((noinline)) int deeper(int n)
{
	volatile char room[200];

	room[0] = (char)n;
	return *(volatile int *)&without_end ? deeper(n + 1) + room[0] : 0;
}

static int recursion(void)
{
	return deeper(0);
}

/* A call or a fault may not rest on the stack pointer of the program. */
static int stack_pointer_null(void)
{
	__asm__ volatile("xorl %%esp, %%esp\n pushq $0" : : : "memory");
	return 0;
}

static int stack_pointer_vmm(void)
{
	__asm__ volatile("movq %0, %%rsp\n movl %1, %%eax\n int $4\n pushq $0"
			 : : "r"(0xffffffff80001000), "i"(SYS_TIME)
			 : "rax", "memory");
	return 0;
}

static int frame_pointer_loops(void)
{
	__asm__ volatile("pushq $1\n pushq $0\n movq %%rsp, (%%rsp)\n"
			 "movq %%rsp, %%rbp\n ud2" : : : "memory");
	return 0;
}

static int frame_pointer_vmm(void)
{
	__asm__ volatile("movq $-2147483648, %%rbp\n ud2" : : : "memory");
	return 0;
}

/* All of the heap is there, is zero, and is all that there is. */
static int heap_whole(void)
{
	const char *heap = (const char *)domain_start->heap_base;
	size_t size = domain_start->heap_size;

	CHECK(size == CONFIG_DOMAIN_MEMORY_KIB * 1024ul);
	for (size_t i = 0; i < size; i += 512)
		CHECK(heap[i] == 0);
	memset((void *)domain_start->heap_base, 0xff, size);
	CHECK(heap[size - 1] == (char)0xff);
	return 0;
}

static int heap_used_up(void)
{
	size_t got = 0;
	char *p;

	while ((p = malloc(1000))) {
		memset(p, 0xff, 1000);
		got += 1000;
	}
	/* NOLINTNEXTLINE: what is held goes with the program */
	CHECK(got > CONFIG_DOMAIN_MEMORY_KIB * 1024ul * 9 / 10);
	CHECK(got < CONFIG_DOMAIN_MEMORY_KIB * 1024ul);
	return 0;
}

static int abort_ends(void)
{
	abort();
}

/* Nothing is where it was at another start, nor at the same distance. */
static int places_differ(void)
{
	static struct places seen[STARTS];

	for (size_t i = 0; i < STARTS; i++) {
		struct places *a = &seen[i];
		struct msg_buf buf = {
			.base = a, .len = sizeof(*a), .writable = 1,
		};

		CHECK(start_role(ROLE_PLACES, &buf, 1) == 0);
		CHECK(a->code && a->heap && a->stack && a->buffer);
		for (size_t k = 0; k < i; k++) {
			struct places *b = &seen[k];

			CHECK(a->code != b->code && a->heap != b->heap);
			CHECK(a->stack != b->stack && a->buffer != b->buffer);
			CHECK(a->heap - a->code != b->heap - b->code);
			CHECK(a->stack - a->code != b->stack - b->code);
			CHECK(a->buffer - a->code != b->buffer - b->code);
			CHECK(a->data - a->code == b->data - b->code);
		}
	}
	return 0;
}

static const struct test_case cases[] = {
	{ "read_null", read_null, IS_ENDED },
	{ "write_null", write_null, IS_ENDED },
	{ "read_vmm", read_vmm, IS_ENDED },
	{ "write_vmm", write_vmm, IS_ENDED },
	{ "read_guest", read_guest, IS_ENDED },
	{ "write_guest", write_guest, IS_ENDED },
	{ "read_registers", read_registers, IS_ENDED },
	{ "read_not_canonical", read_not_canonical, IS_ENDED },
	{ "read_border", read_border, IS_ENDED },
	{ "write_code", write_code, IS_ENDED },
	{ "write_constant", write_constant, IS_ENDED },
	{ "write_relocated", write_relocated, IS_ENDED },
	{ "run_data", run_data, IS_ENDED },
	{ "run_stack", run_stack, IS_ENDED },
	{ "run_heap", run_heap, IS_ENDED },
	{ "jump_null", jump_null, IS_ENDED },
	{ "jump_vmm", jump_vmm, IS_ENDED },
	{ "heap_before", heap_before, IS_ENDED },
	{ "heap_behind", heap_behind, IS_ENDED },
	{ "heap_whole", heap_whole, RETURNS },
	{ "heap_used_up", heap_used_up, RETURNS },
	{ "stack_end", stack_end, RETURNS },
	{ "stack_beneath", stack_beneath, IS_ENDED },
	{ "stack_far_beneath", stack_far_beneath, IS_ENDED },
	{ "recursion", recursion, IS_ENDED },
	{ "stack_pointer_null", stack_pointer_null, IS_ENDED },
	{ "stack_pointer_vmm", stack_pointer_vmm, IS_ENDED },
	{ "frame_pointer_loops", frame_pointer_loops, IS_ENDED },
	{ "frame_pointer_vmm", frame_pointer_vmm, IS_ENDED },
	{ "abort", abort_ends, IS_ENDED },
	{ "places_differ", places_differ, RETURNS },
};

const struct test_group memory_cases = GROUP(cases);
