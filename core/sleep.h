/* SPDX-License-Identifier: MIT */
/* Switching the machine off; the guest's own orders to sleep need no header. */
#ifndef CORE_SLEEP_H
#define CORE_SLEEP_H

#include <stdbool.h>

/* Whether the firmware's tables tell how. */
bool machine_can_off(void);

/*
 * ACPI S5, as if the guest had ordered it. Returns only if the machine does
 * not take the order. The first CPU, exit context, no lock held.
 */
void machine_off(void);

#endif
