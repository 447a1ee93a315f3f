/* SPDX-License-Identifier: MIT */
/*
 * Traps in root mode. From ring 3 (a domain) a trap ends user_enter(), which
 * returns the vector; from ring 0 it is an interrupt taken in a window that
 * the VMM opened, an NMI, or a bug. Domains never choose the stack: the CPU
 * takes it from the TSS.
 */
#define SEL_KDATA	0x10
#define STACK_SIZE	32768
#define CPU_USER	0
#define CPU_RSP0	8
#define CPU_NMI_TAKEN	16
#define FRAME_QUADS	22

	.text
	.macro	this_cpu reg
	mov	%rsp, \reg
	and	$~(STACK_SIZE - 1), \reg
	mov	STACK_SIZE - 16(\reg), \reg
	.endm

	/*
	 * 256 stubs of 32 bytes. The CPU aligns the stack to 16 before it
	 * pushes five words, or six with an error code; so bit 3 of rsp tells
	 * which. The vector does not: the guest's interrupt controllers may
	 * deliver any vector, those of exceptions included. -1 stands for "no
	 * error code".
	 */
	.balign	32
	.globl	trap_stubs
trap_stubs:
	.set	i, 0
	.rept	256
	.balign	32
	testb	$8, %spl
	jz	1f
	push	$-1
1:	push	$i
	jmp	trap_common
	.set	i, i + 1
	.endr

	.balign	16
trap_common:
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
	push	%r13
	push	%r14
	push	%r15
	cld
	testb	$3, 18*8(%rsp)			/* cs */
	jnz	1f

	mov	%rsp, %rdi
	mov	%rsp, %rbp
	and	$~15, %rsp
	call	trap_in_root
	mov	%rbp, %rsp
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
	add	$16, %rsp
	iretq

1:	/* from a domain: keep its registers, go back to user_enter's caller */
	push	$2				/* its AC would switch SMAP off */
	popfq
	this_cpu %rbx
	mov	CPU_USER(%rbx), %rdi
	mov	%rsp, %rsi
	mov	$FRAME_QUADS, %ecx
	rep movsq
	mov	15*8(%rsp), %eax		/* vector */
user_leave:
	mov	CPU_RSP0(%rbx), %rbx
	mov	(%rbx), %rsp
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	/*
	 * int user_enter(struct trap_frame *f). An NMI on the way into ring 3
	 * must not be left for later, nothing else may end the domain's run:
	 * trap_in_root moves an rip in [user_enter_start, user_enter_end) to
	 * user_enter_end.
	 */
	.globl	user_enter, user_enter_start, user_enter_end
user_enter:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	this_cpu %rax
	mov	%rdi, CPU_USER(%rax)
	mov	CPU_RSP0(%rax), %rax
	mov	%rsp, (%rax)
	this_cpu %rax
user_enter_start:
	cmpl	$0, CPU_NMI_TAKEN(%rax)
	jne	user_enter_end
	/* a copy of rip, cs, rflags, rsp, ss for iretq */
	push	21*8(%rdi)
	push	20*8(%rdi)
	push	19*8(%rdi)
	push	18*8(%rdi)
	push	17*8(%rdi)
	mov	0*8(%rdi), %r15
	mov	1*8(%rdi), %r14
	mov	2*8(%rdi), %r13
	mov	3*8(%rdi), %r12
	mov	4*8(%rdi), %r11
	mov	5*8(%rdi), %r10
	mov	6*8(%rdi), %r9
	mov	7*8(%rdi), %r8
	mov	9*8(%rdi), %rsi
	mov	10*8(%rdi), %rbp
	mov	11*8(%rdi), %rbx
	mov	12*8(%rdi), %rdx
	mov	13*8(%rdi), %rcx
	mov	14*8(%rdi), %rax
	mov	8*8(%rdi), %rdi
	iretq
user_enter_end:
	this_cpu %rbx
	mov	$-1, %eax			/* USER_NOT_ENTERED */
	jmp	user_leave

	/*
	 * void cpu_wait(struct cpu *cpu, volatile uint32_t *nmi_taken,
	 *               bool interrupts): sleep until an NMI or, if
	 * interrupts is set, a maskable interrupt. An NMI between the test and
	 * HLT would be slept through: trap_in_root moves an rip in
	 * [cpu_wait_start, cpu_wait_end) to cpu_wait_end. Maskable interrupts
	 * are let in here only, where nothing can raise an exception.
	 *
	 * void cpu_window(void): let in one that waits, if there is one.
	 */
	.globl	cpu_wait, cpu_wait_start, cpu_wait_end
	.globl	cpu_window, cpu_window_end
cpu_wait:
	test	%edx, %edx
	jz	2f
cpu_wait_start:
	cmpl	$0, (%rsi)
	jne	cpu_wait_end
	sti
	hlt
	jmp	cpu_wait_end
2:	cmpl	$0, (%rsi)
	jne	cpu_wait_end
	hlt
	jmp	cpu_wait_end
cpu_window:
	sti
	nop
cpu_wait_end:
	cli
cpu_window_end:
	ret

	.section .note.GNU-stack, "", @progbits
