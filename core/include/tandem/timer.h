/* SPDX-License-Identifier: MIT */
/*
 * VMM time. It does not depend on the guest: the deadline is delivered by
 * NMI, so a guest that hangs with interrupts off does not stop it
 * (docs/design.md, Time). Callbacks run in ring 0 between two runs of the
 * guest, on the first CPU; never in NMI context.
 */
#ifndef TANDEM_TIMER_H
#define TANDEM_TIMER_H

#include <tandem/types.h>

/* Microseconds since the VMM started, from the TSC. Any context. */
uint64_t time_us(void);

/*
 * Seconds that the machine has slept since the VMM started (S3), by its real-time
 * clock, while time_us() stood still. With CONFIG_NETD, any context.
 */
uint64_t time_slept(void);

/* Busy-wait at least us microseconds; for device start-up only. */
void udelay(uint64_t us);

struct timer {
	struct timer *next;
	uint64_t deadline;			/* time_us() when due */
	void (*fn)(struct timer *t);
	bool armed;
};

/*
 * Arm (or move) t to fire once at or up to 10 ms after deadline; disarm it.
 * Any CPU; locks may be held but the timer's callback must be able to get
 * them. On other CPUs than the first, a callback may still be running when
 * timer_cancel returns.
 */
void timer_arm(struct timer *t, uint64_t deadline);
void timer_cancel(struct timer *t);

#endif
