# SPDX-License-Identifier: MIT
# What keeps the guest's devices away from the VMM's memory.
vmm-y += core/iommu/ivrs.c core/iommu/dma_table.c core/iommu/amdvi.c
