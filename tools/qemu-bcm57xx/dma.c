// SPDX-License-Identifier: MIT
/*
 * The NIC's accesses to host memory. The hardware cannot cross a 4 GiB boundary
 * within one transfer, and a driver has no reason to send it anywhere but to
 * RAM: strict mode counts both.
 */
#include "bcm57xx.h"
#include "exec/memory.h"
#include "qemu/rcu.h"

static bool is_ram(BcmNic *nic, uint64_t addr, uint64_t len, bool write)
{
	AddressSpace *as = pci_get_address_space(PCI_DEVICE(nic));

	RCU_READ_LOCK_GUARD();
	while (len) {
		hwaddr offset, part = len;
		MemoryRegion *mr = address_space_translate(as, addr, &offset,
				&part, write, MEMTXATTRS_UNSPECIFIED);

		if (!memory_region_is_ram(mr) || memory_region_is_ram_device(mr))
			return false;
		addr += part;
		len -= part;
	}
	return true;
}

static bool check(BcmNic *nic, uint64_t addr, uint64_t len, bool write)
{
	if (!bcm_bus_master(nic))
		return false;
	if (!nic->strict)
		return true;
	if (len && addr >> 32 != (addr + len - 1) >> 32)
		bcm_violation(nic, RULE_DMA_4G, "%" PRIx64 " + %" PRIx64
			      " crosses a 4 GiB boundary", addr, len);
	if (!is_ram(nic, addr, len, write))
		bcm_violation(nic, RULE_DMA_RAM, "%s of %" PRIx64 " + %" PRIx64
			      " is not all RAM", write ? "write" : "read",
			      addr, len);
	return true;
}

/* Reads host memory; false if the bus refused. */
bool bcm_dma_read(BcmNic *nic, uint64_t addr, void *buf, uint64_t len)
{
	return check(nic, addr, len, false) &&
		pci_dma_read(PCI_DEVICE(nic), addr, buf, len) == MEMTX_OK;
}

/* Writes host memory; false if the bus refused. */
bool bcm_dma_write(BcmNic *nic, uint64_t addr, const void *buf, uint64_t len)
{
	return check(nic, addr, len, true) &&
		pci_dma_write(PCI_DEVICE(nic), addr, buf, len) == MEMTX_OK;
}
