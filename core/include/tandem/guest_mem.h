/* SPDX-License-Identifier: MIT */
/*
 * The one way to guest-physical memory. Only RAM of the boot memory map
 * outside the VMM block is accepted, never MMIO, so a pointer from here can
 * be dereferenced without side effects. The guest may change the bytes at
 * any time: read once into a local, check, then use.
 */
#ifndef TANDEM_GUEST_MEM_H
#define TANDEM_GUEST_MEM_H

#include <tandem/types.h>

/*
 * VMM address of len bytes of guest RAM at addr, or NULL if any byte of the
 * range is not guest RAM (len 0 is refused too). Valid for ever. Cheap
 * enough for the packet path. Any context but NMI.
 */
void *guest_ram(guest_phys addr, uint64_t len);

/* Copies; 0 or -EFAULT. */
int guest_read(void *dst, guest_phys src, size_t len);
int guest_write(guest_phys dst, const void *src, size_t len);

#endif
