/* SPDX-License-Identifier: MIT */
/*
 * Where a CPU comes from the page below 1 MiB that was reset beneath the VMM
 * (lost.c): it finds its stack by its APIC ID. Several may come at once.
 */
	.text
	.globl	lost_entry, lost_scratch
lost_entry:
	mov	$1, %eax
	cpuid
	shr	$24, %ebx
	lea	lost_stacks(%rip), %rax
	mov	(%rax,%rbx,8), %rsp
	xor	%ebp, %ebp
	test	%rsp, %rsp
	jz	1f
	call	lost_back			/* does not return */
1:	cli
	hlt
	jmp	1b

	.bss
	.balign	16
lost_scratch:	.skip	16		/* what the page pushes */

	.section .note.GNU-stack, "", @progbits
