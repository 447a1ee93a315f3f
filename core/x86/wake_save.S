/* SPDX-License-Identifier: MIT */
/*
 * int wake_save(void (*enter)(void)) returns twice: 0 when enter comes back,
 * and 1 when a CPU woke up and came through the trampoline to wake_entry. Below
 * wake_rsp the stack is free then: what enter had there is gone with it.
 */
	.text
	.globl	wake_save, wake_entry
wake_save:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	sub	$8, %rsp
	mov	%rsp, wake_rsp(%rip)
	call	*%rdi
	xor	%eax, %eax
	jmp	1f

wake_entry:
	sub	$8, %rsp
	call	wake_restore
	mov	wake_rsp(%rip), %rsp
	mov	$1, %eax
1:	add	$8, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.bss
	.balign	8
	.globl	wake_rsp
wake_rsp:	.skip	8

	.section .note.GNU-stack, "", @progbits
