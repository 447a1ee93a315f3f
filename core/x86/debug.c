/* SPDX-License-Identifier: MIT */
/* Debug traps of instructions that the VMM carries out, see debug.h. */
#include "debug.h"

#define BREAKPOINTS	4

enum { TYPE_EXECUTE, TYPE_WRITE, TYPE_PORT, TYPE_READ_WRITE };

static void look(struct vcpu *v, uint64_t a, unsigned int n, bool port,
		 bool write)
{
	static const uint8_t sizes[] = { 1, 2, 8, 4 };
	uint64_t dr7 = vcpu_dr(v, 7);

	if (!(dr7 & DR7_ENABLE_ANY))
		return;
	for (unsigned int i = 0; i < BREAKPOINTS; i++) {
		unsigned int type = DR7_TYPE(dr7, i);
		uint64_t size = sizes[DR7_SIZE(dr7, i)];
		uint64_t first = vcpu_dr(v, i) & ~(size - 1);

		if (!(dr7 & DR7_ENABLE(i)) || a + n <= first ||
		    first + size <= a)
			continue;
		if (port ? type == TYPE_PORT : type == TYPE_READ_WRITE ||
		    (type == TYPE_WRITE && write))
			v->debug_hits |= 1u << i;
	}
}

void debug_data(struct vcpu *v, guest_virt a, unsigned int n, bool write)
{
	look(v, a, n, false, write);
}

void debug_port(struct vcpu *v, uint16_t port, unsigned int n)
{
	if (vcpu_cr(v, 4) & CR4_DE)
		look(v, port, n, true, false);
}

uint32_t debug_due(struct vcpu *v)
{
	uint32_t dr6 = v->debug_hits;

	v->debug_hits = 0;
	return dr6 | (v->rflags & RFLAGS_TF ? DR6_BS : 0);
}
