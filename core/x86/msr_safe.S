/* SPDX-License-Identifier: MIT */
/*
 * MSR accesses that may fault, see msr_safe.h: at #GP trap_in_root goes on at
 * msr_faulted.
 */
	.text
	.globl	msr_read_safe, msr_read_at
msr_read_safe:
	mov	%edi, %ecx
msr_read_at:
	rdmsr
	mov	%eax, (%rsi)
	mov	%edx, 4(%rsi)
	mov	$1, %eax
	ret

	.globl	msr_write_safe, msr_write_at
msr_write_safe:
	mov	%edi, %ecx
	mov	%esi, %eax
	mov	%rsi, %rdx
	shr	$32, %rdx
msr_write_at:
	wrmsr
	mov	$1, %eax
	ret

	.globl	msr_faulted
msr_faulted:
	xor	%eax, %eax
	ret

	.section .note.GNU-stack, "", @progbits
