/* SPDX-License-Identifier: MIT */
/*
 * The guest's devices' view of memory, in the format of AMD's IOMMU
 * (specification, 2.2.3): every address is itself, but for one range, which
 * is not there.
 */
#ifndef CORE_IOMMU_DMA_TABLE_H
#define CORE_IOMMU_DMA_TABLE_H

#include <tandem/types.h>

/* Levels of the table; goes into a device table entry. */
#define DMA_TABLE_LEVELS	4u

/*
 * Build the table for addresses from 0 up to limit (rounded up to 512 GiB),
 * without [hole, hole_end), both multiples of 2 MiB. Returns its root, NULL if
 * memory or the range does not do. Start-up only.
 */
uint64_t *dma_table_build(uint64_t limit, uint64_t hole, uint64_t hole_end);

#endif
