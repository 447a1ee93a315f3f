/* SPDX-License-Identifier: MIT */
/* What start-up and the page-table code share about the VMM's memory. */
#ifndef CORE_MEM_H
#define CORE_MEM_H

#include <tandem/boot.h>
#include <tandem/types.h>

extern uint8_t image_start[], text_end[], rodata_end[], image_end[];

/* The memory map and the block, as the loader told and the VMM checked. */
extern struct boot_info boot_info;

void pages_init(size_t block_size, size_t image_size);

/* RAM ranges for guest_ram(); after paging_init. */
void guest_mem_init(void);

/* Where the page tables put things (core/x86/paging.c). */
#define DIRECT_MAP_BASE		0xffff800000000000ull
#define DIRECT_MAP_SIZE		(1ull << 46)
#define MMIO_BASE		0xffffff0000000000ull

/* Build and load the VMM's own page tables. 0 or -ENOMEM. */
int paging_init(void);
uint64_t paging_root(void);

/* The upper half of the VMM's address space, for a domain's page table. */
void paging_copy_kernel(uint64_t *pml4);

#endif
