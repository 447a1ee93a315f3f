/* SPDX-License-Identifier: MIT */
/* VMM calls: what call_vmm.h declares, but for what the system dictates. */
#include "call_vmm.h"

void call_vmm_answer(call_vmm_function_t *f, enum call_vmm_instruction kind,
		     int number)
{
	/*
	 * Another hypervisor may answer, too: with an error, below 0. It is
	 * not one that we could talk to.
	 */
	if (number < 0)
		return;
	f->instruction = kind;
	f->number = number;
}

int call_vmm_function_callable(const call_vmm_function_t *f)
{
	return f->instruction != CALL_VMM_NONE && f->number != 0;
}

int call_vmm_function_no_vmm(const call_vmm_function_t *f)
{
	return f->instruction == CALL_VMM_NONE;
}

void call_vmm_call_function(const call_vmm_function_t *f,
			    const call_vmm_arg_t *arg, call_vmm_ret_t *ret)
{
	intptr_t rax = f->number, rbx = arg->rbx, rcx = arg->rcx;
	intptr_t rdx = arg->rdx, rsi = arg->rsi, rdi = arg->rdi;

	if (f->instruction == CALL_VMM_VMMCALL)
		__asm__ volatile("vmmcall"
				 : "+a"(rax), "+b"(rbx), "+c"(rcx), "+d"(rdx),
				   "+S"(rsi), "+D"(rdi) : : "memory");
	else
		__asm__ volatile("vmcall"
				 : "+a"(rax), "+b"(rbx), "+c"(rcx), "+d"(rdx),
				   "+S"(rsi), "+D"(rdi) : : "memory");
	*ret = (call_vmm_ret_t){
		.rax = rax, .rbx = rbx, .rcx = rcx,
		.rdx = rdx, .rsi = rsi, .rdi = rdi,
	};
}
