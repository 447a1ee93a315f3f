/* SPDX-License-Identifier: MIT */
/*
 * The debug shell's two ends: what programs of ring 3 and the VMM call "dbgsh"
 * of the guest (docs/vmmcall.md) agree on with the core.
 */
#ifndef ABI_DBGSH_H
#define ABI_DBGSH_H

/*
 * Value of a message to the input's descriptor. The answer is a byte; only
 * DBGSH_READ_NOW may get -EAGAIN: nobody has typed anything.
 */
#define DBGSH_READ	0
#define DBGSH_READ_NOW	1

/* Ends what runs in the foreground, if that does not read. */
#define DBGSH_INTERRUPT_BYTE	0x03

/*
 * In ecx: edx is a number that the client has chosen for its session, so that
 * one that gets the address space of one that was killed gets no more of it.
 */
#define DBGSH_CLIENT_MAGIC	0x54445348u	/* "TDSH" */

#endif
