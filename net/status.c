// SPDX-License-Identifier: MIT
/*
 * What the shell's `net` command is told of each switch: its ports with their
 * counters (abi/net.h). Counters that are 0 are left out.
 */
#include <net/net.h>

#include <abi/net.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <tandem/domain.h>

_Static_assert(NET_STATUS_PORTS == NET_PORTS, "one entry for each");

const char *const net_port_names[NET_PORTS] = {
	[NET_WIRE] = "wire", [NET_GUEST] = "guest", [NET_STACK] = "stack",
};

/* The report as it grows. */
struct net_report {
	struct net_status status;
	enum net_port_id port;
};

/* A new entry, NULL if there is no room for it. */
static struct net_status_entry *entry_add(struct net_report *r,
					  const char *name)
{
	struct net_status *s = &r->status;
	struct net_status_entry *e = &s->entry[s->entries];

	if (s->entries == NET_STATUS_ENTRIES) {
		s->left_out++;
		return NULL;
	}
	s->entries++;
	e->port = (uint8_t)r->port;
	strlcpy(e->name, name, sizeof(e->name));
	return e;
}

void net_report_text(struct net_report *r, const char *name, const char *fmt,
		     ...)
{
	struct net_status_entry *e = entry_add(r, name);
	va_list ap;

	if (!e)
		return;
	e->is_text = 1;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
}

void net_report_count(struct net_report *r, const char *name, uint64_t value)
{
	struct net_status_entry *e = value ? entry_add(r, name) : NULL;

	if (e)
		e->value = value;
}

static void describe_port(struct net_report *r, struct net_port *p)
{
	struct net_status_port *s = &r->status.port[p->id];
	const struct net_counters *c = &p->count;

	strlcpy(s->name, net_port_names[p->id], sizeof(s->name));
	s->link = p->link;
	s->speed = p->speed;
	s->full_duplex = p->full_duplex;
	memcpy(s->mac, p->mac, ETH_ALEN);
	s->rx_frames = c->rx_frames;
	s->rx_bytes = c->rx_bytes;
	s->tx_frames = c->tx_frames;
	s->tx_bytes = c->tx_bytes;
	r->port = p->id;
	net_report_count(r, "receive errors", c->rx_errors);
	net_report_count(r, "no buffer", c->rx_no_buffer);
	net_report_count(r, "pushed back", c->tx_busy);
	net_report_count(r, "link was down", c->tx_link_down);
	net_report_count(r, "malformed", c->tx_malformed);
	net_report_count(r, "linearized", c->linearized);
	net_report_count(r, "for nobody", c->filtered);
	if (p->ops->describe)
		p->ops->describe(p, r);
}

/* buf 0: struct net_status, or the beginning of it; the answer is its length */
static int status_message(struct message *m)
{
	static struct net_report r;	/* the first CPU's */
	struct net_switch *sw = m->value < 0 ? NULL :
		net_switch_get((unsigned int)m->value);
	size_t len;

	if (m->type != MSG_BUF || m->n_bufs < 1 || !m->buf[0].writable)
		return -EINVAL;
	if (!sw)
		return -ENOENT;
	memset(&r, 0, sizeof(r));
	strlcpy(r.status.mode, net_switch_mode(sw), sizeof(r.status.mode));
	for (enum net_port_id id = NET_WIRE; id < NET_PORTS; id++)
		if (net_switch_port(sw, id))
			describe_port(&r, net_switch_port(sw, id));
	r.port = NET_STACK;
	net_switch_describe(sw, &r);
	len = MIN(sizeof(r.status), m->buf[0].len);
	if (domain_copy_out(m->sender, m->buf[0].base, &r.status, len))
		return -EFAULT;
	return (int)len;
}

static const struct message_handler status_handler = {
	.name = "net_status", .fn = status_message,
};
MESSAGE_HANDLER(status_handler);
