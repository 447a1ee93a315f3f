/* SPDX-License-Identifier: MIT */
/*
 * What runs in SMM (AMD64 APM volume 2, chapter 10): 16-bit code with flat
 * 4 GiB segments, CS at SMBASE, begun at 8000h in it. Not run where it is
 * linked: smm.c copies it. No stack; RSM brings all registers back.
 */
#define ENTRY		0x8000		/* in SMBASE */
#define SAVED_REVISION	0xfefc		/* low byte: the layout */
#define  LAYOUT_AMD64	0x64
#define SAVED_SMBASE	0xff00

	/* Once, at the default SMBASE: from now on at another. */
	.section .rodata.smm, "a"
	.balign	16
	.globl	smm_move, smm_move_words, smm_move_end
	.code16
smm_move:
	cmpb	$LAYOUT_AMD64, %cs:SAVED_REVISION
	jne	1f
	movl	%cs:ENTRY + smbase - smm_move, %eax
	movl	%eax, %cs:SAVED_SMBASE
	incl	%cs:ENTRY + moved - smm_move
1:	incl	%cs:ENTRY + ran - smm_move
	rsm
/* struct move_words of smm.c */
	.balign	4
smm_move_words:
smbase:	.long	0
moved:	.long	0
ran:	.long	0
smm_move_end:

	/* There: only counts. */
	.balign	16
	.globl	smm_handler, smm_handler_count, smm_handler_end
smm_handler:
	incl	%cs:ENTRY + smm_handler_count - smm_handler
	rsm
	.balign	4
smm_handler_count:
	.long	0
smm_handler_end:

	.section .note.GNU-stack, "", @progbits
