/* SPDX-License-Identifier: MIT */
/* Exit counters, see exits.h. */
#include "exits.h"
#include "domain/domain.h"
#include "x86/cpus.h"

#include <abi/exits.h>
#include <errno.h>
#include <string.h>
#define LOG_PREFIX "panic: "
#include <tandem/log.h>

#define OTHER_CODE	0x400

void exits_tell(const struct exits *l)
{
	uint64_t n = MIN(l->count, LAST_EXITS);

	log_error("%lu exits so far; the last ones, newest first:", l->count);
	for (uint64_t i = 1; i <= n; i++) {
		const struct exit_record *r =
			&l->record[(l->count - i) % LAST_EXITS];

		log_error("  exit %#lx at guest %#lx info %#lx %#lx", r->code,
			  r->rip, r->info1, r->info2);
	}
}

/* Of one CPU, from 1, or of all together (0). */
static uint64_t count(unsigned int cpu, uint32_t slot)
{
	uint64_t n = 0;

	if (cpu)
		return cpus[cpu - 1].exits.by_code[slot];
	for (unsigned int i = 0; i < n_cpus; i++)
		n += cpus[i].exits.by_code[slot];
	return n;
}

/*
 * Value: which CPU, see abi/exits.h. buf 0: struct exits_entry [], writable.
 * Returns the bytes written.
 */
static int exits_message(struct message *m)
{
	struct exits_entry e;
	uint32_t len = 0;

	if (m->type != MSG_BUF || m->n_bufs != 1 || !m->buf[0].writable)
		return -EINVAL;
	if (m->value < 0 || (unsigned int)m->value > n_cpus)
		return -ENOENT;
	for (uint32_t i = 0; i < EXIT_SLOTS && m->buf[0].len - len >= sizeof(e);
	     i++) {
		e = (struct exits_entry){
			.count = count((unsigned int)m->value, i),
			.code = i < EXIT_SLOTS - 1 ? i : OTHER_CODE,
		};
		if (!e.count)
			continue;
		strlcpy(e.name, exit_name(e.code), sizeof(e.name));
		if (domain_copy_out(m->sender,
				    (uint8_t *)m->buf[0].base + len, &e,
				    sizeof(e)))
			return -EFAULT;
		len += (uint32_t)sizeof(e);
	}
	return (int)len;
}

static const struct message_handler exits_handler = {
	.name = "exits", .fn = exits_message,
};
MESSAGE_HANDLER(exits_handler);
