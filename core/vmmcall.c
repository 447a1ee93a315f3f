/* SPDX-License-Identifier: MIT */
/*
 * VMM calls (docs/vmmcall.md). Number 0 looks a name up; the others are the
 * entries of the table in link order, from 1. A CPU makes CONFIG_VMMCALL_RATE
 * of them a second. Beyond that the guest waits at the instruction, and its CPU
 * in the loop of root mode, which goes on with all other work; an interrupt of
 * the guest's comes before the call, as before any instruction.
 */
#include "vmmcall.h"
#include "x86/interrupts.h"

#include <string.h>
#include <tandem/timer.h>

/* names are under 1,000 bytes; ours are shorter */
#define NAME_MAX	64

extern const struct vmmcall table_vmmcall_start[], table_vmmcall_end[];

/* Not a constant: tests give the image another one. */
static volatile uint32_t vmmcall_interval_ns = 1000000000 / CONFIG_VMMCALL_RATE;

bool vmmcall_due(struct cpu *cpu)
{
	cpu->calls.hold_until = call_rate_take(&cpu->calls, time_us(),
					       vmmcall_interval_ns);
	return !cpu->calls.hold_until;
}

/* Whether an entry would lead to the guest's handler instead of the call. */
static bool guest_has_event(const struct cpu *cpu)
{
	if (vcpu_interrupt_shadow(&cpu->vcpu))
		return false;
	return (cpu->pending_nmi && !cpu->nmi_blocked) ||
	       (cpu->pending_vector >= 0 && (cpu->vcpu.rflags & RFLAGS_IF));
}

bool vmmcall_hold(struct cpu *cpu)
{
	if (guest_interruptible(cpu)) {
		cpu_window();
		interrupts_taken(cpu);
	}
	if (guest_has_event(cpu) || time_us() >= cpu->calls.hold_until) {
		cpu->calls.hold_until = 0;
		return false;
	}
	__builtin_ia32_pause();
	return true;
}

/*
 * Read the name in pieces that end with a page or the segment: it may stop just
 * before one that is not present.
 */
static bool read_name(const struct vmmcall_args *a, char name[NAME_MAX])
{
	size_t n;

	for (size_t i = 0; i < NAME_MAX; i += n) {
		const uint8_t *from = vmmcall_piece(a, a->rbx + i,
						    NAME_MAX - i, false, &n);

		if (!from)
			return false;
		memcpy(&name[i], from, n);
		if (memchr(&name[i], 0, n))
			return true;
	}
	return false;
}

static uint64_t get_number(const struct vmmcall_args *a)
{
	char name[NAME_MAX];

	if (!read_name(a, name))
		return 0;
	for (const struct vmmcall *c = table_vmmcall_start;
	     c < table_vmmcall_end; c++)
		if (c->access != VMMCALL_OFF && !strcmp(c->name, name))
			return (uint64_t)(c - table_vmmcall_start) + 1;
	return 0;
}

static uint64_t call(uint64_t n, const struct vmmcall_args *a)
{
	const struct vmmcall *c;

	if (!n)
		return get_number(a);
	if (n > (uint64_t)(table_vmmcall_end - table_vmmcall_start))
		return 0;
	c = &table_vmmcall_start[n - 1];
	if (c->access == VMMCALL_OFF ||
	    (c->access == VMMCALL_CPL0 && a->cpl != 0))
		return 0;
	return c->fn(a);
}

void vmmcall_handle(struct vcpu *v)
{
	/* the upper halves are undefined where code cannot name them */
	uint64_t mask = vcpu_in_64_bit(v) ? ~0ull : 0xffffffff;
	struct vmmcall_args a = {
		v->gpr[GPR_RBX] & mask, v->gpr[GPR_RCX] & mask,
		v->gpr[GPR_RDX] & mask, v->gpr[GPR_RSI] & mask,
		v->gpr[GPR_RDI] & mask, vcpu_cr(v, 3), vcpu_cpl(v), v
	};

	v->gpr[GPR_RAX] = call(v->gpr[GPR_RAX] & mask, &a) & mask;
}
