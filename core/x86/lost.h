/* SPDX-License-Identifier: MIT */
/*
 * CPUs that an INIT from outside of the VMM has reset: by a device's message,
 * say, on a machine where INIT cannot be made an exception. Such a CPU waits
 * for a SIPI, and the VMM sends it one that leads back into the VMM; after S3,
 * too, when the firmware leaves them so.
 */
#ifndef CORE_X86_LOST_H
#define CORE_X86_LOST_H

#include "cpu.h"

/* Back end, at start: an INIT is an exception (#SX), and no CPU can be lost. */
void lost_never(void);

/*
 * Make the page below 1 MiB the way back of all CPUs but the first. Once their
 * APIC IDs are known, and again after the page had another use; by the first.
 */
void lost_way_back(void);

/*
 * Called before c, which is not this CPU, is sent an NMI: whether it needs none,
 * since it is in the VMM, on its way back to it, or awake. An NMI would run the
 * guest's code on a CPU that was reset (QEMU). Waits for one that was, or that
 * sleeps, a second at most. Any context but NMI.
 */
bool lost_or_awake(const struct cpu *c);

/*
 * Called again and again while c, in its guest, is waited for after its NMI: an
 * INIT may have come before the NMI, which is lost then. c is brought back, or
 * the machine reset if it is the first. Any context but NMI.
 */
void lost_watch(const struct cpu *c);

/* Panic: bring those that were reset to where an NMI does no harm. */
void lost_before_panic(void);

/*
 * The machine is reset if the first CPU was: what it runs is the firmware. The
 * others call this at exits, and when they wait for it.
 */
void lost_watch_first(void);

/* Back end: the guest of c was left for an INIT, and c has not come back. */
bool vcpu_left_by_init(const struct cpu *c);

/* Back end: root mode on this CPU as it is after each exit, behind an INIT. */
void vcpu_resume(struct cpu *cpu);

#endif
