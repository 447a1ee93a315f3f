/* SPDX-License-Identifier: MIT */
/*
 * Exceptions and interrupts of the fuzzing guest, the way back from them, and
 * the way into code with any registers. Each stack that the CPU takes for an
 * exception is one page with the CPU's struct fuzz_cpu at its lowest end.
 */
#define RECOVER_RSP	0
#define RESTART_RSP	8
#define SEL_CODE	0x08
#define SEL_DATA	0x10

	.text
	.balign	16
	.globl	vector_stubs
	.globl	exception_common
	.hidden	exception_common, vector_stubs, recover, exception_taken, interrupt_taken, cpu_again
vector_stubs:
	.set	i, 0
	.rept	256
	.balign	16
	push	$i
	.if	i < 32 && i != 2
	jmp	exception_common
	.else
	jmp	interrupt_common
	.endif
	.set	i, i + 1
	.endr

	/*
	 * What an operation was doing does not matter any more. With an error
	 * code below the vector, the rip that is told is one word off: the
	 * alignment of the CPU's push tells.
	 */
exception_common:
	cld
	pop	%rsi				/* vector */
	mov	%rsp, %rdx			/* frame, or the error code */
	mov	%rsp, %rbx
	and	$~4095, %rbx
	mov	(%rbx), %rdi
	mov	%rdi, %rbx
	mov	%esi, %r12d
	and	$~15, %rsp
	call	exception_taken
	jmp	recover_now

interrupt_common:
	push	%rax
	push	%rcx
	push	%rdx
	push	%rbx
	push	%rbp
	push	%rsi
	push	%rdi
	push	%r8
	push	%r9
	push	%r10
	push	%r11
	push	%r12
	cld
	mov	12*8(%rsp), %rsi
	mov	%rsp, %rbx
	and	$~4095, %rbx
	mov	(%rbx), %rdi
	mov	%rdi, %rbx
	mov	%esi, %r12d
	mov	%rsp, %rbp
	and	$~15, %rsp
	call	interrupt_taken
	mov	%rbp, %rsp
	test	%eax, %eax
	jnz	recover_now
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rbp
	pop	%rbx
	pop	%rdx
	pop	%rcx
	pop	%rax
	add	$8, %rsp
	iretq

	/*
	 * rbx: the CPU, r12: vector. IRET also lets NMIs in again. Outside of
	 * an operation there is nothing to go back to: a new one begins.
	 */
recover_now:
	lea	1(%r12), %eax
	mov	RECOVER_RSP(%rbx), %rdx
	test	%rdx, %rdx
	jz	again
	pushq	$SEL_DATA
	push	%rdx
	pushq	$2
	pushq	$SEL_CODE
	lea	recover(%rip), %rcx
	push	%rcx
	iretq

again:
	mov	RESTART_RSP(%rbx), %rdx
	mov	%rbx, %rdi
	pushq	$SEL_DATA
	push	%rdx
	pushq	$2
	pushq	$SEL_CODE
	lea	cpu_again(%rip), %rcx
	push	%rcx
	iretq

	.globl	protect
protect:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, RECOVER_RSP(%rdi)
	sub	$8, %rsp
	call	*%rsi
	add	$8, %rsp
	xor	%eax, %eax
	.globl	recover
recover:
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	cld
	ret

	.globl	exec
exec:
	mov	%rdi, %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%r11
	pop	%r10
	pop	%r9
	pop	%r8
	pop	%rdi
	pop	%rsi
	pop	%rbp
	pop	%rbx
	pop	%rdx
	pop	%rcx
	pop	%rax
	iretq

	.globl	on_stack
on_stack:
	mov	%rsi, %rsp
	xor	%ebp, %ebp
	call	*%rdx
	ud2

	/*
	 * Where a SIPI brings a CPU: from real mode to long mode, with the
	 * tables that were written into the copy, and on to trampoline_entry
	 * with its address space. Copied to a page below 1 MiB.
	 */
	.balign	16
	.globl	trampoline_start, trampoline_end
	.globl	trampoline_cr3, trampoline_entry, trampoline_base
	.hidden	trampoline_start, trampoline_end
	.hidden	trampoline_cr3, trampoline_entry, trampoline_base
trampoline_start:
	.code16
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	lidtl	trampoline_no_idt - trampoline_start
	lgdtl	trampoline_gdtr - trampoline_start
	mov	$0x6a0, %eax			/* PAE, PGE, OSFXSR, OSXMM */
	mov	%eax, %cr4
	mov	trampoline_cr3 - trampoline_start, %eax
	mov	%eax, %cr3
	mov	$0xc0000080, %ecx
	rdmsr
	or	$0x900, %eax			/* LME, NXE */
	wrmsr
	mov	$0x80010033, %eax
	mov	%eax, %cr0
	ljmpl	*(trampoline_far - trampoline_start)
	.code64
trampoline_long:
	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	trampoline_entry(%rip), %rax
	lea	trampoline_stack_end(%rip), %rsp
	call	*%rax
	ud2
	.balign	8
trampoline_gdt:
	.quad	0, 0x00af9b000000ffff, 0x00cf93000000ffff
trampoline_no_idt:
	.word	0
	.long	0
trampoline_gdtr:
	.word	23
trampoline_base:
	.long	trampoline_gdt - trampoline_start	/* + the page */
trampoline_far:
	.long	trampoline_long - trampoline_start	/* + the page */
	.word	SEL_CODE
	.balign	8
trampoline_cr3:
	.quad	0
trampoline_entry:
	.quad	0
	.fill	256, 1, 0
trampoline_stack_end:
trampoline_end:

	.section .note.GNU-stack, "", @progbits
