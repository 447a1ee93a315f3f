/* SPDX-License-Identifier: MIT */
/*
 * Guest states that a CPU does not let a guest make. An emulated CPU may: QEMU
 * takes what MOV to a control or debug register says, and refuses the next
 * VMRUN for it, whose #VMEXIT then has the host's state in the VMCB (APM volume
 * 2, 15.5.1). So it is made legal before each entry. For the reserved bits of
 * CR3 and CR4 it leaves the guest with the exit of a refused VMRUN at the very
 * instruction; there hardware raises #GP.
 */
#include "svm.h"

#define CR0_NW		BIT(29)
#define CR0_CD		BIT(30)
#define DR_RESERVED	0xffffffff00000000ull

void svm_make_legal(struct vmcb *b)
{
	if ((b->cr0 & (CR0_NW | CR0_CD)) == CR0_NW)
		b->cr0 &= ~CR0_NW;
	if ((b->dr6 | b->dr7) & DR_RESERVED) {
		b->dr6 &= ~DR_RESERVED;
		b->dr7 &= ~DR_RESERVED;
	}
	if (!(b->efer & EFER_LME) || !(b->cr0 & CR0_PG))
		return;
	b->cr0 |= CR0_PE;
	b->cr4 |= CR4_PAE;
	if (b->cs.attr & SEGMENT_ATTR_L)
		b->cs.attr &= ~(unsigned int)SEGMENT_ATTR_D;
}
