/* SPDX-License-Identifier: MIT */
/*
 * From real mode to the VMM in 64-bit mode in one step (AMD64 APM volume 2,
 * section 14.6; paging and protection may be switched on together). Not run
 * where it is linked: trampoline.c copies it into the page below 1 MiB and
 * fills in its words. Of the CPU's state nothing but CS:IP is relied upon.
 */
#define CR0_VALUE	0x80010031	/* PG, WP, NE, ET, PE; caches on */
#define CR4_PAE		0x20
#define MSR_EFER	0xc0000080
#define EFER_LME_NXE	0x900
#define SEL_CODE	0x08

#define AT(symbol)	((symbol) - trampoline_start)

	.section .rodata.trampoline, "a"
	.balign	16
	.globl	trampoline_start, trampoline_end, trampoline_words
	.code16
trampoline_start:
	cli
	cld
	mov	%cs, %ax
	mov	%ax, %ds
	lgdtl	AT(gdt_register)
	mov	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	AT(cr3), %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	mov	$EFER_LME_NXE, %eax
	xor	%edx, %edx
	wrmsr
	mov	$CR0_VALUE, %eax
	mov	%eax, %cr0
	ljmpl	*AT(far_pointer)

	.code64
trampoline_64:
	xor	%eax, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%eax, %fs
	mov	%eax, %gs
	mov	stack(%rip), %rsp
	xor	%ebp, %ebp
	/* as if called: the entry finds the stack as the ABI wants it */
	push	%rbp
	jmp	*entry(%rip)

	.balign	8
gdt:	.quad	0
	.quad	0x00af9b000000ffff	/* code, 64-bit */

/* struct words of trampoline.c */
	.balign	8
trampoline_words:
entry:		.quad	0
stack:		.quad	0
cr3:		.long	0
far_pointer:	.long	AT(trampoline_64)	/* the page is added */
		.word	SEL_CODE
gdt_register:	.word	15
		.long	AT(gdt)			/* the page is added */
trampoline_end:

	.section .note.GNU-stack, "", @progbits
