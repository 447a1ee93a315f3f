/* SPDX-License-Identifier: MIT */
/* Traps (tandem/trap.h) as the exit handlers and back ends see them. */
#ifndef CORE_X86_TRAP_TABLE_H
#define CORE_X86_TRAP_TABLE_H

#include <tandem/trap.h>

/* A copy of the trap that answers at a; false: there is none. Any context. */
bool mmio_trap_find(guest_phys a, struct mmio_trap *found);

/*
 * An access of the guest to an intercepted port: answered by its trap, or
 * passed to the hardware where none covers it.
 */
uint32_t port_read(uint16_t port, unsigned int size);
void port_write(uint16_t port, unsigned int size, uint32_t value);

/* Call fn for every range that has a trap. */
void port_trap_each(void (*fn)(uint16_t first, uint16_t last));

/* Back end: make these ports exit (svm/bitmaps.c). */
void port_intercept(uint16_t first, uint16_t last);

#endif
