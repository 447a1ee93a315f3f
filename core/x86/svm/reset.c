/* SPDX-License-Identifier: MIT */
/*
 * A guest's CPU where the firmware starts an OS after sleep (ACPI 6.4, section
 * 16.3.1): reset, caches on, in real mode or in flat protected mode.
 */
#include "svm.h"
#include "../mtrr.h"
#include "../wake.h"

#define CR0_ET		BIT(4)
#define CR0_NW		BIT(29)
#define CR0_CD		BIT(30)
#define PAT_INIT	0x0007040600070406ull

/* attributes: present, type, S; 32-bit and in pages */
#define FLAT_CODE	0xc9b
#define FLAT_DATA	0xc93
#define FLAT_CS		0x08
#define FLAT_DS		0x10

/* What INIT leaves alone, and a sleep does not. */
static struct vmcb *reset(struct cpu *cpu)
{
	struct vmcb *b = cpu->vcpu.svm->vmcb;

	svm_reset(cpu);
	b->cr0 = CR0_ET;
	b->g_pat = PAT_INIT;
	b->star = b->lstar = b->cstar = b->sfmask = b->kernel_gs_base = 0;
	b->sysenter_cs = b->sysenter_esp = b->sysenter_eip = 0;
	b->tsc_offset = 0;
	b->v_intr = 0;
	mtrr_reset(cpu);
	return b;
}

void vcpu_power_on(struct cpu *cpu)
{
	reset(cpu)->cr0 = CR0_ET | CR0_NW | CR0_CD;
}

void vcpu_start_real(struct cpu *cpu, uint16_t cs, uint16_t ip)
{
	struct vmcb *b = reset(cpu);

	b->cs.selector = cs;
	b->cs.base = (uint64_t)cs << 4;
	cpu->vcpu.rip = ip;
}

void vcpu_start_protected(struct cpu *cpu, uint32_t ip)
{
	struct vmcb *b = reset(cpu);

	b->cr0 |= CR0_PE;
	b->cs = (struct vmcb_segment){ FLAT_CS, FLAT_CODE, 0xffffffff, 0 };
	b->es = b->ss = b->ds = b->fs = b->gs = (struct vmcb_segment){
		FLAT_DS, FLAT_DATA, 0xffffffff, 0
	};
	cpu->vcpu.rip = ip;
}
