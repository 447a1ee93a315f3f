/* SPDX-License-Identifier: MIT */
/*
 * int enter_vmm(entry, info): calls the VMM's entry (tandem/boot.h) with
 * interrupts off. On TANDEM_BOOT_OK it comes back as the guest, with the
 * registers that the System V ABI preserves and the stack as they were.
 */
	.text
	.globl	enter_vmm
	.hidden	enter_vmm
	.type	enter_vmm, @function
enter_vmm:
	pushfq
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, %rbp
	and	$-16, %rsp
	cli
	cld
	mov	%rdi, %rax
	mov	%rsi, %rdi
	call	*%rax
	mov	%rbp, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	popfq
	ret
	.size	enter_vmm, . - enter_vmm

	.section .note.GNU-stack, "", @progbits
