/* SPDX-License-Identifier: MIT */
/*
 * What lies below 1 MiB, in a page that the firmware's memory size no longer
 * counts: the way to real mode for a call of the firmware, and the handler of
 * INT 15h that hides what Tandem has from the memory maps (Ralf Brown's
 * interrupt list: 15/E820, 15/E801, 15/88; ACPI 6.4, 15.1). Not run where it is
 * linked: bios.c copies it and fills in its words.
 */
#include "resident.h"
#include "selectors.h"

#define MSR_EFER	0xc0000080
#define EFER_LME_NXE	0x900
#define CR0_PG		0x80000000
#define CR0_REAL	0x10		/* ET */
#define STACK_TOP	0x7c00

#define SMAP		0x534d4150
#define UNSUPPORTED	0x86
#define FLAGS_CF	1

/* offsets from the page's segment, and from the one in the INT 15h vector */
#define AT(symbol)	((symbol) - resident_start)
#define IN(symbol)	((symbol) - int15_entry + INT15_OFFSET)

	.section .rodata.resident, "a"
	.balign	16
	.globl	resident_start, resident_words, resident_vector, resident_end
	.globl	int15_state, int15_entry, int15_words
	.code16
resident_start:
	/* from 64-bit mode, through a 16-bit segment that begins here */
	mov	$SEL_DATA16, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	%ax, %fs
	mov	%ax, %gs
	mov	%cr0, %eax
	and	$~CR0_PG, %eax
	mov	%eax, %cr0
	mov	$MSR_EFER, %ecx
	rdmsr
	and	$~EFER_LME_NXE, %eax
	wrmsr
	xor	%eax, %eax
	mov	%eax, %cr4
	mov	%eax, %cr3
	mov	$CR0_REAL, %eax
	mov	%eax, %cr0
	ljmp	*%cs:AT(real_pointer)

real:	mov	%cs, %ax
	mov	%ax, %ds
	lidt	AT(idt_register)
	xor	%eax, %eax
	mov	%ax, %ss
	mov	%ax, %fs
	mov	%ax, %gs
	mov	$STACK_TOP, %esp
	mov	AT(r_eax), %eax
	mov	AT(r_ebx), %ebx
	mov	AT(r_ecx), %ecx
	mov	AT(r_edx), %edx
	mov	AT(r_esi), %esi
	mov	AT(r_edi), %edi
	mov	AT(r_es), %es
	mov	AT(r_ds), %ds
	cmpb	$0, %cs:AT(resident_vector)
	sti
	je	boot
	.byte	0xcd				/* INT */
resident_vector:
	.byte	0
	cli
	mov	%eax, %cs:AT(r_eax)
	mov	%ebx, %cs:AT(r_ebx)
	mov	%ecx, %cs:AT(r_ecx)
	mov	%edx, %cs:AT(r_edx)
	pushfl
	popl	%cs:AT(r_flags)
	ljmp	*%cs:AT(back_pointer)

boot:	ljmp	$0, $STACK_TOP

idt_register:
	.word	0x3ff
	.long	0

/* struct resident_words */
	.balign	4
resident_words:
real_pointer:
	.word	AT(real), 0
back_pointer:
	.word	0, 0
r_ds:	.word	0
r_es:	.word	0
r_eax:	.long	0
r_ebx:	.long	0
r_ecx:	.long	0
r_edx:	.long	0
r_esi:	.long	0
r_edi:	.long	0
r_flags:
	.long	0

	.balign	16
	.skip	(INT15_OFFSET & 15) - INT15_SIGNATURE
	.ascii	RESIDENT_MAGIC
int15_state:
	.byte	0, 0
int15_entry:
	cmp	$0xe820, %ax
	je	e820
	cmp	$0xe801, %ax
	je	e801
	cmp	$0x88, %ah
	je	ah88
	/* other ways to ask for the same */
	cmp	$0xe881, %ax
	je	unsupported
	cmp	$0xda88, %ax
	je	unsupported
	cmp	$0x8a, %ah
	je	unsupported
	ljmp	*%cs:IN(int15_old)

unsupported:
	mov	$UNSUPPORTED, %ah
	push	%bp
	mov	%sp, %bp
	orb	$FLAGS_CF, 6(%bp)		/* behind bp, ip, cs */
	pop	%bp
	iret

e801:	mov	%cs:IN(below_16m), %ax
	mov	%cs:IN(above_16m), %bx
	mov	%ax, %cx
	mov	%bx, %dx
	jmp	done

ah88:	mov	%cs:IN(above_1m), %ax
	jmp	done

/* es:di: where an entry goes, ecx: room there, ebx: which one; edx: "SMAP" */
e820:	cmp	$SMAP, %edx
	jne	unsupported
	cmp	$20, %ecx
	jb	unsupported
	cmp	%cs:IN(n_entries), %ebx
	jae	unsupported
	push	%ds
	push	%si
	push	%di
	push	%cs
	pop	%ds
	imul	$20, %bx, %si
	add	$IN(table), %si
	mov	$10, %cx
	cld
	rep movsw
	pop	%di
	pop	%si
	pop	%ds
	inc	%ebx
	cmp	%cs:IN(n_entries), %ebx
	jb	1f
	xor	%ebx, %ebx
1:	mov	$20, %ecx
	mov	%edx, %eax
done:	push	%bp
	mov	%sp, %bp
	andb	$~FLAGS_CF, 6(%bp)
	pop	%bp
	iret

/* struct int15_words */
	.balign	4
int15_words:
int15_old:
	.word	0, 0
n_entries:
	.long	0
below_16m:
	.word	0
above_16m:
	.word	0
above_1m:
	.word	0, 0
table:	.skip	20 * E820_MAX
	.balign	16
resident_end:

	.section .note.GNU-stack, "", @progbits
