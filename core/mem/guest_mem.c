/* SPDX-License-Identifier: MIT */
/*
 * Guest RAM, see tandem/guest_mem.h: the ranges of the boot memory map that
 * are RAM, outside the VMM block, joined where they touch. The page tables map
 * exactly these at DIRECT_MAP_BASE.
 */
#include "mem.h"

#include <errno.h>
#include <string.h>
#include <tandem/guest_mem.h>

struct ram_range {
	uint64_t base, end;
};

static struct ram_range ram[BOOT_MAX_RANGES];
static unsigned int n_ram;

void guest_mem_init(void)
{
	for (unsigned int i = 0; i < boot_info.n_ranges; i++) {
		const struct boot_range *r = &boot_info.range[i];

		if (r->type != BOOT_RAM)
			continue;
		if (n_ram && ram[n_ram - 1].end == r->base)
			ram[n_ram - 1].end += r->size;
		else
			ram[n_ram++] = (struct ram_range){ r->base,
							   r->base + r->size };
	}
}

void *guest_ram(guest_phys addr, uint64_t len)
{
	if (!len)
		return NULL;
	for (unsigned int i = 0; i < n_ram; i++) {
		const struct ram_range *r = &ram[i];

		if (addr >= r->base && addr < r->end)
			return len <= r->end - addr ?
				(void *)(DIRECT_MAP_BASE + addr) : NULL;
	}
	return NULL;
}

int guest_read(void *dst, guest_phys src, size_t len)
{
	const void *p = guest_ram(src, len);

	if (!p)
		return -EFAULT;
	memcpy(dst, p, len);
	return 0;
}

int guest_write(guest_phys dst, const void *src, size_t len)
{
	void *p = guest_ram(dst, len);

	if (!p)
		return -EFAULT;
	memcpy(p, src, len);
	return 0;
}
