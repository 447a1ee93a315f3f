/* SPDX-License-Identifier: MIT */
/*
 * VMM calls from a program in the guest (docs/vmmcall.md), 32 and 64 bit. No
 * operand: VMMCALL (AMD) or VMCALL (Intel) with the function's number in rax
 * and arguments in registers; the wrong one of the two, or either without a
 * VMM, is an invalid instruction. How that is caught depends on the operating
 * system: call_vmm_posix.c, call_vmm_windows.c. A program links one of them and
 * call_vmm.c; its manual is call_vmm.3.
 *
 *	call_vmm_function_t f;
 *
 *	CALL_VMM_GET_FUNCTION("dbgsh", &f);
 *	if (call_vmm_function_callable(&f))
 *		call_vmm_call_function(&f, &arg, &ret);
 */
#ifndef GUEST_CALL_VMM_H
#define GUEST_CALL_VMM_H

#include <stdint.h>

enum call_vmm_instruction {
	CALL_VMM_NONE,			/* neither: no VMM answers */
	CALL_VMM_VMCALL,
	CALL_VMM_VMMCALL,
};

typedef struct {
	enum call_vmm_instruction instruction;
	int number;			/* 0: no function of that name */
} call_vmm_function_t;

typedef struct {
	intptr_t rbx, rcx, rdx, rsi, rdi;
} call_vmm_arg_t;

typedef struct {
	intptr_t rax, rbx, rcx, rdx, rsi, rdi;
} call_vmm_ret_t;

/*
 * Find out which instruction works and the function's number; name is a
 * string literal of less than 1000 bytes. f is filled in any case. Not for two
 * threads at once: what happens at a refused instruction is changed for the time
 * of the try.
 */
#define CALL_VMM_GET_FUNCTION(name, f)					\
	do {								\
		call_vmm_function_t *call_vmm_f = (f);			\
									\
		CALL_VMM_TRY(call_vmm_f, CALL_VMM_VMMCALL, "vmmcall",	\
			     name);					\
		if (call_vmm_function_no_vmm(call_vmm_f))		\
			CALL_VMM_TRY(call_vmm_f, CALL_VMM_VMCALL,	\
				     "vmcall", name);			\
	} while (0)

/* 1: the function can be called; 0: no such instruction or name. */
int call_vmm_function_callable(const call_vmm_function_t *f);

/* 1: no VMM answered; 0: one did, whether it knows the name or not. */
int call_vmm_function_no_vmm(const call_vmm_function_t *f);

/* The call. f must be callable. */
void call_vmm_call_function(const call_vmm_function_t *f,
			    const call_vmm_arg_t *arg, call_vmm_ret_t *ret);

/* ---- how a name is asked for ---- */

/*
 * Where a refused instruction goes on. The compiler's own pair is for Windows,
 * whose longjmp() unwinds frames and may not be used after an exception.
 */
#ifdef _WIN32
typedef void *call_vmm_jump_t[5];
#define CALL_VMM_SETJMP(jump)	__builtin_setjmp(jump)
#else
#include <setjmp.h>
typedef sigjmp_buf call_vmm_jump_t;
#define CALL_VMM_SETJMP(jump)	sigsetjmp((jump), 1)
#endif
extern call_vmm_jump_t call_vmm_refused;

/* From catch to release a refused instruction jumps to call_vmm_refused. */
void call_vmm_catch(void);
void call_vmm_release(void);

/* An instruction of that kind was no error and gave number. */
void call_vmm_answer(call_vmm_function_t *f, enum call_vmm_instruction kind,
		     int number);

#define CALL_VMM_TRY(f, kind, instruction_text, name)			\
	do {								\
		(f)->instruction = CALL_VMM_NONE;			\
		(f)->number = 0;					\
		call_vmm_catch();					\
		if (CALL_VMM_SETJMP(call_vmm_refused) == 0) {		\
			int call_vmm_number;				\
									\
			__asm__ volatile(				\
				CALL_VMM_ASK(instruction_text, name)	\
				"	test	%%eax, %%eax\n"		\
				"	jnz	3f\n"			\
				CALL_VMM_ASK(instruction_text, name)	\
				"3:\n"					\
				: "=a"(call_vmm_number)			\
				: : CALL_VMM_BX, "cc", "memory");	\
			call_vmm_answer((f), (kind), call_vmm_number);	\
		}							\
		call_vmm_release();					\
	} while (0)

/*
 * The VMM reads the name from the guest's memory, where a page may not be
 * present. So the name and the instruction stand side by side, twice: at most
 * one page border lies within the two, so one of them is wholly on the page
 * that is being executed, which is present.
 */
#define CALL_VMM_ASK(instruction_text, name)				\
	"	xor	%%eax, %%eax\n"				\
	CALL_VMM_ADDRESS("1")						\
	"	jmp	2f\n"						\
	"1:	.asciz	\"" name "\"\n"					\
	"2:	" instruction_text "\n"

/* Address of a label further on, into rbx. */
#ifdef __x86_64__
#define CALL_VMM_BX	"rbx"
#define CALL_VMM_ADDRESS(label)						\
	"	lea	" label "f(%%rip), %%rbx\n"
#else
#define CALL_VMM_BX	"ebx"
#define CALL_VMM_ADDRESS(label)						\
	"	call	7f\n"						\
	"7:	pop	%%ebx\n"					\
	"	add	$" label "f - 7b, %%ebx\n"
#endif

#endif
