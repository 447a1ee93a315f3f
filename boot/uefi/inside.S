/* SPDX-License-Identifier: MIT */
/*
 * tandem.elf as it was sealed, in a section of the loader's own file. Built
 * twice: with VMM_FILE defined for tandem.efi, which needs no second file,
 * and without it for loadvmm.efi.
 */
	.section .tandem, "a", @progbits
	.balign	4096
	.globl	inside_start, inside_end
	.hidden	inside_start, inside_end
inside_start:
#ifdef VMM_FILE
	.incbin	VMM_FILE
#endif
inside_end:
	.section .note.GNU-stack, "", @progbits
