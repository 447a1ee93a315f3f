// SPDX-License-Identifier: MIT
/*
 * The core's side of the rings shared with netd. A good netd gets its frames and
 * sees its own sent; a hostile one that writes any index, slot or length it
 * likes, or ends while the card reads its slots, does no harm to the core.
 */
#include "../../net/stack/stack.h"
#include "net_fake.h"

#include <errno.h>
#include <net/segment.h>
#include <net/settings.h>

#define CSUM_AT(start)	(NETRING_CSUM_TCP | (start) << NETRING_TCP_SHIFT)

static struct net_port port;
static struct net_port wire = { .mac = { 0x52, 0x54, 0, 1, 2, 3 } };
static struct net_port guest = { .mac = { 0x52, 0x54, 0, 1, 2, 4 } };
static struct net_settings settings = {
	.address = 0x3202000a, .netmask = 0xffffff, .mtu = 1500,
};
static struct service *service;
static struct stack_port *stack;
static struct netring_area *area;
static struct domain *const netd = (struct domain *)&port;

static uint32_t signals, kills;
static struct frame *input[64];
static unsigned int n_input, input_room = 64;
static struct net_addresses addresses;
static unsigned int n_multicast;

/* ---- the switch and the core ---- */

/* what another CPU does while the switch has the frames */
static void (*meanwhile)(void);

unsigned int net_input(struct net_port *p, struct frame **f, unsigned int n)
{
	void (*other)(void) = meanwhile;
	unsigned int i;

	meanwhile = NULL;
	if (other)
		other();
	for (i = 0; i < n && input_room; i++, input_room--) {
		frame_get(f[i]);
		input[n_input++] = f[i];
	}
	return i;
}

struct net_port *net_switch_port(struct net_switch *sw, enum net_port_id id)
{
	return id == NET_WIRE ? &wire : id == NET_GUEST ? &guest : NULL;
}

const struct net_settings *net_settings(void)
{
	return &settings;
}

void net_addresses_changed(struct net_port *p, const struct net_addresses *a)
{
	addresses = *a;
}

void net_filter_changed(struct net_port *p, bool promiscuous,
			bool all_multicast, const uint8_t (*mac)[ETH_ALEN],
			unsigned int n)
{
	CHECK(!promiscuous && !all_multicast);
	n_multicast = n;
}

void service_register(struct service *s)
{
	service = s;
}

void domain_signal(struct domain *d, uint32_t events)
{
	CHECK(d == netd);
	signals |= events;
}

void domain_kill(struct domain *d, const char *reason)
{
	CHECK(d == netd);
	kills++;
}

/* ---- netd ---- */

static uint32_t rx_tail, rx_free_head, tx_head, tx_free_tail;

static void start(void)
{
	service->started(service, netd);
	rx_tail = area->rx_ready.tail;
	rx_free_head = area->rx_free.head;
	tx_head = area->tx_ready.head;
	tx_free_tail = area->tx_free.tail;
	signals = 0;
}

static uint8_t *slot(bool rx, uint16_t n)
{
	return (uint8_t *)area + (rx ? area->rx_offset : area->tx_offset) +
	       n * NETRING_SLOT_SIZE;
}

static void give_rx(uint16_t n)
{
	netring_write(&area->rx_free, rx_free_head++,
		      (struct netring_entry){ .slot = n });
	netring_publish(&area->rx_free, rx_free_head);
}

static void put_tx_flags(uint16_t n, uint16_t at, uint16_t len, uint16_t flags)
{
	netring_write(&area->tx_ready, tx_head++,
		      (struct netring_entry){ n, at, len, flags });
	netring_publish(&area->tx_ready, tx_head);
}

static void put_tx(uint16_t n, uint16_t offset, uint16_t len)
{
	put_tx_flags(n, offset, len, 0);
}

static int take_tx(void)
{
	if (!netring_count(&area->tx_free, tx_free_tail, NULL))
		return -1;
	return netring_read(&area->tx_free, tx_free_tail++).slot;
}

static void ring(void)
{
	service->notify(service, netd);
}

static void all_sent(void)
{
	for (unsigned int i = 0; i < n_input; i++)
		frame_put(input[i]);
	n_input = 0;
	input_room = 64;
}

/* ---- frames for the VMM ---- */

static uint8_t bytes[9000];

static unsigned int send(uint32_t len, uint8_t flags)
{
	struct frame f = {
		.segment = { { 0, bytes, len } }, .n_segments = 1,
		.len = len, .flags = flags, .refs = 1, .mss = 1000,
		.csum_start = 34, .csum_offset = 16,
	}, *list[1] = { &f };
	unsigned int n = port.ops->transmit(&port, list, 1);

	port.ops->flush(&port);
	CHECK(f.refs == 1);
	return n;
}

static void frames_are_copied_in(void)
{
	struct netring_entry e;

	start();
	CHECK(area->magic == NETRING_MAGIC && area->config.link == 1);
	CHECK(((uint8_t *)&area->config.ip_address)[0] == 10);
	CHECK(area->config.echo_port == 7 && !area->config.echo_autostart);
	CHECK(area->seed[0] && area->seed[0] != area->seed[1]);
	memset(bytes, 0x77, sizeof(bytes));
	CHECK(send(60, FRAME_CSUM_VALID) == 1);
	CHECK(signals == 0);			/* netd is awake */
	CHECK(netring_count(&area->rx_ready, rx_tail, NULL) == 1);
	e = netring_read(&area->rx_ready, rx_tail++);
	CHECK(e.len == 60 && e.offset == NETRING_RX_OFFSET);
	CHECK(e.flags == NETRING_CSUM_VALID);
	CHECK(!memcmp(slot(true, e.slot) + e.offset, bytes, 60));
	CHECK(!netring_want(&area->rx_ready, rx_tail));
	CHECK(send(61, 0) == 1 && signals == NETRING_EVENT_RX);
	e = netring_read(&area->rx_ready, rx_tail++);
	CHECK(e.len == 61 && !e.flags);
	/* all slots taken: lost, until one is given back */
	for (unsigned int i = 2; i < STACK_RX_SLOTS; i++)
		CHECK(send(60, 0) == 1);
	CHECK(send(60, 0) == 0);
	give_rx(e.slot);
	CHECK(send(60, 0) == 1 && send(60, 0) == 0);
	/* longer than a slot, from nobody we know: counted, not followed */
	give_rx(e.slot);
	CHECK(send(3000, 0) == 1 && port.count.tx_malformed == 1);
	CHECK(send(60, 0) == 1);
	service->ended(service, netd);
	CHECK(send(60, 0) == 0);
}

static void guests_big_frames_arrive_cut(void)
{
	start();
	memset(bytes, 0, sizeof(bytes));
	bytes[12] = 8;
	bytes[14] = 0x45;
	bytes[23] = 6;
	bytes[34 + 12] = 0x50;
	CHECK(send(54 + 2500, FRAME_CSUM_PARTIAL | FRAME_TSO4) == 1);
	CHECK(netring_count(&area->rx_ready, rx_tail, NULL) == 3);
	for (unsigned int i = 0; i < 3; i++) {
		struct netring_entry e = netring_read(&area->rx_ready,
						      rx_tail++);

		CHECK(e.len == (i < 2 ? 1054 : 554));
		CHECK(e.flags == NETRING_CSUM_VALID);
	}
	service->ended(service, netd);
}

/* ---- frames of netd ---- */

static void frames_go_out_in_place(void)
{
	int n;

	start();
	for (unsigned int i = 0; i < STACK_TX_SLOTS; i++)
		CHECK(take_tx() == (int)i);
	CHECK(take_tx() == -1);
	put_tx(3, 2, 60);
	put_tx(7, 0, 1514);
	ring();
	CHECK(n_input == 2 && input[0]->len == 60);
	CHECK(input[0]->segment[0].virt == slot(false, 3) + 2);
	CHECK(input[0]->origin == NET_STACK);
	CHECK(take_tx() == -1);
	netring_want(&area->tx_free, tx_free_tail);
	all_sent();
	CHECK(signals == NETRING_EVENT_TX);
	CHECK(take_tx() == 3 && take_tx() == 7);
	/* a full wire: the rest waits for resume() */
	for (uint16_t i = 0; i < 50; i++)
		put_tx(i, 0, 60);
	input_room = 33;
	ring();
	CHECK(n_input == 33);
	input_room = 31;
	port.ops->resume(&port);
	CHECK(n_input == 50);
	for (unsigned int i = 0; i < 50; i++)
		CHECK(input[i]->cookie == i);
	all_sent();
	for (n = 0; take_tx() >= 0; n++)
		;
	CHECK(n == 50);
	service->ended(service, netd);
}

static uint8_t *put_segment(uint16_t n, const uint8_t *to)
{
	uint8_t *frame = slot(false, n);

	memset(frame, 0x5a, 77);
	memcpy(frame, to, ETH_ALEN);
	frame[50] = 0x12;
	frame[51] = 0x34;
	put_tx_flags(n, 0, 77, CSUM_AT(34));
	return frame;
}

static void checksums_are_finished_once(void)
{
	static const uint8_t away[ETH_ALEN] = { 2, 0, 0, 0, 0, 9 };
	static const uint8_t all[ETH_ALEN] = { 1, 0, 0x5e, 0, 0, 9 };
	uint64_t malformed = port.count.tx_malformed;
	uint8_t *frame;
	uint16_t sum;

	start();
	while (take_tx() >= 0)
		;
	frame = put_segment(0, away);
	ring();
	CHECK(n_input == 1 && input[0]->flags == FRAME_CSUM_PARTIAL);
	CHECK(input[0]->csum_start == 34 && input[0]->csum_offset == 16);
	CHECK(frame[50] == 0x12 && frame[51] == 0x34);
	all_sent();
	/* for the guest, also when it was not taken at first */
	frame = put_segment(1, guest.mac);
	input_room = 0;
	ring();
	CHECK(n_input == 0);
	input_room = 2;
	put_segment(2, all);
	ring();
	CHECK(n_input == 2 && !input[0]->flags && !input[1]->flags);
	sum = (uint16_t)(frame[50] << 8 | frame[51]);
	frame[50] = 0x12;
	frame[51] = 0x34;
	CHECK(sum == net_sum_finish(net_sum(frame + 34, 43, 0)));
	all_sent();
	put_tx_flags(3, 0, 60, CSUM_AT(43));
	put_tx_flags(4, 0, 60, CSUM_AT(255));
	put_tx_flags(5, 0, 60, CSUM_AT(13));
	put_tx_flags(6, 0, 60, CSUM_AT(42));
	ring();
	CHECK(n_input == 1 && input[0]->cookie == 6);
	CHECK(port.count.tx_malformed == malformed + 3);
	all_sent();
	service->ended(service, netd);
}

static void netd_may_end_while_the_card_reads(void)
{
	unsigned int n = 0;

	start();
	for (uint16_t i = 0; i < 10; i++) {
		memset(slot(false, i), 0x40 + i, 60);
		put_tx(i, 0, 60);
	}
	ring();
	CHECK(n_input == 10);
	service->ended(service, netd);
	frame_put(input[0]);
	start();
	while (take_tx() >= 0)
		n++;
	CHECK(n == STACK_TX_SLOTS - 9);
	for (unsigned int i = 1; i < 10; i++)
		CHECK(*(uint8_t *)input[i]->segment[0].virt == 0x40 + i);
	/* one of those is not the new netd's to send */
	put_tx(5, 0, 60);
	ring();
	CHECK(n_input == 10);
	for (unsigned int i = 1; i < 10; i++)
		frame_put(input[i]);
	n_input = 0;
	for (n = 0; take_tx() >= 0; n++)
		;
	CHECK(n == 9);
	service->ended(service, netd);
}

static void bad_entries_are_refused(void)
{
	uint64_t bad = stack->count.bad_slot;
	uint64_t malformed = port.count.tx_malformed;

	start();
	while (take_tx() >= 0)
		;
	put_tx(STACK_TX_SLOTS, 0, 60);
	put_tx(0xffff, 0, 60);
	put_tx(1, 0xffff, 60);
	put_tx(2, 2000, 60);
	put_tx(3, 0, 13);
	put_tx(4, 0, 1519);
	put_tx(5, 0, 60);
	put_tx(5, 0, 60);		/* twice */
	put_tx(6, 0, 0xffff);
	put_tx(7, 0, 60);
	ring();
	CHECK(n_input == 2);
	CHECK(stack->count.bad_slot == bad + 3);
	CHECK(port.count.tx_malformed == malformed + 5);
	for (unsigned int i = 1; i <= 4; i++)
		CHECK(take_tx() == (int)i);
	CHECK(take_tx() == 6 && take_tx() == -1);
	all_sent();
	/* RX slots that do not exist */
	for (unsigned int i = 0; i < STACK_RX_SLOTS; i++)
		send(60, 0);
	give_rx(STACK_RX_SLOTS);
	give_rx(0xffff);
	CHECK(send(60, 0) == 0);
	give_rx(1);
	CHECK(send(60, 0) == 1);
	service->ended(service, netd);
}

static void broken_indices_end_netd(void)
{
	start();
	area->tx_ready.head = 1000;
	ring();
	CHECK(n_input == 0 && stack->broken_timer.armed && !kills);
	stack->broken_timer.fn(&stack->broken_timer);
	CHECK(kills == 1);
	service->ended(service, netd);
	CHECK(!stack->broken_timer.armed);
	start();
	area->rx_free.head = 0xf0000000;
	CHECK(send(60, 0) == 0 && stack->broken_timer.armed);
	service->ended(service, netd);
	start();
	area->rx_ready.tail = 12345;
	CHECK(send(60, 0) == 0);
	service->ended(service, netd);
	start();
	CHECK(send(60, 0) == 1);
	service->ended(service, netd);
}

static void netd_tells_its_addresses(void)
{
	static const uint8_t mine[4] = { 10, 0, 2, 77 };
	struct netring_addresses *a = &area->addresses;
	uint8_t seen[4];

	settings.dhcp = false;
	start();
	memcpy(seen, &addresses.ip4[0], 4);
	CHECK(addresses.n_ip4 == 1 && seen[3] == 50);
	CHECK(!area->config.dhcp && area->config.ip_address == 0x3202000a);
	CHECK(!strcmp(area->config.hostname, "tandem-525400010203"));
	CHECK(!memcmp(area->config.mac, port.mac, ETH_ALEN));
	/* what is configured stays, whatever netd says */
	a->n_ip4 = 1;
	memcpy(&a->ip4[0], mine, 4);
	a->generation = 2;
	ring();
	memcpy(seen, &addresses.ip4[0], 4);
	CHECK(addresses.n_ip4 == 1 && seen[3] == 50);
	service->ended(service, netd);

	/* with DHCP there is none at first, and netd's counts */
	settings.dhcp = true;
	settings.address = 0;
	start();
	CHECK(addresses.n_ip4 == 0 && area->config.dhcp);
	a->generation = 1;		/* being written */
	a->n_ip4 = 2;
	memcpy(&a->ip4[0], mine, 4);
	a->ip4[1] = 0xffffffff;
	a->n_ip6 = 0xffff;
	memset(a->ip6, 0xff, sizeof(a->ip6));
	a->ip6[2][0] = 0xfe;
	a->n_multicast = 3;
	memset(a->multicast, 0, sizeof(a->multicast));
	a->multicast[1][0] = 1;
	ring();
	CHECK(memcmp(&addresses.ip4[0], mine, 4));
	a->generation = 2;
	ring();
	CHECK(addresses.n_ip4 == 1 && !memcmp(&addresses.ip4[0], mine, 4));
	CHECK(addresses.n_ip6 == 1 && addresses.n_multicast == 1);
	CHECK(n_multicast == 1 && stack->count.bad_addresses == 8);
	/* a new netd starts without again */
	service->ended(service, netd);
	start();
	CHECK(addresses.n_ip4 == 0 && addresses.n_ip6 == 0);
	port.link = false;
	port.ops->link_changed(&port, false);
	CHECK(area->config.link == 0 && area->config.generation == 2);
	CHECK(signals & NETRING_EVENT_CONFIG);
	port.link = true;
	service->ended(service, netd);
}

/* Any bytes anywhere in what netd can write, for a long time. */
static void random_netd(void)
{
	for (unsigned int round = 0; round < 400; round++) {
		start();
		for (unsigned int step = 0; step < 300; step++) {
			struct netring *rings = &area->rx_ready;
			uint32_t *words = (uint32_t *)
				&rings[random32() % 4];

			switch (random32() % 8) {
			case 0:
				words[random32() % 512] = random32();
				break;
			case 1:
				put_tx_flags((uint16_t)(random32() % 66),
					     (uint16_t)(random32() % 2100),
					     (uint16_t)(random32() % 1600),
					     (uint16_t)random32());
				break;
			case 2:
				give_rx((uint16_t)(random32() % 140));
				break;
			case 3:
				send(14 + random32() % 1500, 0);
				break;
			case 4:
				input_room = 64 - n_input;
				ring();
				break;
			case 5:
				all_sent();
				break;
			case 6:
				((uint32_t *)&area->addresses)
					[random32() % 46] = random32() % 9;
				break;
			case 7:
				port.ops->resume(&port);
				break;
			}
		}
		service->ended(service, netd);
		all_sent();
		for (unsigned int i = 0; i < STACK_TX_SLOTS; i++)
			CHECK(!stack->in_flight[i]);
	}
}

/* ---- several CPUs ---- */

/* The next netd may well lie where the last one did. */
static void netd_starts_anew(void)
{
	service->ended(service, netd);
	start();
}

static void frames_of_the_last_netd_do_not_disturb_the_next(void)
{
	unsigned int slots = 0;

	start();
	input_room = 1;
	for (uint16_t i = 0; i < 3; i++)
		put_tx(i, 0, 60);
	meanwhile = netd_starts_anew;
	ring();
	CHECK(n_input == 1 && area->tx_ready.tail == 0);
	while (take_tx() >= 0)
		slots++;
	CHECK(slots == STACK_TX_SLOTS - 1);	/* one is on the wire */
	put_tx(5, 0, 60);
	input_room = 64;
	ring();
	CHECK(n_input == 2 && kills == 0 && !stack->broken_timer.armed);
	all_sent();
	service->ended(service, netd);
}

static uint16_t next_put;

static void netd_sends_more(void)
{
	if (next_put == 30)
		return;
	meanwhile = netd_sends_more;
	put_tx(next_put++, 0, 60);
	ring();
}

/* Word left for whoever sends is not lost, however much there is of it. */
static void frames_that_keep_coming_all_go(void)
{
	start();
	next_put = 0;
	netd_sends_more();
	for (unsigned int i = 0; i < 30 && stack->again_timer.armed; i++) {
		stack->again_timer.armed = false;
		stack->again_timer.fn(&stack->again_timer);
	}
	CHECK(n_input == 30);
	all_sent();
	service->ended(service, netd);
}

int netring_create(struct net_port *p);

int main(void)
{
	memcpy(port.mac, "\x52\x54\0\7\7\7", ETH_ALEN);
	port.link = true;
	CHECK(netring_create(&port) == 0 && service);
	stack = container_of(service, struct stack_port, service);
	area = service->shared;
	CHECK(!strcmp(service->program, "netd"));
	CHECK(send(60, 0) == 0);
	frames_are_copied_in();
	guests_big_frames_arrive_cut();
	frames_go_out_in_place();
	checksums_are_finished_once();
	netd_may_end_while_the_card_reads();
	bad_entries_are_refused();
	broken_indices_end_netd();
	netd_tells_its_addresses();
	kills = 0;
	stack->broken_timer.armed = false;
	frames_of_the_last_netd_do_not_disturb_the_next();
	frames_that_keep_coming_all_go();
	random_netd();
	printf("%u checks\n", checks);
	return 0;
}
