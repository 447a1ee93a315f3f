// SPDX-License-Identifier: MIT
/*
 * What joins the parts of net/ (net.h): builds the switch that a binding asks
 * for, passes frames from a port through the switch's mode to other ports,
 * merges receive filters, passes link changes on, and counts.
 */
#define LOG_PREFIX "net: "

#include <net/capture.h>
#include <net/net.h>

#include <errno.h>
#include <net/settings.h>
#include <string.h>
#include <tandem/kconfig.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/spinlock.h>

#define FILTER_MACS	64

/* What one port wants the wire to accept. */
struct filter {
	bool promiscuous, all_multicast;
	unsigned int n_mac;
	uint8_t mac[FILTER_MACS][ETH_ALEN];
};

struct net_switch {
	const struct net_mode *mode;
	struct net_port *port[NET_PORTS];	/* NULL: no such side */
	struct net_port guest, stack;
	/* "ippass" in the lock order: filters, their merging, addresses */
	struct spinlock lock;
	struct filter filter[NET_PORTS], merged;
	struct net_addresses addresses;
	uint32_t busy;		/* net_input() calls under way */
	uint32_t room;		/* the wire has news for resume() */
	struct net_switch *next;
};

static struct net_switch *switches;

extern const struct net_mode *const table_net_mode_start[];
extern const struct net_mode *const table_net_mode_end[];
extern const struct net_backend *const table_net_backend_start[];
extern const struct net_backend *const table_net_backend_end[];

bool frame_copy(const struct frame *f, uint32_t offset, void *dst,
		uint32_t len)
{
	uint8_t *out = dst;

	if (offset > f->len || len > f->len - offset)
		return false;
	for (unsigned int i = 0; i < f->n_segments && len; i++) {
		const struct frame_segment *s = &f->segment[i];
		uint32_t n;

		if (offset >= s->len) {
			offset -= s->len;
			continue;
		}
		n = MIN(len, s->len - offset);
		memcpy(out, (const uint8_t *)s->virt + offset, n);
		out += n;
		len -= n;
		offset = 0;
	}
	return len == 0;
}

/* ---- frames ---- */

/* A batch on its way to one port, with the places it had in the source's. */
struct batch {
	struct frame *frame[NET_BATCH];
	unsigned int place[NET_BATCH];
	unsigned int n;
};

static void select_frames(struct batch *b, struct frame **f,
			  const uint8_t *targets, unsigned int n,
			  enum net_port_id id)
{
	b->n = 0;
	for (unsigned int i = 0; i < n; i++) {
		if (!(targets[i] & BIT(id)))
			continue;
		b->frame[b->n] = f[i];
		b->place[b->n++] = i;
	}
}

/* Give a batch to a port; returns how many it accepted. */
static unsigned int deliver(struct net_port *to, struct batch *b)
{
	uint64_t bytes = 0;
	unsigned int done;

	if (!b->n)
		return 0;
	done = to->ops->transmit(to, b->frame, b->n);
	/* The source holds its references until net_input() returns. */
	for (unsigned int i = 0; i < done; i++)
		bytes += b->frame[i]->len;
	if (!done)
		return 0;
	net_count(&to->count.tx_bytes, bytes);
	net_count(&to->count.tx_frames, done);
	to->ops->flush(to);
	return done;
}

unsigned int net_forward(struct net_switch *sw, struct net_port *from,
			 struct frame **f, const uint8_t *targets,
			 unsigned int n)
{
	struct net_port *wire = sw->port[NET_WIRE];
	uint8_t present = BIT(NET_WIRE);
	uint64_t bytes = 0, filtered = 0;
	unsigned int done[NET_PORTS] = { 0 };
	struct batch b;

	if (from != wire) {
		select_frames(&b, f, targets, n, NET_WIRE);
		done[NET_WIRE] = deliver(wire, &b);
		if (done[NET_WIRE] < b.n) {
			net_count(&wire->count.tx_busy, 1);
			n = b.place[done[NET_WIRE]];
		}
	}
	for (enum net_port_id id = NET_GUEST; id < NET_PORTS; id++) {
		struct net_port *to = sw->port[id];

		if (!to || to == from)
			continue;
		present |= BIT(id);
		select_frames(&b, f, targets, n, id);
		done[id] = deliver(to, &b);
		if (done[id] < b.n)
			net_count(&to->count.rx_no_buffer, b.n - done[id]);
	}
	if (IS_ENABLED(CONFIG_MGMT) && __builtin_expect(net_capture_on, 0))
		net_capture_frames(from, f, targets, n, done);
	for (unsigned int i = 0; i < n; i++) {
		bytes += f[i]->len;
		filtered += !(targets[i] & present);
	}
	net_count(&from->count.rx_bytes, bytes);
	net_count(&from->count.rx_frames, n);
	if (filtered)
		net_count(&from->count.filtered, filtered);
	return n;
}

static void resume_ports(struct net_switch *sw)
{
	for (enum net_port_id id = NET_GUEST; id < NET_PORTS; id++)
		if (sw->port[id])
			sw->port[id]->ops->resume(sw->port[id]);
}

/* Run what net_room() asked for, unless a batch is under way. */
static void check_room(struct net_switch *sw)
{
	if (__atomic_load_n(&sw->busy, __ATOMIC_SEQ_CST) == 0 &&
	    __atomic_exchange_n(&sw->room, 0, __ATOMIC_SEQ_CST))
		resume_ports(sw);
}

unsigned int net_input(struct net_port *p, struct frame **f, unsigned int n)
{
	struct net_switch *sw = p->sw;
	unsigned int done = 0;

	__atomic_add_fetch(&sw->busy, 1, __ATOMIC_SEQ_CST);
	while (done < n) {
		unsigned int some = MIN(n - done, (unsigned int)NET_BATCH);
		unsigned int k = sw->mode->input(sw, p, f + done, some);

		done += k;
		if (k < some)
			break;
	}
	__atomic_sub_fetch(&sw->busy, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&sw->room, __ATOMIC_SEQ_CST))
		check_room(sw);
	return done;
}

void net_room(struct net_port *p)
{
	struct net_switch *sw = p->sw;

	if (p->id != NET_WIRE)
		return;
	__atomic_store_n(&sw->room, 1, __ATOMIC_SEQ_CST);
	check_room(sw);
}

/* ---- link, filter, addresses ---- */

void net_link_changed(struct net_port *p)
{
	struct net_switch *sw = p->sw;

	for (enum net_port_id id = NET_GUEST; id < NET_PORTS; id++) {
		struct net_port *to = sw->port[id];

		if (!to || to->link == p->link)
			continue;
		to->link = p->link;
		to->speed = p->speed;
		to->full_duplex = p->full_duplex;
		if (to->ops->link_changed)
			to->ops->link_changed(to, p->link);
	}
}

static void filter_add(struct filter *f, const uint8_t *mac)
{
	for (unsigned int i = 0; i < f->n_mac; i++)
		if (!memcmp(f->mac[i], mac, ETH_ALEN))
			return;
	if (f->n_mac < FILTER_MACS)
		memcpy(f->mac[f->n_mac++], mac, ETH_ALEN);
	else if (mac[0] & 1)
		f->all_multicast = true;
	else
		f->promiscuous = true;
}

static void filter_merge(struct net_switch *sw)
{
	struct net_port *wire = sw->port[NET_WIRE];
	struct filter *m = &sw->merged;

	m->promiscuous = m->all_multicast = false;
	m->n_mac = 0;
	for (enum net_port_id id = NET_GUEST; id < NET_PORTS; id++) {
		const struct filter *f = &sw->filter[id];
		struct net_port *p = sw->port[id];

		if (!p)
			continue;
		m->promiscuous |= f->promiscuous;
		m->all_multicast |= f->all_multicast;
		if (memcmp(p->mac, wire->mac, ETH_ALEN))
			filter_add(m, p->mac);
		for (unsigned int i = 0; i < f->n_mac; i++)
			filter_add(m, f->mac[i]);
	}
	if (wire->ops->set_filter)
		wire->ops->set_filter(wire, m->promiscuous, m->all_multicast,
				      (const uint8_t (*)[ETH_ALEN])m->mac,
				      m->n_mac);
}

void net_filter_changed(struct net_port *p, bool promiscuous,
			bool all_multicast, const uint8_t (*mac)[ETH_ALEN],
			unsigned int n_mac)
{
	struct net_switch *sw = p->sw;
	struct filter *f = &sw->filter[p->id];

	spin_lock(&sw->lock);
	f->promiscuous = promiscuous;
	f->all_multicast = all_multicast;
	f->n_mac = 0;
	for (unsigned int i = 0; i < n_mac; i++)
		filter_add(f, mac[i]);
	filter_merge(sw);
	spin_unlock(&sw->lock);
}

void net_addresses_changed(struct net_port *p, const struct net_addresses *a)
{
	spin_lock(&p->sw->lock);
	p->sw->addresses = *a;
	spin_unlock(&p->sw->lock);
}

void net_switch_addresses(struct net_switch *sw, struct net_addresses *a)
{
	spin_lock(&sw->lock);
	*a = sw->addresses;
	spin_unlock(&sw->lock);
}

/* ---- what there is ---- */

struct net_port *net_switch_port(struct net_switch *sw, enum net_port_id id)
{
	return id < NET_PORTS ? sw->port[id] : NULL;
}

const char *net_switch_mode(struct net_switch *sw)
{
	return sw->mode->name;
}

void net_switch_describe(struct net_switch *sw, struct net_report *r)
{
	if (sw->mode->describe)
		sw->mode->describe(r);
}

struct net_switch *net_switch_get(unsigned int n)
{
	struct net_switch *sw = switches;

	while (sw && n--)
		sw = sw->next;
	return sw;
}

/* ---- putting it together ---- */

static const struct net_mode *mode_find(const char *name)
{
	const struct net_mode *const *m;

	for (m = table_net_mode_start; m < table_net_mode_end; m++)
		if (!strcmp((*m)->name, name))
			return *m;
	log_error("net=%s: no such mode in this build; there are:", name);
	for (m = table_net_mode_start; m < table_net_mode_end; m++)
		log_error("  net=%s", (*m)->name);
	return NULL;
}

static const struct net_backend *backend_find(const char *name)
{
	const struct net_backend *const *b;

	for (b = table_net_backend_start; b < table_net_backend_end; b++)
		if (!strcmp((*b)->name, name))
			return *b;
	return NULL;
}

/* Does the binding want a virtio function? 1, 0 or -EINVAL. */
static int wants_virtio(const struct pci_binding *b,
			const struct net_mode *mode)
{
	const char *value = pci_option_get(b, "virtio", "0");

	if (!strcmp(value, "0"))
		return 0;
	if (strcmp(value, "1")) {
		log_error("virtio=%s: only 0 and 1 are known", value);
		return -EINVAL;
	}
	if (!mode->guest_port) {
		log_error("virtio=1: net=%s has no side for a guest",
			  mode->name);
		return -EINVAL;
	}
	if (!backend_find("virtio")) {
		log_error("virtio=1: not in this build (NET_VIRTIO)");
		return -EINVAL;
	}
	return 1;
}

/* Make the port that a backend provides and join it to the switch. */
static int port_create(struct net_switch *sw, struct net_port *p,
		       const struct net_backend *backend,
		       struct pci_device *at)
{
	struct net_port *wire = sw->port[NET_WIRE];
	int err;

	p->id = backend->id;
	p->sw = sw;
	if (IS_ENABLED(CONFIG_NETD) && p->id == NET_STACK)
		net_settings_mac(net_settings(), wire->mac, p->mac);
	else
		memcpy(p->mac, wire->mac, ETH_ALEN);
	p->link = wire->link;
	p->speed = wire->speed;
	p->full_duplex = wire->full_duplex;
	sw->port[p->id] = p;
	err = backend->create(p, at);
	if (err)
		sw->port[p->id] = NULL;
	return err;
}

int net_attach(struct net_port *wire, struct pci_device *d,
	       const struct pci_binding *b)
{
	const struct net_mode *mode;
	const struct net_backend *stack = backend_find("stack");
	struct net_switch *sw, **last = &switches;
	int virtio, err;

	mode = mode_find(pci_option_get(b, "net", "pass"));
	if (!mode)
		return -EINVAL;
	virtio = wants_virtio(b, mode);
	if (virtio < 0)
		return virtio;
	sw = mem_alloc(sizeof(*sw));
	if (!sw)
		return -ENOMEM;
	sw->mode = mode;
	wire->id = NET_WIRE;
	wire->sw = sw;
	sw->port[NET_WIRE] = wire;

	err = virtio ? port_create(sw, &sw->guest, backend_find("virtio"), d) :
		       pci_conceal(d);
	if (err) {
		log_error("guest's side: error %d", err);
		wire->sw = NULL;
		mem_free(sw);
		return err;
	}
	/* What the guest sees cannot be taken back: nothing fails from here. */
	if (mode->stack_port && !stack) {
		log_info("no TCP/IP stack in this build (NETD)");
	} else if (mode->stack_port) {
		err = port_create(sw, &sw->stack, stack, NULL);
		if (err)
			log_error("TCP/IP stack: error %d, going on without",
				  err);
	}
	while (*last)
		last = &(*last)->next;
	*last = sw;
	spin_lock(&sw->lock);
	filter_merge(sw);
	spin_unlock(&sw->lock);
	log_info("net=%s: wire%s%s, %02x:%02x:%02x:%02x:%02x:%02x", mode->name,
		 sw->port[NET_GUEST] ? ", guest (virtio)" : "",
		 sw->port[NET_STACK] ? ", TCP/IP stack" : "",
		 wire->mac[0], wire->mac[1], wire->mac[2], wire->mac[3],
		 wire->mac[4], wire->mac[5]);
	return 0;
}
