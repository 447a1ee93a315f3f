/* SPDX-License-Identifier: MIT */
/*
 * The first instructions of a domain (core/include/abi/domain.h): the core
 * calls _start (type, value, bufs, n, start block) like a C function. The
 * stack is aligned again here rather than relied on.
 */

	.text
	.globl	_start
	.type	_start, @function
_start:
	xorl	%ebp, %ebp
	andq	$-16, %rsp
	call	domain_start_c
	ud2				/* it does not return */
	.size	_start, . - _start

	/* a relocation in each program: ld warns of an empty table of them */
	.section .data.rel.ro._start, "aw"
	.balign	8
	.quad	_start

	.section .note.GNU-stack, "", @progbits
