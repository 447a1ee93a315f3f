/* SPDX-License-Identifier: MIT */
/*
 * Room for a configuration in the loader itself, signed with it: zeros, until
 * `scripts/tandem-conf section` puts a text there. The size stays, so nothing
 * else in the file moves.
 */
	.section .tandemcf, "a", @progbits
	.balign	4096
	.globl	config_section
	.hidden	config_section
config_section:
	.fill	16384			/* CONF_TEXT_MAX */
	.size	config_section, . - config_section
	.section .note.GNU-stack, "", @progbits
