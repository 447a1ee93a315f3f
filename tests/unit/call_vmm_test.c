/* SPDX-License-Identifier: MIT */
/*
 * Does the library for VMM calls place a name as the contract says, and
 * survive an instruction that the CPU refuses? Instructions of our own stand
 * in for VMMCALL, so that it does not matter what is beneath the host. The
 * same program is made for other systems (guest/build.mk).
 */
#include "check.h"

#include <call_vmm.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned int checks;

#ifdef __x86_64__
#define FIRST_LETTER	"movzbl	(%%rbx), %%eax"
#define LAST_LETTER	"movzbl	4(%%rbx), %%eax"
#define NAME_END	"movzbl	5(%%rbx), %%eax\n	inc	%%eax"
#define DISTANCE	"lea	5f(%%rip), %%rax\n5:	sub %%ebx, %%eax"
#else
#define FIRST_LETTER	"movzbl	(%%ebx), %%eax"
#define LAST_LETTER	"movzbl	4(%%ebx), %%eax"
#define NAME_END	"movzbl	5(%%ebx), %%eax\n	inc	%%eax"
#define DISTANCE	"call	5f\n5:	pop	%%eax\n	sub %%ebx, %%eax"
#endif

static void rbx_has_the_name(void)
{
	call_vmm_function_t f;

	CALL_VMM_TRY(&f, CALL_VMM_VMCALL, FIRST_LETTER, "dbgsh");
	CHECK(f.number == 'd');
	CALL_VMM_TRY(&f, CALL_VMM_VMCALL, LAST_LETTER, "dbgsh");
	CHECK(f.number == 'h');
	CALL_VMM_TRY(&f, CALL_VMM_VMCALL, NAME_END, "dbgsh");
	CHECK(f.number == 1);
	CHECK(call_vmm_function_callable(&f) && !call_vmm_function_no_vmm(&f));
}

/* The second place is another instruction here than the first. */
#define ANSWERS_AT_THE_SECOND						\
	".ifndef call_vmm_test_first\n"					\
	"	.set	call_vmm_test_first, 1\n"			\
	".else\n"							\
	"	mov	$5, %%eax\n"					\
	".endif"

static void an_unknown_name_is_asked_for_twice(void)
{
	call_vmm_function_t f;

	CALL_VMM_TRY(&f, CALL_VMM_VMMCALL, ANSWERS_AT_THE_SECOND, "x");
	CHECK(f.number == 5);
	CALL_VMM_TRY(&f, CALL_VMM_VMMCALL, "nop", "x");
	CHECK(f.number == 0);
	CHECK(!call_vmm_function_callable(&f) && !call_vmm_function_no_vmm(&f));
}

static void name_and_instruction_are_side_by_side(void)
{
	call_vmm_function_t f;

	CALL_VMM_TRY(&f, CALL_VMM_VMCALL,
		     DISTANCE, "dbgsh");
	CHECK(f.number >= 6 && f.number < 16);
}

static void a_refused_instruction_means_no_vmm(void)
{
	call_vmm_function_t f;

	CALL_VMM_TRY(&f, CALL_VMM_VMMCALL, "ud2", "dbgsh");
	CHECK(call_vmm_function_no_vmm(&f));
	CALL_VMM_TRY(&f, CALL_VMM_VMMCALL, "hlt", "dbgsh");
	CHECK(call_vmm_function_no_vmm(&f));
	CALL_VMM_TRY(&f, CALL_VMM_VMMCALL, "movl %%eax, 8", "dbgsh");
	CHECK(call_vmm_function_no_vmm(&f));
	CALL_VMM_TRY(&f, CALL_VMM_VMMCALL, "ud2", "dbgsh");
	CHECK(!call_vmm_function_callable(&f));
}

static void another_hypervisors_error_is_no_vmm(void)
{
	call_vmm_function_t f;

	CALL_VMM_TRY(&f, CALL_VMM_VMCALL, "mov	$-1000, %%eax", "dbgsh");
	CHECK(call_vmm_function_no_vmm(&f));
}

int main(void)
{
	rbx_has_the_name();
	an_unknown_name_is_asked_for_twice();
	name_and_instruction_are_side_by_side();
	a_refused_instruction_means_no_vmm();
	another_hypervisors_error_is_no_vmm();
	printf("%u checks\n", checks);
	return 0;
}
