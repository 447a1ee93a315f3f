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
#include "../emulate.h"

#include <string.h>

#define CR0_NW		BIT(29)
#define CR0_CD		BIT(30)
#define DR_RESERVED	0xffffffff00000000ull
#define PREFIX_LOCK	0xf0

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

static bool is_prefix(uint8_t byte)
{
	return (byte & 0xf0) == 0x40 || (byte & 0xe7) == 0x26 ||
	       (byte >= 0x64 && byte <= 0x67) || byte == PREFIX_LOCK ||
	       byte == 0xf2 || byte == 0xf3;
}

static unsigned int prefixes(const uint8_t *bytes, size_t n)
{
	unsigned int i = 0;

	while (i < n && is_prefix(bytes[i]))
		i++;
	return i;
}

unsigned int svm_prefixes(struct vcpu *v, bool *lock)
{
	uint8_t bytes[INSN_MAX];
	unsigned int bits, n;

	n = prefixes(bytes, emulate_fetch(v, bytes, &bits));
	*lock = memchr(bytes, PREFIX_LOCK, n);
	return n;
}

bool svm_at_mov_to_cr(struct vcpu *v)
{
	uint8_t bytes[INSN_MAX];
	unsigned int bits, i;
	size_t n = emulate_fetch(v, bytes, &bits);

	i = prefixes(bytes, n);
	return n - i >= 2 && bytes[i] == 0x0f && bytes[i + 1] == 0x22;
}
