/* SPDX-License-Identifier: MIT */
/*
 * VMM calls get_status (text) and get_status_struct (docs/vmmcall.md), and the
 * handler "status" for domains: the same figures, for people and for programs.
 */
#include "log.h"
#include "mem/mem.h"
#include "x86/cpus.h"

#include <config/release.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <tandem/domain.h>
#include <tandem/mem.h>
#include <tandem/status.h>
#include <tandem/timer.h>
#include <tandem/vmmcall.h>

#define TEXT_MAX	1024

extern const struct status_part table_status_start[], table_status_end[];

static void fill(struct tandem_status *s)
{
	*s = (struct tandem_status){
		.magic = TANDEM_STATUS_MAGIC,
		.version = TANDEM_STATUS_VERSION,
		.size = sizeof(*s),
		.cpus = n_cpus,
		.release = "",
		.uptime_us = time_us(),
		.memory_total = boot_info.block_size,
		.memory_free = pages_free_count() * PAGE_SIZE,
		.log_bytes = log_written(),
	};
	strlcpy(s->release, TANDEM_RELEASE, sizeof(s->release));
	for (unsigned int i = 0; i < n_cpus; i++) {
		s->exits += cpus[i].exits.count;
		s->calls += cpus[i].calls.calls;
		s->calls_delayed += cpus[i].calls.delayed;
	}
	for (const struct status_part *p = table_status_start;
	     p < table_status_end; p++)
		p->fill(s);
}

static int write_text(const struct tandem_status *s, char *text, size_t size)
{
	int n = snprintf(text, size,
			 "release: %s\nuptime: %lu.%06lu s\ncpus: %u\n"
			 "memory: %lu bytes, %lu free\nexits: %lu\n"
			 "calls: %lu, delayed %lu\nlog: %lu bytes\n",
			 s->release, s->uptime_us / 1000000,
			 s->uptime_us % 1000000, s->cpus, s->memory_total,
			 s->memory_free, s->exits, s->calls, s->calls_delayed,
			 s->log_bytes);

	for (unsigned int i = 0; i < TANDEM_STATUS_PORTS; i++) {
		const struct tandem_status_port *p = &s->port[i];

		if (p->name[0])
			n += snprintf(text + n, size - (size_t)n,
				      "port %s: link %s, from it %lu frames "
				      "%lu bytes, to it %lu frames %lu bytes, "
				      "dropped %lu\n", p->name,
				      p->link ? "up" : "down", p->rx_frames,
				      p->rx_bytes, p->tx_frames, p->tx_bytes,
				      p->dropped);
	}
	return n;
}

/* rbx: where to; rcx: room. The text's length, whatever of it was written. */
static uint64_t get_status(const struct vmmcall_args *a)
{
	struct tandem_status s;
	char text[TEXT_MAX];
	size_t len, part;

	fill(&s);
	len = (size_t)write_text(&s, text, sizeof(text));
	if (!a->rcx)
		return len;
	part = MIN(len, a->rcx - 1);
	text[part] = 0;
	return vmmcall_write(a, a->rbx, text, part + 1) ? 0 : len;
}
VMMCALL("get_status", CONFIG_VMMCALL_GET_STATUS_ACCESS, get_status);

/* rbx: where to; rcx: room. The struct's size, whatever of it was written. */
static uint64_t get_status_struct(const struct vmmcall_args *a)
{
	struct tandem_status s;

	if (a->rcx < TANDEM_STATUS_HEADER)
		return 0;
	fill(&s);
	return vmmcall_write(a, a->rbx, &s, MIN(sizeof(s), a->rcx)) ?
		0 : sizeof(s);
}
VMMCALL("get_status_struct", CONFIG_VMMCALL_GET_STATUS_ACCESS, get_status_struct);

/* buf 0: struct tandem_status, or the beginning of it; the answer's length */
static int status_message(struct message *m)
{
	struct tandem_status s;
	size_t len;

	if (m->type != MSG_BUF || m->n_bufs < 1 || !m->buf[0].writable)
		return -EINVAL;
	fill(&s);
	len = MIN(sizeof(s), m->buf[0].len);
	if (domain_copy_out(m->sender, m->buf[0].base, &s, len))
		return -EFAULT;
	return (int)len;
}

static const struct message_handler status_handler = {
	.name = "status", .fn = status_message,
};
MESSAGE_HANDLER(status_handler);
