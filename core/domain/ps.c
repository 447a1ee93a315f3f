/* SPDX-License-Identifier: MIT */
/* The list of domains, for the shell's `ps`. */
#include "domain.h"

#include <abi/ps.h>
#include <errno.h>
#include <string.h>
#include <tandem/mem.h>

static void describe(const struct domain *d, struct ps_entry *e)
{
	static const uint8_t states[] = {
		[ACT_NEW] = PS_NEW, [ACT_RUN] = PS_READY,
		[ACT_WAIT] = PS_WAITS, [ACT_SEND] = PS_CALLS,
		[ACT_QUEUED] = PS_QUEUED,
	};

	*e = (struct ps_entry){
		.id = d->serial,
		.starter = d->act[0].caller,
		.cpu_us = d->total_us,
		.memory_kib = (uint32_t)(d->pages * PAGE_SIZE / 1024),
		.state = states[d->act[d->depth - 1].state],
	};
	for (unsigned int i = 0; i < ARRAY_SIZE(d->desc); i++)
		e->descriptors += d->desc[i].type != DESC_FREE;
	strlcpy(e->name, d->name, sizeof(e->name));
}

/* buf 0: struct ps_entry, as many as fit; their length */
static int list_message(struct message *m)
{
	struct ps_entry e;
	unsigned int n = 0;
	int skip = m->value;

	if (m->type != MSG_BUF || m->n_bufs < 1 || !m->buf[0].writable ||
	    m->value < 0)
		return -EINVAL;
	for (struct domain *d = domain_list;
	     d && n < m->buf[0].len / sizeof(e); d = d->next) {
		if (d->dying || skip-- > 0)
			continue;
		describe(d, &e);
		if (domain_copy_out(m->sender, (struct ps_entry *)
				    m->buf[0].base + n++, &e, sizeof(e)))
			return -EFAULT;
	}
	return (int)(n * sizeof(e));
}

static const struct message_handler list_handler = {
	.name = "domain_list", .fn = list_message,
};
MESSAGE_HANDLER(list_handler);
