/* SPDX-License-Identifier: MIT */
/*
 * void native_run(struct native *n): loads the general registers and the flags
 * from n, jumps to n->code, and stores all of them again when that jumps to
 * native_back. Uses no stack in between, so that rsp may be anything.
 * struct native: gpr[16] in the order of ModRM, rflags, code.
 */
#define RFLAGS	128
#define CODE	136

	.text
	.globl	native_run, native_back
native_run:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rdi, state(%rip)
	mov	%rsp, stack(%rip)
	mov	CODE(%rdi), %rax
	mov	%rax, target(%rip)
	push	RFLAGS(%rdi)
	popfq
	mov	0*8(%rdi), %rax
	mov	1*8(%rdi), %rcx
	mov	2*8(%rdi), %rdx
	mov	3*8(%rdi), %rbx
	mov	4*8(%rdi), %rsp
	mov	5*8(%rdi), %rbp
	mov	6*8(%rdi), %rsi
	mov	8*8(%rdi), %r8
	mov	9*8(%rdi), %r9
	mov	10*8(%rdi), %r10
	mov	11*8(%rdi), %r11
	mov	12*8(%rdi), %r12
	mov	13*8(%rdi), %r13
	mov	14*8(%rdi), %r14
	mov	15*8(%rdi), %r15
	mov	7*8(%rdi), %rdi
	jmp	*target(%rip)

native_back:
	mov	%rdi, target(%rip)
	mov	state(%rip), %rdi
	mov	%rax, 0*8(%rdi)
	mov	%rcx, 1*8(%rdi)
	mov	%rdx, 2*8(%rdi)
	mov	%rbx, 3*8(%rdi)
	mov	%rsp, 4*8(%rdi)
	mov	%rbp, 5*8(%rdi)
	mov	%rsi, 6*8(%rdi)
	mov	%r8, 8*8(%rdi)
	mov	%r9, 9*8(%rdi)
	mov	%r10, 10*8(%rdi)
	mov	%r11, 11*8(%rdi)
	mov	%r12, 12*8(%rdi)
	mov	%r13, 13*8(%rdi)
	mov	%r14, 14*8(%rdi)
	mov	%r15, 15*8(%rdi)
	mov	target(%rip), %rax
	mov	%rax, 7*8(%rdi)
	mov	stack(%rip), %rsp
	pushfq
	pop	RFLAGS(%rdi)
	cld
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	.bss
	.balign	8
state:	.quad	0
stack:	.quad	0
target:	.quad	0

	.section .note.GNU-stack, "", @progbits
