/* SPDX-License-Identifier: MIT */
/*
 * A boot sector that tells on COM1 what it was started with and what the
 * firmware's older memory calls say, then has the firmware boot anew.
 */
	.code16
	.globl	_start
_start:	cld
	push	%si
	push	%dx
	xor	%ax, %ax
	mov	%ax, %ds
	mov	$message, %si
	call	text			/* dl */
	pop	%ax
	xor	%ah, %ah
	call	number
	call	text			/* si */
	pop	%ax
	call	number
	call	text			/* INT 12h */
	int	$0x12
	call	number
	call	text			/* INT 15h, AH=88h */
	stc
	mov	$0x88, %ah
	int	$0x15
	call	number_or_carry
	call	text			/* AX=E801h */
	stc
	mov	$0xe801, %ax
	int	$0x15
	push	%bx
	call	number_or_carry
	call	text
	pop	%ax
	call	number
	call	text			/* AX=E881h */
	clc
	mov	$0xe881, %ax
	int	$0x15
	call	number_or_carry
	call	text
	int	$0x19

number_or_carry:
	jnc	number
	mov	$'C', %al
	jmp	put

/* ax, with 4 digits */
number:	mov	$4, %cx
1:	rol	$4, %ax
	push	%ax
	and	$15, %al
	add	$'0', %al
	cmp	$'9', %al
	jbe	2f
	add	$'a' - '9' - 1, %al
2:	call	put
	pop	%ax
	loop	1b
	ret

/* the next part of the message */
text:	lodsb
	test	%al, %al
	jz	1f
	call	put
	jmp	text
1:	ret

put:	push	%ax
	push	%dx
	mov	%al, %ah
	mov	$0x3fd, %dx
1:	in	%dx, %al
	test	$0x20, %al
	jz	1b
	mov	%ah, %al
	mov	$0x3f8, %dx
	out	%al, %dx
	pop	%dx
	pop	%ax
	ret

message:
	.asciz	"\r\n" NAME " dl=", " si=", " 12h=", " 88h=", " e801=", ","
	.asciz	" e881=", "\r\n"
	.balign	2
	.org	_start + 446
