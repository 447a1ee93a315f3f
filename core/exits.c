/* SPDX-License-Identifier: MIT */
/* Exit counters, see exits.h. One slot a reason; NPF (0x400) has the last. */
#include "exits.h"
#include "domain/domain.h"

#include <abi/exits.h>
#include <errno.h>
#include <string.h>
#define LOG_PREFIX "panic: "
#include <tandem/log.h>

#define SLOTS		0x100
#define OTHER_CODE	0x400

static uint64_t count[SLOTS];

void exits_count(unsigned int code)
{
	count[code < SLOTS - 1 ? code : SLOTS - 1]++;
}

void exits_tell(const struct last_exits *l)
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

/* buf 0: struct exits_entry [], writable. Returns the bytes written. */
static int exits_message(struct message *m)
{
	struct exits_entry e;
	uint32_t len = 0;

	if (m->type != MSG_BUF || m->n_bufs != 1 || !m->buf[0].writable)
		return -EINVAL;
	for (uint32_t i = 0; i < SLOTS && m->buf[0].len - len >= sizeof(e);
	     i++) {
		if (!count[i])
			continue;
		e = (struct exits_entry){
			.count = count[i],
			.code = i < SLOTS - 1 ? i : OTHER_CODE,
		};
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
