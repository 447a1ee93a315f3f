/* SPDX-License-Identifier: MIT */
/* All that there is to see of a vCPU, for the program debug. */
#include "svm.h"
#include "../cpus.h"
#include "../interrupts.h"
#include "../snapshot.h"

#include <string.h>

_Static_assert(sizeof(struct debug_segment) == sizeof(struct vmcb_segment) &&
	       offsetof(struct vmcb, tr) - offsetof(struct vmcb, es) ==
	       DEBUG_TR * sizeof(struct debug_segment),
	       "segments are copied as they lie in the VMCB");

static uint32_t flags(const struct cpu *cpu)
{
	return (cpu->halted ? DEBUG_HALTED : 0) |
	       (cpu->wait_sipi ? DEBUG_WAIT_SIPI : 0) |
	       (vcpu_interrupt_shadow(&cpu->vcpu) ? DEBUG_SHADOW : 0) |
	       (cpu->pending_nmi ? DEBUG_NMI_PENDING : 0) |
	       (cpu->nmi_blocked ? DEBUG_NMI_BLOCKED : 0);
}

static void last_exit(const struct exits *e, struct debug_cpu *out)
{
	const struct exit_record *r;

	out->exits = e->count;
	if (!e->count)
		return;
	r = &e->record[(e->count - 1) % LAST_EXITS];
	out->exit_code = (uint32_t)r->code;
	out->exit_rip = r->rip;
	out->exit_info[0] = r->info1;
	out->exit_info[1] = r->info2;
	strlcpy(out->exit_name, exit_name(out->exit_code),
		sizeof(out->exit_name));
}

void vcpu_state(const struct cpu *cpu, struct debug_cpu *out)
{
	const struct vcpu *v = &cpu->vcpu;
	const struct vmcb *b = v->svm->vmcb;

	*out = (struct debug_cpu){
		.index = cpu->index, .n_cpus = n_cpus,
		.rip = v->rip, .rflags = v->rflags,
		.paging = { vcpu_cr(v, 0), vcpu_cr(v, 3), vcpu_cr(v, 4),
			    vcpu_efer(v) },
		.cr2 = vcpu_cr(v, 2), .dr6 = b->dr6, .dr7 = b->dr7,
		.star = b->star, .lstar = b->lstar, .cstar = b->cstar,
		.sfmask = b->sfmask, .kernel_gs_base = b->kernel_gs_base,
		.sysenter_cs = b->sysenter_cs,
		.sysenter_esp = b->sysenter_esp,
		.sysenter_eip = b->sysenter_eip,
		.cpl = vcpu_cpl(v), .flags = flags(cpu),
		.event = b->event_inject, .event_error = b->event_error,
		.interrupt = cpu->pending_vector,
	};
	memcpy(out->gpr, v->gpr, sizeof(out->gpr));
	for (unsigned int i = 0; i < 4; i++)
		out->dr[i] = vcpu_dr(v, i);
	memcpy(out->segment, &b->es, sizeof(out->segment));
	last_exit(&cpu->exits, out);
}
