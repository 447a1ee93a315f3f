// SPDX-License-Identifier: MIT
/*
 * What the shell's `net` command shows of each switch: its ports with their
 * counters. Counters that are 0 are left out, but for frames and bytes.
 */
#include <net/net.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <tandem/domain.h>

#define TEXT_MAX	3072

static const char *const port_names[NET_PORTS] = {
	[NET_WIRE] = "wire", [NET_GUEST] = "guest", [NET_STACK] = "stack",
};

void net_text_add(struct net_text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at, t->left, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= t->left)
		n = t->left ? (int)t->left - 1 : 0;
	t->at += n;
	t->left -= (size_t)n;
}

void net_text_count(struct net_text *t, const char *name, uint64_t value)
{
	if (value)
		net_text_add(t, "    %-20s %12lu\n", name, value);
}

static void describe_port(struct net_text *t, struct net_port *p)
{
	const struct net_counters *c = &p->count;

	net_text_add(t, "  %-5s link %s", port_names[p->id],
		     p->link ? "up" : "down");
	if (p->id == NET_WIRE && p->link)
		net_text_add(t, ", %u Mbit/s %s duplex", p->speed,
			     p->full_duplex ? "full" : "half");
	net_text_add(t, "\n    from it %12lu frames %14lu bytes\n",
		     c->rx_frames, c->rx_bytes);
	net_text_add(t, "    to it   %12lu frames %14lu bytes\n",
		     c->tx_frames, c->tx_bytes);
	net_text_count(t, "receive errors", c->rx_errors);
	net_text_count(t, "no buffer", c->rx_no_buffer);
	net_text_count(t, "pushed back", c->tx_busy);
	net_text_count(t, "link was down", c->tx_link_down);
	net_text_count(t, "malformed", c->tx_malformed);
	net_text_count(t, "linearized", c->linearized);
	net_text_count(t, "for nobody", c->filtered);
	if (p->ops->describe)
		p->ops->describe(p, t);
}

static void describe_switch(struct net_text *t, struct net_switch *sw)
{
	struct net_port *wire = net_switch_port(sw, NET_WIRE);

	net_text_add(t, "net=%s, %02x:%02x:%02x:%02x:%02x:%02x\n",
		     net_switch_mode(sw), wire->mac[0], wire->mac[1],
		     wire->mac[2], wire->mac[3], wire->mac[4], wire->mac[5]);
	for (enum net_port_id id = NET_WIRE; id < NET_PORTS; id++)
		if (net_switch_port(sw, id))
			describe_port(t, net_switch_port(sw, id));
}

/* buf 0: text, writable; the answer is its length */
static int status_message(struct message *m)
{
	static char text[TEXT_MAX];
	struct net_text t = { text, sizeof(text) };
	struct net_switch *sw;
	size_t len;

	if (m->type != MSG_BUF || m->n_bufs < 1 || !m->buf[0].writable)
		return -EINVAL;
	if (!net_switch_get(0))
		net_text_add(&t, "no shared network card\n");
	for (unsigned int i = 0; (sw = net_switch_get(i)); i++)
		describe_switch(&t, sw);
	len = MIN((size_t)(t.at - text), m->buf[0].len);
	if (domain_copy_out(m->sender, m->buf[0].base, text, len))
		return -EFAULT;
	return (int)len;
}

static const struct message_handler status_handler = {
	.name = "net_status", .fn = status_message,
};
MESSAGE_HANDLER(status_handler);
