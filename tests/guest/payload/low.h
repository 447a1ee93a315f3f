/* SPDX-License-Identifier: MIT */
/*
 * The payload's low memory: code and tables that 16-bit and 32-bit code must
 * reach, copied to LOW by main.c. Shared with low.S.
 */
#ifndef PAYLOAD_LOW_H
#define PAYLOAD_LOW_H

#define LOW		0x10000
#define LOW_PAGES	16

/* selectors */
#define SEL_CODE64	0x08
#define SEL_DATA	0x10		/* flat */
#define SEL_CODE32	0x18
#define SEL_CODE16	0x20		/* base LOW, 64 KiB */
#define SEL_DATA16	0x28
#define SEL_UCODE64	0x38
#define SEL_UDATA	0x40
#define SEL_TSS64	0x48		/* 16 bytes */
#define SEL_TSS_MAIN	0x58
#define SEL_TSS_TASK	0x60
#define SEL_TSS_FAULT	0x68
#define GDT_SIZE	0x70

#define RESULTS		32
#define V86_MMIO	0x50000		/* linear address of the MMIO page */

/* offsets in the configuration space of the scratch function */
#define SCRATCH		0x14		/* upper half of a 64-bit BAR */
#define SCRATCH_BYTE	0x3c		/* interrupt line */

#define CONFIG_ADDRESS	0xcf8
#define CONFIG_DATA	0xcfc

#endif
