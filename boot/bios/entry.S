/* SPDX-License-Identifier: MIT */
/*
 * The headers by which a boot loader knows the loader for BIOS machines
 * (Multiboot 0.6.96, 3.1; Multiboot2 2.0, 3.1), the way from early.S, in 32-bit
 * protected mode, to 64-bit mode, where other CPUs come in, and the way to real
 * mode and back.
 */
#include "selectors.h"

#define MB1_MAGIC	0x1badb002
#define MB1_FLAGS	0x00010003	/* addresses below, memory, page-aligned */
#define MB2_MAGIC	0xe85250d6
#define MB2_TAG_ADDRESS	2
#define MB2_TAG_ENTRY	3
#define MB2_TAG_UEFI	7		/* leave boot services running */
#define MB2_TAG_UEFI_ENTRY 9
#define MB2_OPTIONAL	1

#define STACK_SIZE	32768
#define GDT_SIZE	(5 * 8)
#define PAGE_P_W	3
#define PAGE_UNCACHED	0x18		/* PWT, PCD */
#define PAGE_LARGE	0x80
#define LAPIC_PD_ENTRY	(0xfee00000 >> 21)
#define CR0_VALUE	0x80010031	/* PG, WP, NE, ET, PE */
#define CR4_PAE		0x20
#define MSR_EFER	0xc0000080
#define EFER_LME_NXE	0x900

	/* not across a sector's border: a file that is cut has all of it or none */
	.section .multiboot, "a"
	.balign	128
mb1:	.long	MB1_MAGIC, MB1_FLAGS, -(MB1_MAGIC + MB1_FLAGS)
	.long	mb1, image_file, 0 /* the whole file */, image_end
	.long	multiboot_entry
	.balign	8
mb2:	.long	MB2_MAGIC, 0, mb2_end - mb2
	.long	-(MB2_MAGIC + mb2_end - mb2)
	.short	MB2_TAG_ADDRESS, 0
	.long	24, mb2, image_file, 0, image_end
	.short	MB2_TAG_ENTRY, 0
	.long	12, multiboot_entry
	.balign	8
	.short	MB2_TAG_UEFI, MB2_OPTIONAL
	.long	8
	.short	MB2_TAG_UEFI_ENTRY, MB2_OPTIONAL
	.long	12, uefi_entry
	.balign	8
	.short	0, 0
	.long	8
mb2_end:

	.text
	/* from early.S; eax: whose boot information (magic), ebx: where it is */
	.code32
	.globl	loader_entry
loader_entry:
	mov	$stack + STACK_SIZE, %esp

	mov	$gdt_initial, %esi
	mov	$gdt, %edi
	mov	$GDT_SIZE / 4, %ecx
	rep movsl
	mov	%eax, %esi

	/* all below 4 GiB at its own address */
	movl	$pdpt + PAGE_P_W, pml4
	mov	$pd + PAGE_P_W, %eax
	mov	$pdpt, %edi
	mov	$4, %ecx
1:	mov	%eax, (%edi)
	add	$4096, %eax
	add	$8, %edi
	loop	1b
	mov	$PAGE_P_W + PAGE_LARGE, %eax
	mov	$pd, %edi
	mov	$4 * 512, %ecx
1:	mov	%eax, (%edi)
	add	$0x200000, %eax
	add	$8, %edi
	loop	1b
	orl	$PAGE_UNCACHED, pd + 8 * LAPIC_PD_ENTRY

	mov	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$pml4, %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$EFER_LME_NXE, %eax
	wrmsr
	mov	$CR0_VALUE, %eax
	mov	%eax, %cr0
	lgdt	gdt_register
	ljmp	$SEL_CODE64, $1f
	.code64
1:	call	load_segments
	mov	%esi, %edi
	mov	%ebx, %esi
	xor	%ebp, %ebp
	call	bios_main			/* does not return */

	/* GRUB for UEFI, in the firmware's 64-bit mode; ebx as above */
	.globl	uefi_entry
uefi_entry:
	cld
	and	$-16, %rsp
	mov	%ebx, %edi
	call	uefi_main			/* does not return */

/* The loader's GDT, whatever was in force. Changes rax. */
load_segments:
	lgdt	gdt_register(%rip)
	mov	$SEL_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	%eax, %fs
	mov	%eax, %gs
	pop	%rax
	pushq	$SEL_CODE64
	push	%rax
	lretq

/*
 * Where another CPU comes out of core/x86/real_mode.S: it calls the VMM as the
 * first CPU does, and whatever comes of that, waits for the INIT that the first
 * CPU sends it then.
 */
	.globl	cpu_entry
cpu_entry:
	call	load_segments
	sub	$8, %rsp
	mov	cpu_call_argument(%rip), %rdi
	mov	cpu_call_entry(%rip), %rax
	lock incl cpus_arrived(%rip)
	call	*%rax
1:	cli
	hlt
	jmp	1b

/*
 * void real_call(uint64_t *stack, uint16_t offset): run the code at offset in
 * SEL_CODE16, which comes back to real_return with what is put into *stack.
 */
	.globl	real_call, real_return
real_call:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, (%rdi)
	movzwl	%si, %esi
	lgdt	gdt_register(%rip)
	pushq	$SEL_CODE16
	push	%rsi
	lretq
real_return:
	add	$8, %rsp
	call	load_segments
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

	/* nothing is in .data: the file shall stay as it was sealed */
	.section .rodata
	.balign	8
gdt_initial:
	.quad	0
	.quad	0x00af9b000000ffff	/* code, 64-bit */
	.quad	0x00cf93000000ffff	/* data, flat */
	.quad	0x00009b000000ffff	/* code, 16-bit, its base filled in */
	.quad	0x000093000000ffff	/* data, 16-bit */
gdt_register:
	.word	GDT_SIZE - 1
	.quad	gdt

	.bss
	.balign	4096
	.globl	pml4
pml4:	.skip	4096
pdpt:	.skip	4096
pd:	.skip	4 * 4096
stack:	.skip	STACK_SIZE
	.globl	gdt
gdt:	.skip	GDT_SIZE

	.section .note.GNU-stack, "", @progbits
