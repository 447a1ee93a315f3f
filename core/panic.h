/* SPDX-License-Identifier: MIT */
/* The one fatal path. */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

#include "x86/cpu.h"

/* A trap in ring 0 that has no right to be. */
void panic_trap(const struct trap_frame *f) __noreturn;

/* Run all QUIESCE_HOOKs once. */
void quiesce(void);

#endif
