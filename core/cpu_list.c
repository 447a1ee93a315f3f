/* SPDX-License-Identifier: MIT */
/*
 * What each CPU does, for the management service. Read from other CPUs without a
 * lock: a state that changes meanwhile is the one from before or after.
 */
#include "x86/cpus.h"

#include <abi/cpus.h>
#include <errno.h>
#include <tandem/domain.h>

static enum cpus_state state(const struct cpu *c)
{
	if (c->in_guest == CPU_LOST)
		return CPUS_LOST;
	if (c->wait_sipi || !c->online)
		return CPUS_NOT_STARTED;
	if (c->parked)
		return CPUS_STOPPED;
	return c->halted ? CPUS_HALTED : CPUS_RUNS;
}

/* buf 0: struct cpus_entry, as many as fit; their length */
static int list_message(struct message *m)
{
	struct cpus_entry e;
	unsigned int n = 0, first = (unsigned int)m->value;

	if (m->type != MSG_BUF || m->n_bufs < 1 || !m->buf[0].writable ||
	    m->value < 0)
		return -EINVAL;
	for (; first + n < n_cpus && n < m->buf[0].len / sizeof(e); n++) {
		const struct cpu *c = &cpus[first + n];

		e = (struct cpus_entry){
			.index = c->index,
			.apic_id = c->apic_id,
			.state = state(c),
			.exits = c->exits.count,
			.calls = c->calls.calls,
		};
		if (domain_copy_out(m->sender, (struct cpus_entry *)
				    m->buf[0].base + n, &e, sizeof(e)))
			return -EFAULT;
	}
	return (int)(n * sizeof(e));
}

static const struct message_handler cpu_list_handler = {
	.name = "cpu_list", .fn = list_message,
};
MESSAGE_HANDLER(cpu_list_handler);
