/* SPDX-License-Identifier: MIT */
/*
 * The VMM's page below 1 MiB: where a CPU starts in real mode, after sleep or
 * by a SIPI, and comes into the VMM in 64-bit mode.
 */
#ifndef CORE_X86_TRAMPOLINE_H
#define CORE_X86_TRAMPOLINE_H

#include <tandem/types.h>

/* Hide the page from the guest, make its page tables. 0 or negative errno. */
int trampoline_init(void);

/*
 * Make the page ready: a CPU that starts at it in real mode (CS = page >> 4,
 * IP = 0) jumps to entry with interrupts off, on page tables that map all of
 * the VMM (paging_root() has to be loaded before the page is used again) and on
 * a GDT in the page; IDT, TSS and the control registers are left to
 * entry. stack: what RSP is to be, aligned to 16. One CPU at a time.
 */
void trampoline_set(void (*entry)(void), uint64_t stack);

/* Physical address of the page. */
host_phys trampoline_page(void);

#endif
