/* SPDX-License-Identifier: MIT */
/*
 * Which I/O ports and MSRs exit (APM volume 2, sections 15.10 and 15.11).
 * Everything passes unless it is in a trap or in the table below.
 */
#include "svm.h"
#include "../trap_table.h"
#include "policy.h"

#include <errno.h>
#include <tandem/mem.h>

#define IOPM_PAGES	3
#define MSRPM_PAGES	2

static uint8_t *iopm, *msrpm;

void port_intercept(uint16_t first, uint16_t last)
{
	for (unsigned int p = first; iopm && p <= last; p++)
		iopm[p / 8] |= BIT(p % 8);
}

/* Two bits each: read, write. Three ranges of 8192 MSRs. */
static void msr_intercept(uint32_t msr, bool read, bool write)
{
	uint32_t index = msr & 0x1fff, range;

	if (msr < 0x2000)
		range = 0;
	else if (msr >= 0xc0000000 && msr < 0xc0002000)
		range = 1;
	else if (msr >= 0xc0010000 && msr < 0xc0012000)
		range = 2;
	else
		return;		/* always exits */
	index = range * 8192 + index;
	msrpm[index / 4] |= (read | write << 1) << (index % 4 * 2);
}

int svm_bitmaps_init(void)
{
	iopm = pages_alloc(IOPM_PAGES);
	msrpm = pages_alloc(MSRPM_PAGES);
	if (!iopm || !msrpm)
		return -ENOMEM;
	for (unsigned int i = 0; i < n_msr_policy; i++) {
		const struct msr_policy *p = &msr_policy[i];

		for (uint32_t n = 0; n <= p->more; n++)
			msr_intercept(p->msr + n, p->read != MSR_PASS,
				      p->write != MSR_PASS);
	}
	port_trap_each(port_intercept);
	return 0;
}

void svm_bitmaps_use(struct vmcb *vmcb)
{
	vmcb->iopm_base = virt_to_phys(iopm);
	vmcb->msrpm_base = virt_to_phys(msrpm);
}
