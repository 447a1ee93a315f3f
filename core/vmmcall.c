/* SPDX-License-Identifier: MIT */
/*
 * VMM calls (docs/vmmcall.md). Number 0 looks a name up; the others are the
 * entries of the table in link order, from 1.
 */
#include "vmmcall.h"
#include "x86/walk.h"

#include <string.h>
#include <tandem/vmmcall.h>

/* names are under 1,000 bytes; ours are shorter */
#define NAME_MAX	64

extern const struct vmmcall table_vmmcall_start[], table_vmmcall_end[];

/*
 * Read the name in pieces that end with a page: it may stop just before one
 * that is not present.
 */
static bool read_name(struct vcpu *v, guest_virt addr, char name[NAME_MAX])
{
	for (unsigned int i = 0, n; i < NAME_MAX; i += n) {
		n = (unsigned int)MIN(PAGE_SIZE - ((addr + i) & PAGE_MASK),
				      (uint64_t)(NAME_MAX - i));
		if (guest_virt_read(v, addr + i, &name[i], n))
			return false;
		if (memchr(&name[i], 0, n))
			return true;
	}
	return false;
}

static uint64_t get_number(struct vcpu *v, guest_virt addr)
{
	char name[NAME_MAX];

	if (!read_name(v, addr, name))
		return 0;
	for (const struct vmmcall *c = table_vmmcall_start;
	     c < table_vmmcall_end; c++)
		if (!strcmp(c->name, name))
			return (uint64_t)(c - table_vmmcall_start) + 1;
	return 0;
}

void vmmcall_handle(struct vcpu *v)
{
	uint64_t n = v->gpr[GPR_RAX], count;
	struct vmmcall_args a = {
		v->gpr[GPR_RBX], v->gpr[GPR_RCX], v->gpr[GPR_RDX],
		v->gpr[GPR_RSI], v->gpr[GPR_RDI], vcpu_cr(v, 3), vcpu_cpl(v)
	};
	const struct vmmcall *c;

	count = (uint64_t)(table_vmmcall_end - table_vmmcall_start);
	if (n == 0) {
		v->gpr[GPR_RAX] = get_number(v, a.rbx);
		return;
	}
	v->gpr[GPR_RAX] = 0;
	if (n > count)
		return;
	c = &table_vmmcall_start[n - 1];
	if (c->access == VMMCALL_CPL0 && a.cpl != 0)
		return;
	v->gpr[GPR_RAX] = c->fn(&a);
}
