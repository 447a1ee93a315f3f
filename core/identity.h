/* SPDX-License-Identifier: MIT */
/* What others know this machine by; netd gets it through a handler. */
#ifndef CORE_IDENTITY_H
#define CORE_IDENTITY_H

#include <stdbool.h>
#include <tandem/boot.h>

/*
 * Copies the files and the seed that the loader found, and wipes the seed in
 * b, the VMM's copy, whose ranges were checked. While the firmware's mapping is
 * in use, on one CPU.
 */
void identity_take(struct boot_info *b);

/*
 * Whether anybody can log in to the management service to operate: it is on, and
 * there is a password or a client CA. Where nobody can, what netd asks for in
 * somebody's name is its own wish.
 */
bool identity_may_operate(void);

#endif
