/* SPDX-License-Identifier: MIT */
/*
 * The guest's own page tables, walked in software: for the operands of trapped
 * instructions and for pointers in VMM calls.
 */
#ifndef CORE_X86_WALK_H
#define CORE_X86_WALK_H

#include "vcpu.h"

#define WALK_WRITE	BIT(0)
#define WALK_USER	BIT(1)
#define WALK_FETCH	BIT(2)
#define WALK_MARK	BIT(3)	/* set accessed and dirty bits */

/* Page-fault error code bits (APM volume 2, section 8.4.2). */
#define PF_PRESENT	BIT(0)
#define PF_WRITE	BIT(1)
#define PF_USER		BIT(2)
#define PF_RESERVED	BIT(3)
#define PF_FETCH	BIT(4)

/*
 * Translate a linear address with the access rights of WALK_*. 0 and *out,
 * or -EFAULT and the error code that #PF would carry in *error (~0: #GP, the
 * address is not canonical). Exit context.
 */
int guest_walk(struct vcpu *v, guest_virt a, unsigned int access,
	       guest_phys *out, uint32_t *error);

/* What decides on a walk: some CPU's registers, or made up. */
struct guest_paging {
	uint64_t cr0, cr3, cr4, efer;
	uint64_t rflags;		/* AC: SMAP lets user pages be read */
};

/* As the vCPU has them now. Exit context. */
void guest_paging_of(const struct vcpu *v, struct guest_paging *out);

/* As guest_walk(), in the address space that p tells. Any context but NMI. */
int guest_walk_in(const struct guest_paging *p, guest_virt a,
		  unsigned int access, guest_phys *out, uint32_t *error);

/*
 * Copy len bytes from a linear address with the rights of the vCPU's current
 * privilege level. 0, or -EFAULT if any byte is not readable RAM. Sets no
 * accessed bits. Exit context.
 */
int guest_virt_read(struct vcpu *v, guest_virt a, void *dst, size_t len);

#endif
