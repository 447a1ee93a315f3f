/* SPDX-License-Identifier: MIT */
/*
 * The instruction of an exit: its length and its bytes. CPUs save both in the
 * VMCB (NRIPS, decode assists; APM volume 2, 15.7.1 and 15.8.4). For one that
 * does not, as QEMU's, they are read from the guest's memory.
 */
#include "svm.h"
#include "../emulate.h"

#include <string.h>

#define PREFIX_LOCK	0xf0

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

unsigned int svm_insn_length(struct vcpu *v, unsigned int opcode)
{
	const struct vmcb *b = v->svm->vmcb;
	uint8_t bytes[INSN_MAX];
	unsigned int bits, n;

	if (svm_features & SVM_NRIPS)
		return (unsigned int)(b->next_rip - b->rip);
	n = prefixes(bytes, emulate_fetch(v, bytes, &bits));
	/* as hardware does before it exits; QEMU does not */
	return memchr(bytes, PREFIX_LOCK, n) ? 0 : n + opcode;
}

size_t vcpu_fetched(const struct vcpu *v, uint8_t *bytes)
{
	const struct vmcb *b = v->svm->vmcb;

	/* fewer are saved at the end of a page, which others may follow */
	if (!(svm_features & SVM_DECODE_ASSISTS) || b->exitcode != EXIT_NPF ||
	    b->n_bytes != INSN_MAX)
		return 0;
	memcpy(bytes, b->bytes, INSN_MAX);
	return INSN_MAX;
}

bool svm_at_mov_to_cr(struct vcpu *v)
{
	uint8_t bytes[INSN_MAX];
	unsigned int bits, i;
	size_t n = emulate_fetch(v, bytes, &bits);

	i = prefixes(bytes, n);
	return n - i >= 2 && bytes[i] == 0x0f && bytes[i + 1] == 0x22;
}
