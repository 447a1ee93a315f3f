/* SPDX-License-Identifier: MIT */
/* What happens with instructions that are not for ring 3, or never end? */
#include "cases.h"

#define INSTRUCTION(name, text) \
	static int name(void) \
	{ \
		__asm__ volatile(text : : : "rax", "rcx", "rdx", "memory"); \
		return 0; \
	}

INSTRUCTION(undefined, "ud2")
INSTRUCTION(divide, "xorl %%ecx, %%ecx\n movl $1, %%eax\n cltd\n idivl %%ecx")
INSTRUCTION(sse, "pxor %%xmm0, %%xmm0")
INSTRUCTION(sse_move, "movups (%%rsp), %%xmm1")
INSTRUCTION(avx, ".byte 0xc5, 0xf8, 0x77")		/* vzeroupper */
INSTRUCTION(mmx, "movd %%eax, %%mm0")
INSTRUCTION(x87, "fld1")
INSTRUCTION(vmmcall, "vmmcall")
INSTRUCTION(vmcall, "vmcall")
INSTRUCTION(vmrun, "xorl %%eax, %%eax\n vmrun")
INSTRUCTION(clgi, "clgi")
INSTRUCTION(cli, "cli")
INSTRUCTION(sti, "sti")
INSTRUCTION(hlt, "hlt")
INSTRUCTION(port_in, "inb $0x80, %%al")
INSTRUCTION(port_out, "outb %%al, $0x80")
INSTRUCTION(read_msr, "movl $0xc0000080, %%ecx\n rdmsr")
INSTRUCTION(write_msr, "movl $0xc0000080, %%ecx\n wrmsr")
INSTRUCTION(read_cr0, "movq %%cr0, %%rax")
INSTRUCTION(write_cr3, "movq %%rax, %%cr3")
INSTRUCTION(write_dr7, "movq %%rax, %%dr7")
INSTRUCTION(clear_ts, "clts")
INSTRUCTION(invalidate, "invlpg (%%rsp)")
INSTRUCTION(write_back, "wbinvd")
INSTRUCTION(load_idt, "lidt (%%rsp)")
INSTRUCTION(load_tr, "xorl %%eax, %%eax\n ltr %%ax")
INSTRUCTION(swap_gs, "swapgs")
INSTRUCTION(sys_return, "xorl %%ecx, %%ecx\n sysretq")
INSTRUCTION(sys_enter, "sysenter")
INSTRUCTION(sys_call, "syscall")
INSTRUCTION(kernel_data, "movl $0x10, %%eax\n movl %%eax, %%ds")
INSTRUCTION(kernel_stack, "movl $0x10, %%eax\n movl %%eax, %%ss")
INSTRUCTION(kernel_code, "pushq $0x08\n leaq 1f(%%rip), %%rax\n pushq %%rax\n"
	    "lretq\n 1:")
INSTRUCTION(iret_to_kernel, "movq %%rsp, %%rcx\n pushq $0x10\n pushq %%rcx\n"
	    "pushq $2\n pushq $0x08\n leaq 1f(%%rip), %%rax\n pushq %%rax\n"
	    "iretq\n 1:")
INSTRUCTION(breakpoint, "int3")
INSTRUCTION(int_nmi, "int $2")
INSTRUCTION(int_page_fault, "int $14")
INSTRUCTION(int_17, "int $0x17")
INSTRUCTION(int_80, "int $0x80")
INSTRUCTION(int_ff, "int $0xff")
INSTRUCTION(single_step, "pushfq\n orq $0x100, (%%rsp)\n popfq\n nop")

/* Flags that ring 3 can set must do nothing in the core, nor be lost. */
static int flags(void)
{
	uint64_t after;

	__asm__ volatile(
		/* AC, DF, NT and the interrupt flag, which stays as it is */
		"pushfq\n pushfq\n orq $0x44600, (%%rsp)\n popfq\n"
		"movl %1, %%eax\n int $4\n"
		"pushfq\n popq %0\n popfq\n cld\n"
		: "=&r"(after) : "i"(SYS_TIME) : "rax", "cc", "memory");
	CHECK((after & 0x44400) == 0x44400);
	CHECK(!(after & 0x3000));		/* no I/O privilege */
	return 0;
}

static int endless_loop(void)
{
	for (;;)
		__asm__ volatile("");
	return 0;
}

static int endless_calls(void)
{
	for (;;)
		sys_time();
	return 0;
}

/* One that makes the core work counts as its own time, too. */
static int endless_starts(void)
{
	for (;;)
		msgclose(new_role());
	return 0;
}

static const struct test_case cases[] = {
	{ "undefined", undefined, IS_ENDED },
	{ "divide", divide, IS_ENDED },
	{ "sse", sse, IS_ENDED },
	{ "sse_move", sse_move, IS_ENDED },
	{ "avx", avx, IS_ENDED },
	{ "mmx", mmx, IS_ENDED },
	{ "x87", x87, IS_ENDED },
	{ "vmmcall", vmmcall, IS_ENDED },
	{ "vmcall", vmcall, IS_ENDED },
	{ "vmrun", vmrun, IS_ENDED },
	{ "clgi", clgi, IS_ENDED },
	{ "cli", cli, IS_ENDED },
	{ "sti", sti, IS_ENDED },
	{ "hlt", hlt, IS_ENDED },
	{ "port_in", port_in, IS_ENDED },
	{ "port_out", port_out, IS_ENDED },
	{ "read_msr", read_msr, IS_ENDED },
	{ "write_msr", write_msr, IS_ENDED },
	{ "read_cr0", read_cr0, IS_ENDED },
	{ "write_cr3", write_cr3, IS_ENDED },
	{ "write_dr7", write_dr7, IS_ENDED },
	{ "clear_ts", clear_ts, IS_ENDED },
	{ "invalidate", invalidate, IS_ENDED },
	{ "write_back", write_back, IS_ENDED },
	{ "load_idt", load_idt, IS_ENDED },
	{ "load_tr", load_tr, IS_ENDED },
	{ "swap_gs", swap_gs, IS_ENDED },
	{ "sys_return", sys_return, IS_ENDED },
	{ "sys_enter", sys_enter, IS_ENDED },
	{ "sys_call", sys_call, IS_ENDED },
	{ "kernel_data", kernel_data, IS_ENDED },
	{ "kernel_stack", kernel_stack, IS_ENDED },
	{ "kernel_code", kernel_code, IS_ENDED },
	{ "iret_to_kernel", iret_to_kernel, IS_ENDED },
	{ "breakpoint", breakpoint, IS_ENDED },
	{ "int_nmi", int_nmi, IS_ENDED },
	{ "int_page_fault", int_page_fault, IS_ENDED },
	{ "int_17", int_17, IS_ENDED },
	{ "int_80", int_80, IS_ENDED },
	{ "int_ff", int_ff, IS_ENDED },
	{ "single_step", single_step, IS_ENDED },
	{ "flags", flags, RETURNS },
	{ "endless_loop", endless_loop, IS_ENDED },
	{ "endless_calls", endless_calls, IS_ENDED },
	{ "endless_starts", endless_starts, IS_ENDED },
};

const struct test_group instruction_cases = GROUP(cases);
