/* SPDX-License-Identifier: MIT */
/*
 * The guest's devices' view of memory, in the format of AMD's IOMMU
 * (specification, 2.2.3): every address is itself, but for a few ranges, which
 * are not there.
 */
#ifndef CORE_IOMMU_DMA_TABLE_H
#define CORE_IOMMU_DMA_TABLE_H

#include <tandem/types.h>

/* Levels of the table; goes into a device table entry. */
#define DMA_TABLE_LEVELS	4u

/* [base, end), both multiples of 4 KiB. */
struct dma_hole {
	uint64_t base, end;
};

/*
 * Build the table for addresses from 0 up to limit (rounded up to 512 GiB),
 * without n holes. Returns its root, NULL if memory or a range does not do.
 * Start-up only.
 */
uint64_t *dma_table_build(uint64_t limit, const struct dma_hole *hole,
			  unsigned int n);

#endif
