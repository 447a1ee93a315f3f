/* SPDX-License-Identifier: MIT */
/*
 * Where a loader enters the VMM (tandem/boot.h): in 64-bit mode, on the
 * firmware's stack and identity mapping, at the physical address of the
 * image. Saves what the caller expects to find again, builds page tables that
 * map the block at its link address beside the firmware's mapping, and goes
 * on in C. Position independent until the jump.
 */
#include "boot_state.h"

	.section .boot.text, "ax"
	.globl tandem_entry
tandem_entry:
	cli
	cld
	lea	boot_state(%rip), %rax
	mov	%rbx, BOOT_RBX(%rax)
	mov	%rbp, BOOT_RBP(%rax)
	mov	%r12, BOOT_R12(%rax)
	mov	%r13, BOOT_R13(%rax)
	mov	%r14, BOOT_R14(%rax)
	mov	%r15, BOOT_R15(%rax)
	mov	%rsp, BOOT_RSP(%rax)
	mov	%cr3, %rcx
	mov	%rcx, BOOT_CR3(%rax)
	mov	%rdi, %r12

	/* r13 = where the block is: this code is its beginning */
	lea	tandem_entry(%rip), %r13

	/* block: 2 MiB pages at the link address, 64 MiB of them */
	lea	early_pd(%rip), %rdi
	mov	%r13, %rax
	or	$0x83, %rax			/* present, writable, large */
	mov	$32, %ecx
1:	mov	%rax, (%rdi)
	add	$8, %rdi
	add	$0x200000, %rax
	dec	%ecx
	jnz	1b
	lea	early_pd(%rip), %rax
	or	$3, %rax
	lea	early_pdpt(%rip), %rdi
	mov	%rax, 510*8(%rdi)
	lea	early_pdpt(%rip), %rax
	or	$3, %rax
	lea	early_pml4(%rip), %rdi
	mov	%rax, 511*8(%rdi)
	/* the firmware's identity mapping of the first 512 GiB stays */
	mov	%cr3, %rsi
	and	$~0xfff, %rsi
	mov	(%rsi), %rax
	mov	%rax, (%rdi)
	mov	%rdi, %cr3

	movabs	$1f, %rax
	jmp	*%rax
1:	movabs	$boot_stack_top, %rsp
	xor	%ebp, %ebp
	mov	%r12, %rdi			/* boot information */
	mov	%r13, %rsi			/* where the block is */
	call	vmm_main

	/* it refused: rax = TANDEM_BOOT_*; put the caller's world back */
	movabs	$boot_state, %rdx
	mov	BOOT_RBX(%rdx), %rbx
	mov	BOOT_RBP(%rdx), %rbp
	mov	BOOT_R12(%rdx), %r12
	mov	BOOT_R13(%rdx), %r13
	mov	BOOT_R14(%rdx), %r14
	mov	BOOT_R15(%rdx), %r15
	mov	BOOT_RSP(%rdx), %rsi
	mov	BOOT_CR3(%rdx), %rcx
	lea	2f(%rip), %rdi
	/* the last instructions run at the physical address again */
	movabs	$image_start, %r8
	sub	%r8, %rdi
	add	early_phys(%rip), %rdi
	jmp	*%rdi
2:	mov	%rsi, %rsp
	mov	%rcx, %cr3
	ret

	.bss
	.balign	4096
early_pml4:	.skip 4096
early_pdpt:	.skip 4096
early_pd:	.skip 4096

	.section .note.GNU-stack, "", @progbits
