/* SPDX-License-Identifier: MIT */
/*
 * The ways by which a guest resets, powers off or puts the machine to sleep:
 * the VMM stops DMA first, then lets them happen.
 */
#ifndef CORE_RESET_H
#define CORE_RESET_H

#include <tandem/types.h>

/* Reset the machine now. */
void machine_reset(void) __noreturn;

#endif
