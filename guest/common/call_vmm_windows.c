/* SPDX-License-Identifier: MIT */
/*
 * VMM calls: an instruction that the CPU refuses is an exception on Windows,
 * which a vectored handler sees before all others. The handler does not jump
 * itself, for it runs on top of the system's own frames: it has the thread go
 * on in a function that does.
 */
#include "call_vmm.h"

#include <windows.h>

#ifdef _WIN64
#define PC	Rip
#define SP	Rsp
#else
#define PC	Eip
#define SP	Esp
#endif

/* Of the stack: room for what a function called there may write above it. */
#define STACK_GAP	256

call_vmm_jump_t call_vmm_refused;
static PVOID handler;
static DWORD thread;		/* the one that tries */

static void __attribute__((noinline, noreturn)) jump(void)
{
	__builtin_longjmp(call_vmm_refused, 1);
}

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *e)
{
	CONTEXT *context = e->ContextRecord;

	if (GetCurrentThreadId() != thread)
		return EXCEPTION_CONTINUE_SEARCH;
	switch (e->ExceptionRecord->ExceptionCode) {
	case EXCEPTION_ILLEGAL_INSTRUCTION:
	case EXCEPTION_PRIV_INSTRUCTION:
	case EXCEPTION_ACCESS_VIOLATION:
		break;
	default:
		return EXCEPTION_CONTINUE_SEARCH;
	}
	/* As behind a CALL: a return address below a multiple of 16. */
	context->SP = ((context->SP - STACK_GAP) & ~(uintptr_t)15) -
		sizeof(void *);
	context->PC = (uintptr_t)jump;
	return EXCEPTION_CONTINUE_EXECUTION;
}

void call_vmm_catch(void)
{
	thread = GetCurrentThreadId();
	handler = AddVectoredExceptionHandler(1, on_exception);
}

void call_vmm_release(void)
{
	if (handler)
		RemoveVectoredExceptionHandler(handler);
	handler = NULL;
}
