/* SPDX-License-Identifier: MIT */
/*
 * VMM calls from all modes; a part of low.S, which includes it. Results go to
 * R(20) and up, and modes.c and calls.c judge them.
 */

	shared	low_calls			/* 1: there is a VMM to call */
	.long	0
	shared	low_call_name
	.asciz	"dbgsh"
far_call:
	.long	A(call_compat)
	.word	SEL_CODE32

	.code64
/* uint64_t low_call(rax, rbx, ds): a VMM call in compatibility mode */
	.globl	low_call
low_call:
	leave64
	mov	%rdi, %rax
	mov	%rsi, %rbx
	mov	%edx, %ds
	ljmpl	*A(far_call)
	.code32
call_compat:
	vmmcall
	ljmp	$SEL_CODE64, $A(call_done)
	.code64
call_done:
	push	%rax
	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	pop	%rax
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.code32
/* By a flat DS, by one with a base (and a limit), by none. */
vmm_calls:
	cmpl	$0, A(low_calls)
	je	1f
	xor	%eax, %eax
	mov	$A(low_call_name), %ebx
	vmmcall
	mov	%eax, R(20)
	mov	$SEL_DATA16, %ecx
	mov	%ecx, %ds
	xor	%eax, %eax
	vmmcall
	mov	%eax, %edx
	xor	%eax, %eax
	mov	$O(low_call_name), %ebx
	vmmcall
	xor	%ecx, %ecx
	mov	%ecx, %ds
	mov	%eax, %edi
	xor	%eax, %eax
	mov	$A(low_call_name), %ebx
	vmmcall
	mov	$SEL_DATA, %ecx
	mov	%ecx, %ds
	mov	%edx, R(21)
	mov	%edi, R(22)
	mov	%eax, R(23)
1:	ret

	.code16
/* DS has a base and a limit; there is always one. */
vmm_calls16:
	cmpl	$0, O(low_calls)
	je	1f
	xor	%eax, %eax
	mov	$O(low_call_name), %ebx
	vmmcall
	mov	%eax, RO(20)
	mov	%eax, RO(22)
	xor	%eax, %eax
	mov	$A(low_call_name), %ebx
	vmmcall
	mov	%eax, RO(21)
1:	ret
