/* SPDX-License-Identifier: MIT */
/*
 * lwIP's network interface over the rings that netd shares with the core
 * (net/stack/include/netring.h).
 *
 * A received frame stays in its slot while lwIP holds it. When half of the
 * slots are held that way (segments out of order, fragments, a hostile
 * sender), frames are copied to the pool instead, so that the core never runs
 * out of slots. A frame to be sent is copied into a slot; when none is free, a
 * bounded number of frames waits here, so that a burst is no loss.
 */
#include "stack.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <lwip_hooks.h>
#include <net/vlan.h>
#include <netif/ethernet.h>
#include <netring.h>
#include <string.h>
#include <tandem/kconfig.h>

#define WAITING_MAX	512	/* frames that wait for a TX slot */
#define CONFLICT_REPEAT_US	600000000ull
/* TCP's are finished by the NIC, from the pseudo header's sum (put_in_slot). */
#define CHECKSUMS_OURS	(NETIF_CHECKSUM_ENABLE_ALL & ~NETIF_CHECKSUM_GEN_TCP)
#define CHECKSUMS_DONE	(NETIF_CHECKSUM_CHECK_IP | NETIF_CHECKSUM_CHECK_UDP | \
			 NETIF_CHECKSUM_CHECK_TCP)

struct rx_slot {
	struct pbuf_custom pbuf;	/* first: lwIP gives this back */
	uint16_t number;
	bool held;
};

static struct netif netif;
static struct netring_area *area;
static uint8_t *rx_memory, *tx_memory;
static uint32_t rx_slots, tx_slots;

/* This side's ends of the rings. */
static uint32_t rx_ready_tail, rx_free_head, tx_ready_head, tx_free_tail;
static uint32_t rx_free_published, tx_ready_published;

static struct rx_slot rx_slot[NETRING_ENTRIES];
static uint32_t rx_held;
static bool enough;			/* of this batch */

static struct pbuf *waiting[WAITING_MAX];
static uint32_t waiting_head, waiting_tail;

static uint32_t config_generation;
static char hostname[sizeof(((struct netring_config *)0)->hostname)];
static bool by_dhcp, with_ip6;
static uint16_t vlan;			/* 0: none */

static struct {
	uint64_t rx, tx, rx_copied, rx_no_memory, rx_malformed;
	uint64_t tx_waited, tx_no_room, tx_too_long, conflicts, other_vlan;
} count;

/* ---- receive ---- */

static void give_back(uint16_t slot)
{
	struct netring_entry e = { .slot = slot };

	netring_write(&area->rx_free, rx_free_head++, e);
}

/* lwIP has no more use for a frame that stayed in its slot. */
static void rx_slot_free(struct pbuf *p)
{
	struct rx_slot *s = (struct rx_slot *)p;

	s->held = false;
	rx_held--;
	give_back(s->number);
}

static struct pbuf *frame_in_place(struct netring_entry e, uint8_t *frame)
{
	struct rx_slot *s = &rx_slot[e.slot];

	s->number = e.slot;
	s->held = true;
	rx_held++;
	s->pbuf.custom_free_function = rx_slot_free;
	return pbuf_alloced_custom(PBUF_RAW, e.len, PBUF_REF, &s->pbuf, frame,
				   e.len);
}

static struct pbuf *frame_copy_of(struct netring_entry e, const uint8_t *frame)
{
	struct pbuf *p = pbuf_alloc(PBUF_RAW, e.len, PBUF_POOL);

	if (p)
		pbuf_take(p, frame, e.len);
	else
		count.rx_no_memory++;
	count.rx_copied++;
	give_back(e.slot);
	return p;
}

/*
 * Somebody with another MAC says that our address is theirs. Told rarely: where
 * there is a guest, the switch tells more.
 */
static void look_for_conflict(const uint8_t *frame, uint16_t len)
{
	const struct etharp_hdr *arp =
		(const void *)(frame + SIZEOF_ETH_HDR);
	static uint64_t told_until;
	uint32_t sender;

	if (len < SIZEOF_ETH_HDR + SIZEOF_ETHARP_HDR ||
	    frame[12] != 0x08 || frame[13] != 0x06)
		return;
	memcpy(&sender, &arp->sipaddr, sizeof(sender));
	if (sender == 0 || sender != ip4_addr_get_u32(netif_ip4_addr(&netif)) ||
	    memcmp(&arp->shwaddr, netif.hwaddr, ETH_HWADDR_LEN) == 0)
		return;
	count.conflicts++;
	if (sys_time() < told_until)
		return;
	told_until = sys_time() + CONFLICT_REPEAT_US;
	domain_log(LOG_WARN, "address conflict: %02x:%02x:%02x:%02x:%02x:%02x "
		   "also uses the VMM's IPv4 address", frame[6], frame[7],
		   frame[8], frame[9], frame[10], frame[11]);
}

static void receive_one(struct netring_entry e)
{
	uint8_t *frame;
	struct pbuf *p;

	if (e.slot >= rx_slots || rx_slot[e.slot].held) {
		count.rx_malformed++;
		return;
	}
	if (e.len < SIZEOF_ETH_HDR || e.offset > NETRING_SLOT_SIZE ||
	    e.len > NETRING_SLOT_SIZE - e.offset) {
		count.rx_malformed++;
		give_back(e.slot);
		return;
	}
	frame = rx_memory + (size_t)e.slot * NETRING_SLOT_SIZE + e.offset;
	frame = stack_vlan_untag(vlan, frame, &e.len);
	if (!frame) {
		count.other_vlan++;
		give_back(e.slot);
		return;
	}
	look_for_conflict(frame, e.len);
	if (stack_storm_refuses(frame, e.len,
				ip4_addr_get_u32(netif_ip4_addr(&netif))) ||
	    !stack_dhcp_look(frame, e.len)) {
		give_back(e.slot);
		return;
	}
	p = rx_held < rx_slots / 2 ? frame_in_place(e, frame)
				   : frame_copy_of(e, frame);
	if (!p)
		return;
	count.rx++;
	NETIF_SET_CHECKSUM_CTRL(&netif, e.flags & NETRING_CSUM_VALID ?
				CHECKSUMS_OURS & ~CHECKSUMS_DONE :
				CHECKSUMS_OURS);
	if (netif.input(p, &netif) != ERR_OK)
		pbuf_free(p);
}

/* What we send to ourselves has no checksums, and needs none. */
static void receive_own(void)
{
	NETIF_SET_CHECKSUM_CTRL(&netif, CHECKSUMS_OURS & ~CHECKSUMS_DONE);
	netif_poll(&netif);
	NETIF_SET_CHECKSUM_CTRL(&netif, CHECKSUMS_OURS);
}

bool stack_netif_receive(unsigned int budget)
{
	bool broken = false;
	uint32_t n = netring_count(&area->rx_ready, rx_ready_tail, &broken);
	uint32_t i, now = n < budget ? n : budget;

	netring_awake(&area->rx_ready);
	netring_awake(&area->tx_free);
	if (broken) {
		domain_log(LOG_ERROR, "the receive ring is broken");
		exitprocess(1);
	}
	enough = false;
	for (i = 0; i < now && !enough; i++) {
		receive_one(netring_read(&area->rx_ready, rx_ready_tail));
		netring_taken(&area->rx_ready, ++rx_ready_tail);
	}
	receive_own();
	stack_tcp_end_probes();
	PBUF_CHECK_FREE_OOSEQ();
	return i < n;
}

void stack_netif_enough(void)
{
	enough = true;
}

/* ---- transmit ---- */

/* A TX slot to fill, or -1. */
static int take_tx_slot(void)
{
	struct netring_entry e;

	while (netring_count(&area->tx_free, tx_free_tail, NULL) > 0) {
		e = netring_read(&area->tx_free, tx_free_tail);
		netring_taken(&area->tx_free, ++tx_free_tail);
		if (e.slot < tx_slots)
			return e.slot;
	}
	return -1;
}

static void put_in_slot(struct pbuf *p, int slot)
{
	uint8_t *frame = tx_memory + (size_t)slot * NETRING_SLOT_SIZE;
	uint16_t tag = vlan ? VLAN_TAG_LEN : 0;
	struct netring_entry e = {
		.slot = (uint16_t)slot, .len = (uint16_t)(p->tot_len + tag),
	};

	pbuf_copy_partial(p, frame + tag, p->tot_len, 0);
	e.flags = stack_leave_checksum(frame + tag, p->tot_len);
	if (vlan) {
		stack_vlan_tag(vlan, frame);
		if (e.flags)
			e.flags = (uint16_t)(e.flags +
					     (tag << NETRING_TCP_SHIFT));
	}
	netring_write(&area->tx_ready, tx_ready_head++, e);
	count.tx++;
}

static void publish_tx(void)
{
	if (tx_ready_published == tx_ready_head)
		return;
	netring_publish(&area->tx_ready, tx_ready_head);
	tx_ready_published = tx_ready_head;
	sys_notify();
}

/* Fill slots that have become free with what waits for them. */
static void send_waiting(void)
{
	struct pbuf *p;
	int slot;

	while (waiting_tail != waiting_head) {
		slot = take_tx_slot();
		if (slot < 0)
			return;
		p = waiting[waiting_tail++ % WAITING_MAX];
		put_in_slot(p, slot);
		pbuf_free(p);
	}
}

/* lwIP may change or free its own buffers at once: keep a copy. */
static err_t let_wait(struct pbuf *p)
{
	struct pbuf *copy;

	if (waiting_head - waiting_tail == WAITING_MAX) {
		count.tx_no_room++;
		return ERR_MEM;
	}
	copy = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
	if (!copy) {
		count.tx_no_room++;
		return ERR_MEM;
	}
	waiting[waiting_head++ % WAITING_MAX] = copy;
	count.tx_waited++;
	return ERR_OK;
}

static err_t link_output(struct netif *n, struct pbuf *p)
{
	int slot = -1;

	(void)n;
	if (p->tot_len > NETRING_SLOT_SIZE - VLAN_TAG_LEN) {
		count.tx_too_long++;
		return ERR_IF;
	}
	if (waiting_head == waiting_tail)
		slot = take_tx_slot();
	if (slot < 0) {
		publish_tx();		/* the core may return slots at once */
		send_waiting();
		if (waiting_head == waiting_tail)
			slot = take_tx_slot();
	}
	if (slot < 0)
		return let_wait(p);
	put_in_slot(p, slot);
	return ERR_OK;
}

void stack_netif_flush(void)
{
	send_waiting();
	publish_tx();
	if (rx_free_published != rx_free_head) {
		netring_publish(&area->rx_free, rx_free_head);
		rx_free_published = rx_free_head;
	}
}

bool stack_netif_may_sleep(void)
{
	bool work = netring_want(&area->rx_ready, rx_ready_tail);

	if (waiting_head != waiting_tail)
		work |= netring_want(&area->tx_free, tx_free_tail);
	if (netif.loop_first)
		work = true;
	if (work) {
		netring_awake(&area->rx_ready);
		netring_awake(&area->tx_free);
	}
	return !work;
}

/* ---- configuration ---- */

/* A consistent copy of what the core tells; false: it is changing it. */
static bool read_config(struct netring_config *c)
{
	const volatile uint32_t *generation = &area->config.generation;
	uint32_t before = *generation;

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	*c = area->config;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	c->generation = before;
	return !(before & 1) && *generation == before;
}

static void set_static_address(const struct netring_config *c)
{
	ip4_addr_t address = { c->ip_address }, netmask = { c->ip_netmask };
	ip4_addr_t gateway = { c->ip_gateway };
	char text[IP4ADDR_STRLEN_MAX];

	if (!ip4_addr_cmp(netif_ip4_addr(&netif), &address) ||
	    !ip4_addr_cmp(netif_ip4_netmask(&netif), &netmask) ||
	    !ip4_addr_cmp(netif_ip4_gw(&netif), &gateway)) {
		netif_set_addr(&netif, &address, &netmask, &gateway);
		ip4addr_ntoa_r(&address, text, sizeof(text));
		domain_log(LOG_INFO, "address %s", text);
	}
}

static void apply_config(const struct netring_config *c)
{
	memcpy(netif.hwaddr, c->mac, ETH_HWADDR_LEN);
	memcpy(hostname, c->hostname, sizeof(hostname) - 1);
	by_dhcp = c->dhcp;
	with_ip6 = c->ipv6;
	stack_dns_set(c->dns);
	vlan = c->vlan;
	if (c->mtu >= 576 && c->mtu <= NETRING_SLOT_SIZE - SIZEOF_ETH_HDR)
		netif.mtu = c->mtu;
	if (!by_dhcp)
		set_static_address(c);
	/* the link coming up announces the address (gratuitous ARP) */
	if (c->link && !netif_is_link_up(&netif))
		netif_set_link_up(&netif);
	else if (!c->link && netif_is_link_up(&netif))
		netif_set_link_down(&netif);
}

void stack_netif_follow_config(void)
{
	struct netring_config c;

	if (area->config.generation == config_generation || !read_config(&c))
		return;
	config_generation = c.generation;
	apply_config(&c);
}

static err_t set_up_netif(struct netif *n)
{
	n->name[0] = 'v';
	n->name[1] = 'm';
	n->hwaddr_len = ETH_HWADDR_LEN;
	n->mtu = 1500;
	n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
		   NETIF_FLAG_ETHERNET;
	/* IPv4's groups: nobody but the responder joins any */
	if (IS_ENABLED(CONFIG_MDNS) && area->config.mdns)
		n->flags |= NETIF_FLAG_IGMP;
	n->output = etharp_output;
	n->linkoutput = link_output;
	NETIF_SET_CHECKSUM_CTRL(n, CHECKSUMS_OURS);
	return ERR_OK;
}

static bool slots_fit(uint32_t offset, uint32_t slots, size_t size)
{
	return slots > 0 && slots <= NETRING_ENTRIES &&
	       offset >= sizeof(struct netring_area) && offset <= size &&
	       slots <= (size - offset) / NETRING_SLOT_SIZE;
}

const uint64_t *stack_netif_seed(void *shared, size_t size, size_t *n)
{
	struct netring_area *a = shared;

	*n = sizeof(a->seed) / sizeof(a->seed[0]);
	return shared && size >= sizeof(*a) ? a->seed : NULL;
}

uint16_t stack_netif_echo_port(void)
{
	return area->config.echo_autostart ? area->config.echo_port : 0;
}

void stack_netif_syslog(struct netd_syslog *to)
{
	const struct netring_config *c = &area->config;

	*to = (struct netd_syslog){
		.port = c->syslog_port,
		.tls = c->syslog_tls != 0,
		.pinned = c->syslog_pinned != 0,
	};
	memcpy(to->server, c->syslog, sizeof(to->server));
	memcpy(to->fingerprint, c->syslog_fingerprint,
	       sizeof(to->fingerprint));
}

uint64_t stack_netif_slept(void)
{
	const volatile uint64_t *slept = &area->config.slept_s;

	return *slept;
}

const struct netring_config *stack_netif_name(char *name, size_t size)
{
	strlcpy(name, area->config.name, size);	/* which the core ends */
	return &area->config;
}

void stack_netif_sntp(char *server)
{
	memcpy(server, area->config.sntp, sizeof(area->config.sntp));
}

bool stack_netif_reaches(const char *address)
{
	const ip4_addr_t *hop, *found;
	struct eth_addr *mac;
	ip4_addr_t to;

	if (!netif_is_link_up(&netif))
		return false;
	if (!ip4addr_aton(address, &to))
		return IS_ENABLED(CONFIG_IPV6) && with_ip6 &&
		       stack_ip6_reaches(address);
	hop = ip4_addr_netcmp(&to, netif_ip4_addr(&netif),
			      netif_ip4_netmask(&netif)) ?
	      &to : netif_ip4_gw(&netif);
	return etharp_find_addr(&netif, hop, &mac, &found) >= 0;
}

uint32_t *stack_netif_kept(void)
{
	return area->kept;
}

int stack_netif_init(void *shared, size_t size)
{
	struct netring_area *a = shared;
	ip4_addr_t none = { 0 };

	if (!shared || size < sizeof(*a))
		return -ENODEV;
	if (a->magic != NETRING_MAGIC || a->version != NETRING_VERSION ||
	    !slots_fit(a->rx_offset, a->rx_slots, size) ||
	    !slots_fit(a->tx_offset, a->tx_slots, size))
		return -EPROTO;
	area = a;
	rx_slots = a->rx_slots;
	tx_slots = a->tx_slots;
	rx_memory = (uint8_t *)shared + a->rx_offset;
	tx_memory = (uint8_t *)shared + a->tx_offset;
	rx_ready_tail = a->rx_ready.tail;
	rx_free_head = rx_free_published = a->rx_free.head;
	tx_ready_head = tx_ready_published = a->tx_ready.head;
	tx_free_tail = a->tx_free.tail;

	if (!netif_add(&netif, &none, &none, &none, NULL, set_up_netif,
		       ethernet_input))
		return -EIO;
	netif_set_hostname(&netif, hostname);
	netif_set_default(&netif);
	netif_set_up(&netif);
	config_generation = ~a->config.generation;
	stack_netif_follow_config();
	return 0;
}

void stack_netif_start(uint32_t *kept)
{
	if (by_dhcp)
		stack_dhcp_start(&netif, kept);
	if (IS_ENABLED(CONFIG_IPV6) && with_ip6)
		stack_ip6_start(&netif);
}

void stack_netif_poll(void)
{
	stack_dhcp_poll();
	stack_dns_poll();
	if (IS_ENABLED(CONFIG_IPV6) && with_ip6)
		stack_ip6_poll();
	stack_announce(&netif, area);
}

/* ---- status ---- */

void stack_netif_interface(struct netd_interface *i)
{
	*i = (struct netd_interface){
		.address = ip4_addr_get_u32(netif_ip4_addr(&netif)),
		.netmask = ip4_addr_get_u32(netif_ip4_netmask(&netif)),
		.gateway = ip4_addr_get_u32(netif_ip4_gw(&netif)),
		.mtu = netif.mtu,
		.vlan = vlan,
		.link = netif_is_link_up(&netif),
	};
	memcpy(i->mac, netif.hwaddr, sizeof(i->mac));
	stack_dhcp_interface(i);
	stack_dns_interface(i);
}

void stack_netif_counters(stack_counter add, void *to)
{
	add(to, "received", count.rx);
	add(to, "copied", count.rx_copied);
	add(to, "no memory", count.rx_no_memory);
	add(to, "malformed", count.rx_malformed);
	add(to, "other VLAN", count.other_vlan);
	add(to, "conflicts", count.conflicts);
	add(to, "sent", count.tx);
	add(to, "waited", count.tx_waited);
	add(to, "no room", count.tx_no_room);
	add(to, "too long", count.tx_too_long);
	stack_storm_counters(add, to);
	stack_dhcp_counters(add, to);
}
