/* SPDX-License-Identifier: MIT */
/* Running domains between two runs of the guest, on the first CPU alone. */
#ifndef CORE_DOMAIN_SCHEDULE_H
#define CORE_DOMAIN_SCHEDULE_H

#include "../x86/cpu.h"

/*
 * Run what is ready: while the guest is halted, until it has something to do;
 * while it runs, for a slice, and not again before it had as long itself.
 */
void domains_run(struct cpu *cpu);

/* Whether a domain could run now. */
bool domains_ready(void);

/*
 * When domains_run() wants to be called again although the guest runs, in
 * microseconds from now; 0: no domain waits for its turn.
 */
uint64_t domains_next_us(const struct cpu *cpu);

#endif
