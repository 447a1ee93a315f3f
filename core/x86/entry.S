/* SPDX-License-Identifier: MIT */
/*
 * Where a loader enters the VMM (tandem/boot.h): in 64-bit mode, on the
 * firmware's stack and identity mapping, at the physical address of the
 * image. tandem_entry, on one CPU, saves what the caller expects to find
 * again, builds page tables that map the block at its link address beside the
 * firmware's mapping, and goes on in C. tandem_ap_entry, on each other CPU,
 * waits until the first says what to do. Position independent until the jump.
 */
#include "boot_state.h"

#define STACK_SIZE	32768
#define EARLY_PAGES	32		/* of 2 MiB */
#define LARGE_PAGE	0x83		/* present, writable, large */
#define TABLE		3
#define MSR_VM_CR	0xc0010114
#define VM_CR_SVMDIS	(1 << 4)
#define AP_COME		1
#define BOOT_DISABLED	2		/* TANDEM_BOOT_DISABLED */
#define BOOT_FAILED	5
#define BOOT_MANY_CPUS	6

	/* the caller's registers into the struct boot_state at rax */
	.macro	save_caller
	mov	%rbx, BOOT_RBX(%rax)
	mov	%rbp, BOOT_RBP(%rax)
	mov	%r12, BOOT_R12(%rax)
	mov	%r13, BOOT_R13(%rax)
	mov	%r14, BOOT_R14(%rax)
	mov	%r15, BOOT_R15(%rax)
	mov	%rsp, BOOT_RSP(%rax)
	mov	%cr3, %rcx
	mov	%rcx, BOOT_CR3(%rax)
	.endm

	.section .boot.text, "ax"
	.globl tandem_entry
tandem_entry:
	cli
	cld
	lea	boot_state(%rip), %rax
	save_caller
	mov	%rdi, %r12

	/* r13 = where the block is: this code is its beginning */
	lea	tandem_entry(%rip), %r13

	lea	early_pd(%rip), %rdi
	mov	%r13, %rax
	or	$LARGE_PAGE, %rax
	mov	$EARLY_PAGES, %ecx
1:	mov	%rax, (%rdi)
	add	$8, %rdi
	add	$0x200000, %rax
	dec	%ecx
	jnz	1b
	lea	early_pd(%rip), %rax
	or	$TABLE, %rax
	lea	early_pdpt(%rip), %rdi
	mov	%rax, 510*8(%rdi)
	lea	early_pdpt(%rip), %rax
	or	$TABLE, %rax
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
1:	movabs	$cpu_stacks + STACK_SIZE - 16, %rsp
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

	/* no stack, no memory but its own struct boot_state, until it is let in */
	.globl	tandem_ap_entry
tandem_ap_entry:
	cli
	cld
	mov	$MSR_VM_CR, %ecx
	rdmsr
	mov	%eax, %esi
	mov	$1, %r8d
	lock xadd %r8d, ap_count(%rip)
	inc	%r8d				/* this CPU's index */
	mov	$BOOT_MANY_CPUS, %eax
	cmp	$CONFIG_MAX_CPUS, %r8d
	jae	3f
	mov	$BOOT_DISABLED, %eax
	test	$VM_CR_SVMDIS, %esi
	jz	1f
	lock incl ap_disabled(%rip)
	jmp	3f
1:	imul	$BOOT_STATE_SIZE, %r8d, %eax
	lea	boot_state(%rip), %rcx
	add	%rcx, %rax
	save_caller
	mov	$BOOT_FAILED, %eax
1:	pause
	mov	ap_order(%rip), %ecx
	jecxz	1b
	cmp	$AP_COME, %ecx
	jne	3f
	lea	early_pml4(%rip), %rax
	mov	%rax, %cr3
	movabs	$2f, %rax
	jmp	*%rax
2:	imul	$STACK_SIZE, %r8, %rax
	movabs	$cpu_stacks + STACK_SIZE - 16, %rsp
	add	%rax, %rsp
	xor	%ebp, %ebp
	mov	%r8d, %edi
	call	ap_main				/* does not return */
3:	ret

	.bss
	.balign	4096
early_pml4:	.skip 4096
early_pdpt:	.skip 4096
early_pd:	.skip 4096

	.section .note.GNU-stack, "", @progbits
