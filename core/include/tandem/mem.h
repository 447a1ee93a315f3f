/* SPDX-License-Identifier: MIT */
/*
 * Memory of the VMM block. Allocation is for start-up, for domains and for
 * rare events; nothing on the packet path allocates.
 */
#ifndef TANDEM_MEM_H
#define TANDEM_MEM_H

#include <tandem/types.h>

/*
 * n physically contiguous zeroed pages, page aligned, mapped read-write,
 * never executable. NULL when the block is exhausted. Any context but NMI.
 */
void *pages_alloc(size_t n);
void pages_free(void *p, size_t n);
/* Free pages now: for leak tests and status. */
size_t pages_free_count(void);

/* Zeroed, 16-byte aligned memory; NULL when exhausted. Freed by mem_free. */
void *mem_alloc(size_t size);
void mem_free(void *p);

/* Bus address of an object in the VMM block (image, pages or mem). */
host_phys virt_to_phys(const void *p);

/*
 * Map size bytes of device registers at base, uncached, never executable.
 * The mapping stays; a second call for the same page returns the same
 * address. NULL when the window for MMIO is used up.
 */
volatile void *mmio_map(host_phys base, size_t size);

static inline uint32_t mmio_read32(const volatile void *p)
{
	uint32_t v;

	__asm__ volatile("movl %1, %0" : "=r"(v)
			 : "m"(*(const volatile uint32_t *)p) : "memory");
	return v;
}

static inline void mmio_write32(volatile void *p, uint32_t v)
{
	__asm__ volatile("movl %1, %0" : "=m"(*(volatile uint32_t *)p)
			 : "r"(v) : "memory");
}

static inline uint64_t mmio_read64(const volatile void *p)
{
	uint64_t v;

	__asm__ volatile("movq %1, %0" : "=r"(v)
			 : "m"(*(const volatile uint64_t *)p) : "memory");
	return v;
}

static inline void mmio_write64(volatile void *p, uint64_t v)
{
	__asm__ volatile("movq %1, %0" : "=m"(*(volatile uint64_t *)p)
			 : "r"(v) : "memory");
}

#endif
