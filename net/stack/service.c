// SPDX-License-Identifier: MIT
/*
 * netd as a service of the core: the memory shared with it, what it is told
 * (MAC, link, addresses, random numbers) and what it tells us (its own
 * addresses). When it ends, the core starts it anew, and it finds everything
 * as at its first start but the slots that the card still reads.
 */
#define LOG_PREFIX "stack: "

#include "stack.h"

#include <errno.h>
#include <net/capture.h>
#include <net/settings.h>
#include <stdio.h>
#include <string.h>
#include <tandem/conf.h>
#include <tandem/init.h>
#include <tandem/kconfig.h>
#include <tandem/log.h>
#include <tandem/mem.h>
#include <tandem/random.h>
#include <tandem/smbios.h>

/* ---- what netd is told ---- */

_Static_assert(NETRING_DNS_MAX == CONF_DNS_MAX, "servers that are told");

static struct stack_port *stacks;

static void fill_config(struct stack_port *s)
{
	const struct net_settings *set = net_settings();
	struct netring_config *c = &s->area->config;
	const uint8_t *card = net_switch_port(s->port->sw, NET_WIRE)->mac;

	memcpy(c->mac, s->port->mac, ETH_ALEN);
	c->link = s->port->link;
	c->mtu = set->mtu;
	c->speed = s->port->speed;
	c->dhcp = set->dhcp;
	c->ipv6 = set->ipv6;
	c->vlan = set->vlan;
	c->ip_address = set->address;
	c->ip_netmask = set->netmask;
	c->ip_gateway = set->gateway;
	memcpy(c->dns, set->dns, sizeof(c->dns));
	/* the card's address names the machine, whatever the stack's is */
	snprintf(c->hostname, sizeof(c->hostname),
		 "tandem-%02x%02x%02x%02x%02x%02x", card[0], card[1], card[2],
		 card[3], card[4], card[5]);
	if (smbios_serial()[0])
		snprintf(c->name, sizeof(c->name), "tandem-%s",
			 smbios_serial());
	else
		snprintf(c->name, sizeof(c->name), "tandem-%02x%02x%02x",
			 card[3], card[4], card[5]);
	c->mdns = tandem_conf.number[CONF_MDNS] != 0;
	c->netbios = tandem_conf.number[CONF_NETBIOS] != 0;
	c->syslog_port = (uint16_t)tandem_conf.number[CONF_SYSLOG_PORT];
	memcpy(c->syslog, tandem_conf.syslog, sizeof(c->syslog));
	c->syslog_tls = tandem_conf.number[CONF_SYSLOG_TLS] != 0;
	c->syslog_pinned = tandem_conf.number[CONF_SYSLOG_FINGERPRINT] != 0;
	memcpy(c->syslog_fingerprint, tandem_conf.syslog_fingerprint,
	       sizeof(c->syslog_fingerprint));
	memcpy(c->sntp, tandem_conf.sntp, sizeof(c->sntp));
	c->slept_s = time_slept();
	c->echo_port = (uint16_t)tandem_conf.number[CONF_ECHO_PORT];
	c->echo_autostart = tandem_conf.number[CONF_ECHO_AUTOSTART] != 0;
}

void stack_config_changed(struct stack_port *s)
{
	struct netring_config *c = &s->area->config;

	spin_lock(&s->lock);
	__atomic_add_fetch(&c->generation, 1, __ATOMIC_SEQ_CST);
	fill_config(s);
	__atomic_add_fetch(&c->generation, 1, __ATOMIC_SEQ_CST);
	if (s->domain)
		domain_signal(s->domain, NETRING_EVENT_CONFIG);
	spin_unlock(&s->lock);
}

/* What was slept is another one, even where the link is as it was. */
static void wake(bool lost)
{
	for (struct stack_port *s = stacks; lost && s; s = s->next)
		stack_config_changed(s);
}
POWER_HOOK(INIT_SERVICE, NULL, wake);

/* ---- what netd tells ---- */

static bool is_unicast_ip4(uint32_t ip)
{
	const uint8_t *b = (const uint8_t *)&ip;

	return b[0] != 0 && b[0] != 127 && b[0] < 224;
}

/* Copy what netd wrote; false if it is in the middle of writing. */
static bool addresses_read(struct stack_port *s, struct netring_addresses *a)
{
	const volatile struct netring_addresses *from = &s->area->addresses;
	uint32_t generation = __atomic_load_n(&from->generation,
					      __ATOMIC_ACQUIRE);

	if (generation == s->addresses_generation || (generation & 1))
		return false;
	for (size_t i = 0; i < sizeof(*a) / sizeof(uint32_t); i++)
		((uint32_t *)a)[i] = ((const volatile uint32_t *)from)[i];
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (from->generation != generation)
		return false;
	s->addresses_generation = generation;
	return true;
}

static void addresses_check(struct stack_port *s)
{
	struct netring_addresses a;
	struct net_addresses n = { 0 };

	if (!addresses_read(s, &a))
		return;
	/* what is configured is not for netd to change */
	if (!net_settings()->dhcp) {
		n.ip4[0] = net_settings()->address;
		n.n_ip4 = n.ip4[0] != 0;
		a.n_ip4 = 0;
	}
	for (unsigned int i = 0; i < MIN(a.n_ip4, NETRING_IP4_MAX); i++) {
		if (is_unicast_ip4(a.ip4[i]))
			n.ip4[n.n_ip4++] = a.ip4[i];
		else
			s->count.bad_addresses++;
	}
	for (unsigned int i = 0; i < MIN(a.n_ip6, NETRING_IP6_MAX); i++) {
		if (a.ip6[i][0] != 0xff && a.ip6[i][0] != 0)
			memcpy(n.ip6[n.n_ip6++], a.ip6[i], 16);
		else
			s->count.bad_addresses++;
	}
	for (unsigned int i = 0;
	     i < MIN(a.n_multicast, NETRING_MULTICAST_MAX); i++) {
		if (a.multicast[i][0] & 1)
			memcpy(n.multicast[n.n_multicast++], a.multicast[i],
			       ETH_ALEN);
		else
			s->count.bad_addresses++;
	}
	net_addresses_changed(s->port, &n);
	net_filter_changed(s->port, false, false,
			   (const uint8_t (*)[ETH_ALEN])n.multicast,
			   n.n_multicast);
}

/* Until netd says more: the configured address, if there is one. */
static void addresses_static(struct stack_port *s)
{
	struct net_addresses n = { 0 };

	n.ip4[0] = net_settings()->address;
	n.n_ip4 = n.ip4[0] != 0;
	net_addresses_changed(s->port, &n);
	net_filter_changed(s->port, false, false, NULL, 0);
}

/* ---- netd's life ---- */

static struct stack_port *stack_of(struct service *service)
{
	return container_of(service, struct stack_port, service);
}

static void started(struct service *service, struct domain *d)
{
	struct stack_port *s = stack_of(service);
	struct netring_area *a = s->area;
	uint32_t kept[NETRING_KEPT];

	spin_lock(&s->lock);
	memcpy(kept, a->kept, sizeof(kept));
	/* Slots may be in the card's hands: only what lies before them. */
	memset(a, 0, sizeof(*a));
	memcpy(a->kept, kept, sizeof(kept));
	a->magic = NETRING_MAGIC;
	a->version = NETRING_VERSION;
	a->rx_slots = STACK_RX_SLOTS;
	a->tx_slots = STACK_TX_SLOTS;
	a->rx_offset = (uint32_t)(s->rx_slot - (uint8_t *)a);
	a->tx_offset = (uint32_t)(s->tx_slot - (uint8_t *)a);
	a->size = (uint32_t)s->area_size;
	for (unsigned int i = 0; i < 4; i++)
		a->seed[i] = random64();
	fill_config(s);
	stack_rings_reset(s);
	s->addresses_generation = 0;
	s->domain = d;
	s->starts++;
	spin_unlock(&s->lock);
	addresses_static(s);
}

static void ended(struct service *service, struct domain *d)
{
	struct stack_port *s = stack_of(service);

	timer_cancel(&s->broken_timer);
	spin_lock(&s->lock);
	s->domain = NULL;
	spin_unlock(&s->lock);
	if (IS_ENABLED(CONFIG_MGMT))
		net_capture_owner_ended(d);
}

static void notify(struct service *service, struct domain *d)
{
	struct stack_port *s = stack_of(service);

	addresses_check(s);
	stack_tx_work(s);
}

static void look_again(struct timer *t)
{
	stack_tx_work(container_of(t, struct stack_port, again_timer));
}

/* Not from within netd's own system call: hence from a timer. */
static void end_broken(struct timer *t)
{
	struct stack_port *s = container_of(t, struct stack_port,
					    broken_timer);

	if (s->domain)
		domain_kill(s->domain, "broke a ring shared with the core");
}

void stack_broken(struct stack_port *s, const char *what)
{
	uint32_t left_out;

	s->count.broken++;
	if (ratelimit_ok(&s->limit, &left_out))
		log_error("netd broke ring %s (%u more)", what, left_out);
	if (!s->broken_timer.armed)
		timer_arm(&s->broken_timer, time_us());
}

/* ---- set-up ---- */

static int create(struct net_port *port, struct pci_device *at)
{
	size_t head = ALIGN_UP(sizeof(struct netring_area), PAGE_SIZE);
	size_t size = head + (STACK_RX_SLOTS + STACK_TX_SLOTS) *
			     NETRING_SLOT_SIZE;
	struct stack_port *s = mem_alloc(sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->area = pages_alloc(size / PAGE_SIZE);
	if (!s->area) {
		mem_free(s);
		return -ENOMEM;
	}
	s->area_size = size;
	s->rx_slot = (uint8_t *)s->area + head;
	s->tx_slot = s->rx_slot + STACK_RX_SLOTS * NETRING_SLOT_SIZE;
	s->port = port;
	s->broken_timer.fn = end_broken;
	s->again_timer.fn = look_again;
	s->next = stacks;
	stacks = s;
	port->priv = s;
	port->ops = &stack_port_ops;
	stack_port_create(s);
	s->service = (struct service){
		.program = "netd",
		.memory = KIB(CONFIG_NETD_MEMORY_KIB),
		.shared = s->area,
		.shared_size = size,
		.started = started,
		.ended = ended,
		.notify = notify,
	};
	service_register(&s->service);
	return 0;
}

static const struct net_backend stack_backend = {
	.name = "stack",
	.id = NET_STACK,
	.create = create,
};
NET_BACKEND(stack_backend);
