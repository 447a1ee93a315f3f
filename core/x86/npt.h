/* SPDX-License-Identifier: MIT */
/*
 * Nested page tables: guest-physical = host-physical, in the largest pages
 * that leave out the VMM block and the trapped ranges.
 */
#ifndef CORE_X86_NPT_H
#define CORE_X86_NPT_H

#include "cpu.h"

/* Map all RAM. 0 or -ENOMEM. */
int npt_init(void);
host_phys npt_root(void);

/*
 * Take [base, base + size) out of the mapping, or give it back (it is then
 * mapped at the next touch). readable: reads go to the hardware all the same.
 * Multiples of 4096; up to 32 ranges (-ENOSPC). No CPU's guest has the old
 * mapping when npt_trap returns. Exit context; no lock may be held that
 * another CPU waits for with its guest entered, that is, any may.
 */
int npt_trap(guest_phys base, uint64_t size, bool readable);
void npt_untrap(guest_phys base, uint64_t size);

/*
 * First touch of an address that is not RAM: map it, unless it has been
 * trapped meanwhile.
 */
void npt_map_missing(guest_phys a);

/*
 * Around each run of the guest, on its CPU. npt_enter sets *flush if its TLB
 * must be flushed first, and tells that no second time. The lock is not taken
 * unless a mapping was removed.
 */
void npt_enter(struct cpu *cpu, bool *flush);
void npt_leave(struct cpu *cpu);

#endif
