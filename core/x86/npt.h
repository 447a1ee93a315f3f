/* SPDX-License-Identifier: MIT */
/*
 * Nested page tables: guest-physical = host-physical, in the largest pages
 * that leave out the VMM block and the trapped ranges.
 */
#ifndef CORE_X86_NPT_H
#define CORE_X86_NPT_H

#include <tandem/types.h>

/* Map all RAM. 0 or -ENOMEM. */
int npt_init(void);
host_phys npt_root(void);

/*
 * Take [base, base + size) out of the mapping, or give it back (it is then
 * mapped at the next touch). Multiples of 4096; up to 32 ranges (-ENOSPC).
 * The guest's TLB is flushed before it runs again.
 */
int npt_trap(guest_phys base, uint64_t size);
void npt_untrap(guest_phys base, uint64_t size);

/* Whether an access at a is for the VMM to answer. */
bool npt_is_trapped(guest_phys a);

/* First touch of an address that is not RAM: map it. */
void npt_map_missing(guest_phys a);

/* Set when a mapping was removed; the CPU that clears it must flush. */
bool npt_flush_needed(void);

#endif
