/* SPDX-License-Identifier: MIT */
/*
 * Room for the identity's files in the loader itself, signed with it: for each a
 * struct identity_slot (identity.c) of zeros, until `scripts/tandem-conf section`
 * fills it. Writable, for it is wiped in memory.
 */
	.section .tandemid, "aw", @progbits
	.balign	4096
	.globl	identity_section
	.hidden	identity_section
identity_section:
	.fill	3 * (16 + 8192)			/* BOOT_FILES, BOOT_FILE_MAX */
	.size	identity_section, . - identity_section
	.section .note.GNU-stack, "", @progbits
