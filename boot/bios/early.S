/* SPDX-License-Identifier: MIT */
/*
 * The first bytes of the loader for BIOS machines, before the headers by which
 * a boot loader knows it: who has those has all of this. It makes sure that the
 * rest of the loader is there, for a file that was cut short ends in zeros. If
 * it is not, there is one line, and the first disk is started by what is in here
 * alone. Then the mark, which stays below 1 MiB after a start that came to
 * nothing.
 */
#include "resident.h"

#define COM1		0x3f8
#define LINE_STATUS	(COM1 + 5)
#define TX_EMPTY	0x20
#define POLLS		20000
#define RESET_PORT	0xcf9
#define RESET_HARD	0x02
#define RESET_NOW	0x06

/* vectors and BIOS data area */
#define VECTOR_15	0x54
#define MEMORY_KIB	0x413
#define KIB_MIN		64
#define KIB_MAX		640

#define CRC_POLYNOMIAL	0xedb88320	/* IEEE 802.3, lowest bit first */
#define FIRST_DISK	0x80
#define BOOT_SECTOR	0x7c00
#define SIGNATURE	0xaa55
#define CR0_REAL	0x10		/* ET */

/* where boot_disk is copied to */
#define LOW		0x1000
#define AT(symbol)	((symbol) - boot_disk)

#define FLAGS_CF	1
#define SMAP		0x534d4150
#define E820_RAM	1
#define IN(symbol)	((symbol) - mark_entry + INT15_OFFSET)

	.section .early, "ax"
/* attach.py: bytes that follow, and their CRC-32 */
early_size:
	.long	0
early_crc:
	.long	0

	/* eax, ebx: what the boot loader says; flat segments, no stack */
	.code32
	.globl	multiboot_entry
multiboot_entry:
	cli
	cld
	mov	%eax, %ebp
	mov	$early_crc + 4, %esi
	mov	early_size, %ecx
	lea	-1(%ecx), %eax
	cmp	$image_room, %eax
	jae	damaged
	or	$-1, %edx
1:	lodsb
	xor	%al, %dl
	mov	$8, %al
2:	shr	%edx
	jnc	3f
	xor	$CRC_POLYNOMIAL, %edx
3:	dec	%al
	jnz	2b
	loop	1b
	not	%edx
	cmp	early_crc, %edx
	jne	damaged
	mov	%ebp, %eax
	jmp	loader_entry

damaged:
	mov	$message, %esi
1:	lodsb
	test	%al, %al
	jz	3f
	mov	%al, %ah
	mov	$LINE_STATUS, %edx
	mov	$POLLS, %ecx
2:	in	%dx, %al
	test	$TX_EMPTY, %al
	loopz	2b
	mov	%ah, %al
	mov	$COM1, %edx
	out	%al, %dx
	jmp	1b
3:
	/* no such firmware: there is nothing to go back to */
	movzwl	MEMORY_KIB, %edx
	cmp	$KIB_MIN, %edx
	jb	no_bios
	cmp	$KIB_MAX, %edx
	ja	no_bios

	mov	$boot_disk, %esi
	mov	$LOW, %edi
	mov	$boot_disk_end - boot_disk, %ecx
	rep movsb
	mov	VECTOR_15, %eax
	cmp	$INT15_OFFSET, %ax
	je	4f
	/* the mark, as bios_mark() puts it */
	incb	LOW + AT(first_time)
	dec	%edx
	mov	%dx, MEMORY_KIB
	shl	$10, %edx
	mov	$mark_start, %esi
	mov	%edx, %edi
	mov	$mark_end - mark_start, %ecx
	rep movsb
	mov	%eax, mark_words - mark_start(%edx)
	mov	%edx, mark_limit - mark_start(%edx)
	lea	mark_entry - mark_start - INT15_OFFSET(%edx), %eax
	shl	$12, %eax
	mov	$INT15_OFFSET, %ax
	mov	%eax, VECTOR_15
4:	lgdt	early_gdt_register
	ljmp	$8, $0

no_bios:
	mov	$RESET_PORT, %edx
	mov	$RESET_HARD, %al
	out	%al, %dx
	mov	$RESET_NOW, %al
	out	%al, %dx
1:	hlt
	jmp	1b

	/* at LOW */
	.balign	16
	.code16
boot_disk:
	mov	$16, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	%ax, %fs
	mov	%ax, %gs
	mov	$CR0_REAL, %eax
	mov	%eax, %cr0
	ljmp	$LOW >> 4, $AT(real)
real:	xor	%ax, %ax
	mov	%ax, %ds
	mov	%ax, %es
	mov	%ax, %ss
	mov	%ax, %fs
	mov	%ax, %gs
	mov	$BOOT_SECTOR, %esp
	lidt	%cs:AT(early_idt_register)
	sti

	/* a boot loader may have left a picture */
	mov	$0x0f, %ah
	int	$0x10
	and	$0x7f, %al
	cmp	$3, %al
	je	1f
	cmp	$7, %al
	je	1f
	mov	$3, %ax
	int	$0x10
1:	mov	$AT(message), %si
2:	lodsb	%cs:(%si), %al
	test	%al, %al
	jz	3f
	push	%si
	mov	$0x0e, %ah
	xor	%bx, %bx
	int	$0x10
	pop	%si
	jmp	2b

	/* not twice, lest it go round for ever */
3:	cmpb	$0, %cs:AT(first_time)
	je	4f
	mov	$0x0201, %ax			/* read one sector */
	mov	$1, %cx
	mov	$FIRST_DISK, %dx
	mov	$BOOT_SECTOR, %bx
	int	$0x13
	jc	4f
	cmpw	$SIGNATURE, BOOT_SECTOR + 510
	jne	4f
	mov	$FIRST_DISK, %dx
	ljmp	$0, $BOOT_SECTOR
4:	int	$0x18				/* next in the boot order */
5:	hlt
	jmp	5b

first_time:
	.byte	0
message:
	.asciz	"Tandem: not started: tandem.elf is damaged or cut short; booting without it\r\n"
	.balign	4
early_idt_register:
	.word	0x3ff
	.long	0
boot_disk_end:

	.balign	8
early_gdt:
	.quad	0
	.quad	0x00009b000000ffff + (LOW << 16)	/* code, 16-bit */
	.quad	0x000093000000ffff			/* data, 16-bit */
early_gdt_register:
	.word	early_gdt_register - early_gdt - 1
	.long	early_gdt

/*
 * A handler of INT 15h in the last KiB that the firmware counts below 1 MiB. It
 * is there for its offset in the vector, and takes that KiB out of E820h.
 */
	.balign	16
	.globl	mark_start, mark_entry, mark_words, mark_end
mark_start:
	.skip	(INT15_OFFSET & 15) - INT15_SIGNATURE
	.ascii	RESIDENT_MAGIC
	.byte	'0', 0
mark_entry:
	cmp	$0xe820, %ax
	je	1f
	ljmp	*%cs:IN(mark_old)
1:	pushf
	lcall	*%cs:IN(mark_old)
	jc	4f
	/* RAM that begins below the mark ends there */
	cmp	$SMAP, %eax
	jne	3f
	cmpl	$E820_RAM, %es:16(%di)
	jne	3f
	cmpl	$0, %es:4(%di)			/* base, upper half */
	jne	3f
	push	%eax
	mov	%cs:IN(mark_limit), %eax
	sub	%es:(%di), %eax
	jbe	2f
	cmp	%eax, %es:8(%di)
	jbe	2f
	mov	%eax, %es:8(%di)
2:	pop	%eax
3:	push	%bp
	mov	%sp, %bp
	andb	$~FLAGS_CF, 6(%bp)		/* behind bp, ip, cs */
	pop	%bp
	iret
4:	push	%bp
	mov	%sp, %bp
	orb	$FLAGS_CF, 6(%bp)
	pop	%bp
	iret

/* struct mark_words */
	.balign	4
mark_words:
mark_old:
	.word	0, 0
mark_limit:
	.long	0
mark_end:

	.section .note.GNU-stack, "", @progbits
