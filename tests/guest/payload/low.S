/* SPDX-License-Identifier: MIT */
/*
 * Code that leaves long mode. It is copied to LOW and knows its place: all
 * addresses are made by A() (linear) and O() (inside the segments whose base
 * is LOW). Routines named do_... leave what they saw in the results; modes.c
 * judges. Interrupts are off throughout.
 */
#include "low.h"

#define A(l)	(l - low_start + LOW)
#define O(l)	(l - low_start)
#define R(n)	(low_results - low_start + LOW + 4 * (n))
#define RO(n)	(low_results - low_start + 4 * (n))

#define MSR_EFER	0xc0000080
#define EFER_LME	(1 << 8)
#define CR0_PE		1
#define CR0_PG		(1 << 31)
#define CR4_LA57	(1 << 12)
#define EFLAGS_V86	0x23002		/* VM, IOPL 3 */

	.data
	.balign	4096
	.globl	low_start, low_end
low_start:

/* ---- data that C reaches, by the names below ---- */

	.macro	shared name
	.globl	\name
\name:
	.endm

	shared	low_results
	.fill	RESULTS, 4, 0
	shared	low_traps			/* vectors of 32-bit and real mode */
	.fill	32, 4, 0
	shared	low_mmio			/* linear address, 32 bits */
	.long	0
	.balign	8
	shared	low_call64			/* for do_la57 */
	.quad	0
	shared	low_cr3_la57
	.quad	0
	shared	low_gdt
	.quad	0
	.quad	0x00af9b000000ffff
	.quad	0x00cf93000000ffff
	.quad	0x00cf9b000000ffff
	.quad	0x00009b000000ffff | LOW << 16
	.quad	0x000093000000ffff | LOW << 16
	.quad	0
	.quad	0x00affb000000ffff
	.quad	0x00cff3000000ffff
	.quad	0, 0, 0, 0, 0
	shared	low_idt32			/* filled by C: 0x41 gates */
	.fill	0x41, 8, 0
	shared	low_tss_main
	.fill	104, 1, 0
	.fill	8192, 1, 0			/* permission map: all ports */
	.byte	0xff
	.balign	8
	shared	low_tss_task
	.fill	104, 1, 0
	.balign	8
	shared	low_tss_fault
	.fill	104, 1, 0
	.balign	16
	shared	low_save
save_rsp:	.quad	0
save_cr3:	.quad	0
save_cr4:	.quad	0
save_idt:	.word	0
		.quad	0
idt32:		.word	0x41 * 8 - 1
		.long	A(low_idt32)
		.long	0
idt_real:	.word	0x3ff
		.long	A(ivt)
far32:		.long	A(go32)
		.word	SEL_CODE32
far_compat:	.long	A(compat)
		.word	SEL_CODE32
save_function:	.long	0
save_esp:	.long	0
	.balign	16
ivt:
	.rept	0x100
	.word	O(real_fault), LOW >> 4
	.endr
buffer:	.fill	16, 4, 0
	.fill	1024, 1, 0
stack32:
	.fill	1024, 1, 0
stack16:
	.fill	1024, 1, 0
stack_task:
	.fill	1024, 1, 0
stack_v86:

/* ---- 64-bit: low_run(function, cr4, cr3), low_compat(function) ---- */

	.code64
	.macro	leave64
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, A(save_rsp)
	sidt	A(save_idt)
	.endm

	.globl	low_run, low_compat
low_run:
	leave64
	mov	%edi, %ebx
	mov	%esi, %ebp
	mov	%edx, %edi
	mov	%cr3, %rax
	mov	%rax, A(save_cr3)
	mov	%cr4, %rax
	mov	%rax, A(save_cr4)
	lidt	A(idt32)
	ljmpl	*A(far32)

back64:
	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	A(save_rsp), %rsp
	lidt	A(save_idt)
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

low_compat:
	leave64
	mov	%edi, %ebx
	ljmpl	*A(far_compat)

/* ---- 32-bit ---- */

	.code32
	.macro	flat
	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	mov	%eax, %ss
	mov	$A(stack32), %esp
	.endm

	.macro	paging_off
	mov	%cr0, %eax
	and	$~CR0_PG, %eax
	mov	%eax, %cr0
	.endm

	.macro	paging_on
	mov	%cr0, %eax
	or	$CR0_PG, %eax
	mov	%eax, %cr0
	.endm

	.macro	long_mode enabled
	mov	$MSR_EFER, %ecx
	rdmsr
	.if	\enabled
	or	$EFER_LME, %eax
	.else
	and	$~EFER_LME, %eax
	.endif
	wrmsr
	.endm

compat:
	flat
	call	*%ebx
	ljmp	$SEL_CODE64, $A(back64)

go32:
	flat
	paging_off
	long_mode 0
	mov	%ebp, %cr4
	test	%edi, %edi
	jz	1f
	mov	%edi, %cr3
	paging_on
1:	call	*%ebx
	paging_off
	mov	A(save_cr4), %eax
	mov	%eax, %cr4
	mov	A(save_cr3), %eax
	mov	%eax, %cr3
	long_mode 1
	paging_on
	ljmp	$SEL_CODE64, $A(back64)

/* A trap: counted; those that repeat go on behind a 2-byte instruction. */
	.globl	low_stubs32
	.balign	16
low_stubs32:
	.set	vector, 0
	.rept	32
	.balign	16
	push	%eax
	mov	$vector, %eax
	.if	vector == 8 || (vector >= 10 && vector <= 14) || vector == 17
	jmp	trap_error
	.else
	jmp	trap_plain
	.endif
	.set	vector, vector + 1
	.endr
trap_error:
	addl	$2, 8(%esp)
	incl	A(low_traps)(, %eax, 4)
	pop	%eax
	add	$4, %esp
	iret
trap_plain:
	incl	A(low_traps)(, %eax, 4)
	cmp	$6, %eax
	jne	1f
	addl	$3, 4(%esp)			/* VMRUN, VMMCALL */
1:	pop	%eax
	iret

/* What exits: in protected mode, legacy or compatibility. */
	.globl	do_protected
do_protected:
	xor	%eax, %eax
	xor	%ecx, %ecx
	cpuid
	mov	%ebx, R(0)
	mov	%ecx, R(1)
	mov	%edx, R(2)
	mov	A(low_mmio), %esi
	mov	(%esi), %eax
	mov	%eax, R(3)
	movzwl	2(%esi), %eax
	mov	%eax, R(4)
	movl	$0x12345678, SCRATCH(%esi)
	mov	SCRATCH(%esi), %eax
	mov	%eax, R(5)
	addl	$0x11, SCRATCH(%esi)
	pushl	SCRATCH(%esi)
	popl	R(6)
	mov	$CONFIG_ADDRESS, %edx
	mov	$0x80001234, %eax
	out	%eax, %dx
	xor	%eax, %eax
	in	%dx, %eax
	mov	%eax, R(7)
	mov	$A(buffer), %edi
	mov	$2, %ecx
	rep movsl
	mov	A(buffer), %eax
	mov	%eax, R(8)
	sub	$8, %esi
	sub	%esi, %edi			/* both advanced alike? */
	sub	$A(buffer) + 8, %edi
	add	%esi, %edi
	mov	%edi, R(9)
	/* outsl, insl: 4 dwords, the last of which stays */
	mov	$A(words), %esi
	mov	$4, %ecx
	rep outsl
	mov	%ecx, R(10)
	mov	$A(buffer), %edi
	mov	$2, %ecx
	rep insl
	mov	A(buffer) + 4, %eax
	mov	%eax, R(11)
	xchg	SCRATCH(%esi), %eax		/* RAM, no exit */
	xchg	SCRATCH(%esi), %eax
	xor	%eax, %eax
	vmrun	%eax
	call	vmm_calls
	mov	A(low_traps) + 6 * 4, %eax
	mov	%eax, R(12)
	mov	$MSR_EFER, %ecx
	rdmsr
	mov	%eax, R(13)
	ret

	.globl	low_words
low_words:
words:	.long	0x80000000, 0x80001000, 0x80002000, 0x80003000
	.fill	8, 4, 0

/* ---- 16-bit protected mode, and from there real mode ---- */

	.globl	do_16bit
do_16bit:
	mov	%esp, A(save_esp)
	ljmp	$SEL_CODE16, $O(protected16)
	.code16
protected16:
	mov	$SEL_DATA16, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	$O(stack16), %esp
	call	body16
	ljmpl	$SEL_CODE32, $A(end16)

	.code32
	.globl	do_real
do_real:
	mov	%esp, A(save_esp)
	ljmp	$SEL_CODE16, $O(to_real)
	.code16
to_real:
	mov	$SEL_DATA16, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	$O(stack16), %esp
	lidtl	O(idt_real)
	mov	%cr0, %eax
	and	$~CR0_PE, %eax
	mov	%eax, %cr0
	ljmp	$LOW >> 4, $O(real)
real:
	mov	%cs, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	call	body16
	int3
	int	$0x55
	/* exceptions of the VMM's making carry no error code here */
	nop					/* not where int returns to */
	.byte	0x0f, 0x01, 0xd8		/* VMRUN without a prefix */
	mov	RO(16), %eax			/* real_fault counts there */
	mov	%eax, RO(12)
	mov	%cr0, %eax
	or	$CR0_PE, %eax
	mov	%eax, %cr0
	ljmpl	$SEL_CODE32, $A(end16)

/* int3 and int go on, #UD behind the 3 bytes of VMRUN. */
real_fault:
	push	%bp
	mov	%sp, %bp
	push	%bx
	incl	%cs:RO(16)
	mov	2(%bp), %bx
	cmpb	$0x0f, %cs:(%bx)
	jne	1f
	addw	$3, 2(%bp)
1:	pop	%bx
	pop	%bp
	iretw

	.code32
end16:
	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	mov	%eax, %ss
	mov	A(save_esp), %esp
	lidt	A(idt32)
	ret

/* FS is flat, with its 4 GiB limit, in real mode too. */
	.code16
body16:
	xor	%eax, %eax
	xor	%ecx, %ecx
	cpuid
	mov	%ebx, RO(0)
	mov	%ecx, RO(1)
	mov	%edx, RO(2)
	mov	O(low_mmio), %esi
	mov	%fs:(%esi), %eax
	mov	%eax, RO(3)
	movzwl	%fs:2(%esi), %eax
	mov	%eax, RO(4)
	movl	$0x12345678, %fs:SCRATCH(%esi)
	mov	%fs:SCRATCH(%esi), %eax
	mov	%eax, RO(5)
	addl	$0x11, %fs:SCRATCH(%esi)
	pushl	%fs:SCRATCH(%esi)
	popl	RO(6)
	mov	$CONFIG_ADDRESS, %dx
	mov	$0x80001234, %eax
	out	%eax, %dx
	xor	%eax, %eax
	in	%dx, %eax
	mov	%eax, RO(7)
	/* addr32, with FS as source: rep movsl %fs:(%esi), %es:(%edi) */
	xor	%edi, %edi
	mov	$O(buffer), %di
	mov	$2, %ecx
	addr32 rep movsl %fs:(%esi), %es:(%edi)
	mov	O(buffer), %eax
	mov	%eax, RO(8)
	sub	$O(buffer) + 8, %edi
	mov	%edi, RO(9)
	/* 16-bit addresses; the upper halves must stay */
	mov	$0xabcd0000 + O(words), %esi
	mov	$0x12340004, %ecx
	rep outsl %cs:(%si), %dx
	mov	%ecx, RO(14)
	mov	%esi, RO(15)
	movl	$0, RO(10)
	mov	$O(buffer) + 4, %di
	mov	$2, %cx
	std
	rep insl
	cld
	mov	O(buffer), %eax
	mov	%eax, RO(11)
	movzwl	%di, %edi
	sub	$O(buffer) - 4, %edi
	mov	%edi, RO(10)
	mov	$MSR_EFER, %ecx
	rdmsr
	mov	%eax, RO(13)
	movl	$1, RO(12)			/* VMRUN in do_real counts */
	call	vmm_calls16
	ret

/* ---- virtual 8086 mode; the tables map the MMIO page at V86_MMIO ---- */

	.code32
	.globl	do_v86
do_v86:
	mov	$SEL_TSS_MAIN, %eax
	ltr	%ax
	mov	%esp, A(save_esp)
	pushl	$0				/* GS */
	pushl	$V86_MMIO >> 4			/* FS */
	pushl	$LOW >> 4			/* DS */
	pushl	$LOW >> 4			/* ES */
	pushl	$LOW >> 4			/* SS */
	pushl	$O(stack_v86)
	pushl	$EFLAGS_V86
	pushl	$LOW >> 4
	pushl	$O(v86)
	iret
	.globl	low_v86_end
low_v86_end:					/* int $0x40 */
	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %fs
	mov	%eax, %gs
	mov	A(save_esp), %esp
	push	$2				/* IOPL 0 again */
	popf
	ret
	.code16
v86:
	xor	%eax, %eax
	xor	%ecx, %ecx
	cpuid
	mov	%ebx, RO(0)
	mov	%ecx, RO(1)
	mov	%edx, RO(2)
	mov	%fs:0, %eax
	mov	%eax, RO(3)
	mov	%fs:2, %ax
	movzwl	%ax, %eax
	mov	%eax, RO(4)
	movl	$0x12345678, %fs:SCRATCH
	mov	%fs:SCRATCH, %eax
	mov	%eax, RO(5)
	addl	$0x11, %fs:SCRATCH
	pushl	%fs:SCRATCH
	popl	RO(6)
	mov	$CONFIG_ADDRESS, %dx
	mov	$0x80001234, %eax
	out	%eax, %dx
	xor	%eax, %eax
	in	%dx, %eax
	mov	%eax, RO(7)
	mov	$O(words), %si
	mov	$4, %cx
	rep outsl
	mov	$O(buffer), %di
	mov	$1, %cx
	rep insl
	mov	O(buffer), %eax
	mov	%eax, RO(11)
	call	vmm_calls16
	int	$0x40

/* ---- hardware task switches, 32-bit ---- */

	.code32
	.globl	do_task
do_task:
	mov	$SEL_TSS_MAIN, %eax
	ltr	%ax
	mov	$0x5a5a, %ebx
	ljmp	$SEL_TSS_TASK, $0
	mov	%ebx, R(10)			/* registers came back */
	lcall	$SEL_TSS_TASK, $0		/* behind the task's ljmp */
	str	%eax
	movzwl	%ax, %eax
	mov	%eax, R(11)
	ud2					/* vector 6 is a task gate */
	movl	$1, R(12)
	ret
	.globl	low_task
low_task:
	mov	$0x1111, %ebx
	call	look
	ljmp	$SEL_TSS_MAIN, $0
	incl	R(14)
	call	look
	iret					/* NT: back to the caller */
	.globl	low_fault_task
low_fault_task:
	incl	R(15)
	call	look
	addl	$2, A(low_tss_main) + 32	/* eip, behind UD2 */
	iret
	jmp	low_fault_task
look:
	xor	%eax, %eax
	xor	%ecx, %ecx
	cpuid
	mov	%ebx, R(0)
	mov	%ecx, R(1)
	mov	%edx, R(2)
	mov	A(low_mmio), %esi
	mov	(%esi), %eax
	mov	%eax, R(3)
	movl	$0x12345678, SCRATCH(%esi)
	mov	SCRATCH(%esi), %eax
	mov	%eax, R(5)
	incl	R(6)
	ret
	.globl	low_stack_task
	.set	low_stack_task, stack_task

/* ---- 5-level paging: low_call64 runs in it ---- */

	.globl	do_la57
do_la57:
	mov	%cr4, %eax
	or	$CR4_LA57 | 1 << 5, %eax
	mov	%eax, %cr4
	mov	A(low_cr3_la57), %eax
	mov	%eax, %cr3
	long_mode 1
	paging_on
	ljmp	$SEL_CODE64, $A(five)
	.code64
five:
	mov	%rsp, %rbx
	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	A(save_rsp), %rsp		/* room enough, and aligned */
	lidt	A(save_idt)
	sub	$256, %rsp
	and	$~15, %rsp
	call	*A(low_call64)
	lidt	A(idt32)
	mov	%rbx, %rsp
	ljmpl	*A(far_leave5)
far_leave5:
	.long	A(leave5)
	.word	SEL_CODE32
	.code32
leave5:
	mov	$SEL_DATA, %eax
	mov	%eax, %ss
	paging_off
	mov	%cr4, %eax
	and	$~CR4_LA57, %eax
	mov	%eax, %cr4
	long_mode 0
	ret
#include "low_calls.S"
low_end:

	.section .note.GNU-stack, "", @progbits
