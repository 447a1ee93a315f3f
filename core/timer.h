/* SPDX-License-Identifier: MIT */
/* Timers: what the CPU loop uses; drivers use tandem/timer.h. */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include <tandem/types.h>

/* Find the TSC's rate; needs ACPI tables or CPUID. 0 or -ENODEV. */
int time_init(void);

/*
 * The wake-up source that the guest does not control: delivers an NMI to
 * the first CPU at a TSC-based time. Set by its driver if the self-test passed.
 */
struct deadline_source {
	const char *name;
	void (*arm)(uint64_t us_from_now);
	/* Whether an NMI now is the source's; asked once for each NMI. */
	bool (*claim)(void);
	/* One more may come: the NMI claimed last was another source's. */
	void (*late)(void);
};

void deadline_source_set(const struct deadline_source *s);

/* Say in the log which source there is. */
void deadline_report(void);

/* What follows is the first CPU's business alone. */

/* Whether an NMI now is the deadline's; disarms it then. */
bool deadline_passed(void);

/*
 * The NMI of deadline_passed() was another source's, too: the deadline's own
 * may still be on its way, and is then not the guest's.
 */
void deadline_late(void);

/* An NMI of the deadline may have been lost: it is armed anew. */
void deadline_lost(void);

/*
 * Make sure the CPU is back in the VMM by the next timer and, with within
 * not 0, within that many microseconds.
 */
void deadline_ensure(uint64_t within);

/*
 * Over a sleep of the machine the VMM's time stands still, whatever becomes of
 * the TSC: from time_stop() on, until time_continue(), called on the CPU that
 * woke up, before anything asks for the time. If the machine does not sleep
 * after all, nothing is called and time has gone on.
 */
void time_stop(void);
void time_continue(void);

/* Run what is due. */
void timers_run(void);

#endif
