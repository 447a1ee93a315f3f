/* SPDX-License-Identifier: MIT */
/*
 * panic(): notes the registers as the caller had them, then goes on in C
 * (panic_formatted, core/panic.c) with arguments and stack as they were given.
 */
	.macro	note reg, index
	mov	%\reg, panic_registers + \index*8(%rip)
	.endm

	.text
	.globl	panic
panic:
	note	r15, 0
	note	r14, 1
	note	r13, 2
	note	r12, 3
	note	r11, 4
	note	r10, 5
	note	r9, 6
	note	r8, 7
	note	rdi, 8
	note	rsi, 9
	note	rbp, 10
	note	rbx, 11
	note	rdx, 12
	note	rcx, 13
	note	rax, 14
	mov	(%rsp), %rax
	note	rax, 17				/* rip: the caller's */
	lea	8(%rsp), %rax
	note	rax, 20				/* rsp */
	xor	%eax, %eax			/* no vector registers in use */
	jmp	panic_formatted

	.section .note.GNU-stack, "", @progbits
