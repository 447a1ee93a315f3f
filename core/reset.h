/* SPDX-License-Identifier: MIT */
/*
 * The ways by which a guest resets the machine: the VMM stops DMA first, then
 * lets them happen.
 */
#ifndef CORE_RESET_H
#define CORE_RESET_H

#include <tandem/types.h>

/* Stop DMA and reset the machine. */
void machine_reset(void) __noreturn;

/* The same without stopping DMA first, for a VMM that cannot any more. */
void machine_reset_now(void) __noreturn;

#endif
