// SPDX-License-Identifier: MIT
/*
 * Does the switch lose, double or reorder frames when a port is full? Does it
 * merge what guest and stack want to receive, and refuse bindings that ask for
 * what is not there? Ports here are plain lists.
 */
#include "net_fake.h"

#include <errno.h>
#include <net/net.h>
#include <tandem/kconfig.h>

#define VMM_IP	{ 10, 0, 2, 50 }

static struct {
	struct net_port port;
	unsigned int room;		/* frames it takes until told otherwise */
	struct frame *got[128];
	unsigned int n, flushes, resumes, links;
	bool link;
} guest, stack, wire;

static bool promiscuous, all_multicast;
static unsigned int n_mac, released;
static uint8_t macs[96][ETH_ALEN];

#define THE(p) ((p)->id == NET_WIRE ? &wire : \
		(p)->id == NET_GUEST ? (void *)&guest : (void *)&stack)

void net_report_text(struct net_report *r, const char *name, const char *fmt,
		     ...)
{
}

void net_report_count(struct net_report *r, const char *name, uint64_t value)
{
}

static unsigned int transmit(struct net_port *p, struct frame *const *f,
			     unsigned int n)
{
	typeof(&wire) t = THE(p);
	unsigned int i;

	for (i = 0; i < n && t->room; i++, t->room--) {
		t->got[t->n++] = f[i];
		if (p->id == NET_WIRE)
			frame_get(f[i]);
	}
	return i;
}

static void flush(struct net_port *p)
{
	((typeof(&wire))THE(p))->flushes++;
}

static void resume(struct net_port *p)
{
	((typeof(&wire))THE(p))->resumes++;
}

static void link_changed(struct net_port *p, bool up)
{
	typeof(&wire) t = THE(p);

	t->links++;
	t->link = up;
}

static void set_filter(struct net_port *p, bool prom, bool all,
		       const uint8_t (*mac)[ETH_ALEN], unsigned int n)
{
	promiscuous = prom;
	all_multicast = all;
	n_mac = n;
	memcpy(macs, mac, n * ETH_ALEN);
}

static const struct net_port_ops ops = {
	.transmit = transmit, .flush = flush, .resume = resume,
	.link_changed = link_changed, .set_filter = set_filter,
};

static struct net_port *guest_port, *stack_port;

static int create_guest(struct net_port *p, struct pci_device *at)
{
	p->ops = &ops;
	guest_port = p;
	return 0;
}

static int create_stack(struct net_port *p, struct pci_device *at)
{
	p->ops = &ops;
	stack_port = p;
	return 0;
}

static const struct net_backend virtio = { "virtio", NET_GUEST, create_guest };
NET_BACKEND(virtio);
static const struct net_backend netd = { "stack", NET_STACK, create_stack };
NET_BACKEND(netd);

static int attach(const char *net, const char *virtio_value)
{
	static struct pci_device d;
	struct pci_binding b = {
		.driver = "bnx", .n_options = 2,
		.option = { { "net", net }, { "virtio", virtio_value } },
	};

	memset(&wire, 0, sizeof(wire));
	memset(&guest, 0, sizeof(guest));
	memset(&stack, 0, sizeof(stack));
	wire.port.ops = &ops;
	memcpy(wire.port.mac, "\x52\x54\0\1\2\3", ETH_ALEN);
	guest_port = stack_port = NULL;
	released = 0;
	return net_attach(&wire.port, &d, &b);
}

static void use(void)
{
	static const uint8_t ip[4] = VMM_IP;
	struct net_addresses a = { .n_ip4 = 1 };

	CHECK(attach("ippass", "1") == 0);
	memcpy(a.ip4, ip, 4);
	net_addresses_changed(stack_port, &a);
	wire.room = guest.room = stack.room = 100;
}

static void release(struct frame *f)
{
	released++;
}

static uint8_t bytes[64][64];
static struct frame frames[64];
static struct frame *list[64];

/* Frame i: for the VMM, for everybody or for others. */
static void make(unsigned int i, const char *mac, bool for_vmm)
{
	static const uint8_t vmm[4] = VMM_IP;

	memset(bytes[i], 0, 64);
	memcpy(bytes[i], mac, 6);
	bytes[i][12] = 8;
	bytes[i][14] = 0x45;
	if (for_vmm)
		memcpy(bytes[i] + 30, vmm, 4);
	frames[i] = (struct frame){
		.segment = { { 0, bytes[i], 20 }, { 0, bytes[i] + 20, 44 } },
		.n_segments = 2, .len = 64, .refs = 1, .release = release,
	};
	list[i] = &frames[i];
}

static void a_full_wire_pushes_back_in_order(void)
{
	use();
	for (unsigned int i = 0; i < 40; i++)
		make(i, i % 2 ? "\xff\xff\xff\xff\xff\xff" :
				"\x52\x54\0\1\2\3", i % 2 == 0);
	wire.room = 7;
	/* 0, 2, ... to the stack alone, 1, 3, ... to both: stops at 15 */
	CHECK(net_input(guest_port, list, 40) == 15);
	CHECK(wire.n == 7 && stack.n == 15 && guest.n == 0);
	for (unsigned int i = 0; i < 15; i++)
		CHECK(stack.got[i] == list[i]);
	for (unsigned int i = 0; i < 7; i++)
		CHECK(wire.got[i] == list[2 * i + 1]);
	CHECK(wire.flushes == 1 && stack.flushes == 1);
	CHECK(wire.port.count.tx_busy == 1);
	CHECK(guest_port->count.rx_frames == 15);
	CHECK(guest_port->count.rx_bytes == 15 * 64);
	wire.room = 100;
	CHECK(net_input(guest_port, list + 15, 25) == 25);
	CHECK(wire.n == 20 && stack.n == 40);
	CHECK(frames[1].refs == 2 && frames[0].refs == 1);
	frame_put(&frames[1]);
	frame_put(&frames[1]);
	CHECK(released == 1);
}

static void a_full_guest_or_stack_loses_and_counts(void)
{
	use();
	guest.room = 2;
	stack.room = 1;
	for (unsigned int i = 0; i < 4; i++)
		make(i, "\xff\xff\xff\xff\xff\xff", false);
	CHECK(net_input(&wire.port, list, 4) == 4);
	CHECK(guest.n == 2 && stack.n == 1);
	CHECK(guest_port->count.rx_no_buffer == 2);
	CHECK(stack_port->count.rx_no_buffer == 3);
	CHECK(guest_port->count.tx_frames == 2);
	/* and a frame from the guest is not held up by the stack */
	make(0, "\x52\x54\0\1\2\3", true);
	CHECK(net_input(guest_port, list, 1) == 1);
	CHECK(stack_port->count.rx_no_buffer == 4);
	/* to its own MAC, for nobody */
	make(0, "\x52\x54\0\1\2\3", false);
	CHECK(net_input(guest_port, list, 1) == 1);
	CHECK(guest_port->count.filtered == 1 && wire.n == 0);
}

static unsigned int input_again(struct net_port *p, struct frame *const *f,
				unsigned int n)
{
	net_room(p);		/* completions found on the way */
	CHECK(guest.resumes == 0);
	return n;
}

static void resume_waits_for_the_batch(void)
{
	static struct net_port_ops nested;

	use();
	nested = ops;
	nested.transmit = input_again;
	wire.port.ops = &nested;
	make(0, "\x52\x54\0\x9\x9\x9", false);
	CHECK(net_input(guest_port, list, 1) == 1);
	CHECK(guest.resumes == 1 && stack.resumes == 1);
	net_room(&wire.port);
	CHECK(guest.resumes == 2);
}

static void link_reaches_all(void)
{
	use();
	wire.port.link = true;
	wire.port.speed = 1000;
	net_link_changed(&wire.port);
	CHECK(guest.links == 1 && guest.link && stack.links == 1);
	CHECK(guest_port->link && guest_port->speed == 1000);
	net_link_changed(&wire.port);
	CHECK(guest.links == 1);
}

static void filters_are_merged(void)
{
	uint8_t many[70][ETH_ALEN] = { 0 };

	use();
	memcpy(many[0], "\1\0\x5e\0\0\1", 6);
	memcpy(many[1], "\x33\x33\0\0\0\1", 6);
	net_filter_changed(guest_port, false, false, many, 1);
	net_filter_changed(stack_port, false, false, many, 2);
	CHECK(n_mac == 2 && !promiscuous && !all_multicast);
	net_filter_changed(guest_port, true, true, many, 0);
	CHECK(n_mac == 2 && promiscuous && all_multicast);
	/* a MAC of the guest's own is one more to listen for */
	memcpy(guest_port->mac, "\x52\x54\0\7\7\7", 6);
	net_filter_changed(guest_port, false, false, many, 0);
	CHECK(n_mac == 3 && !promiscuous);
	/* too many to hold: rather too much than too little */
	for (unsigned int i = 0; i < 70; i++) {
		memcpy(many[i], "\1\0\x5e\0\0", 5);
		many[i][5] = (uint8_t)i;
	}
	net_filter_changed(guest_port, false, false, many, 70);
	CHECK(all_multicast && !promiscuous);
	for (unsigned int i = 0; i < 70; i++)
		many[i][0] = 2;
	net_filter_changed(guest_port, false, false, many, 70);
	CHECK(promiscuous);
}

static void bindings(void)
{
	CHECK(attach("ipass", "1") == -EINVAL && log_lines);
	CHECK(attach("ippass", "yes") == -EINVAL);
	CHECK(attach("ip", "1") == -EINVAL);
	CHECK(attach("pass", "1") == 0 && guest_port && !stack_port);
	CHECK(attach("ip", "0") == 0 && !guest_port && stack_port);
	CHECK(attach("ippass", "0") == 0 && !guest_port && stack_port);
}

static void pass_and_ip_look_at_nothing(void)
{
	attach("pass", "1");
	wire.room = guest.room = 100;
	for (unsigned int i = 0; i < 3; i++)
		make(i, "\x52\x54\0\1\2\3", true);
	CHECK(net_input(&wire.port, list, 3) == 3 && guest.n == 3);
	CHECK(net_input(guest_port, list, 3) == 3 && wire.n == 3);
	attach("ip", "0");
	wire.room = stack.room = 100;
	CHECK(net_input(&wire.port, list, 3) == 3 && stack.n == 3);
	CHECK(net_input(stack_port, list, 3) == 3 && wire.n == 3);
}

static void copies_cross_segments(void)
{
	uint8_t out[64];

	make(0, "\x52\x54\0\1\2\3", true);
	for (unsigned int i = 0; i < 64; i++)
		bytes[0][i] = (uint8_t)i;
	CHECK(frame_copy(&frames[0], 18, out, 4));
	CHECK(out[0] == 18 && out[3] == 21);
	CHECK(frame_copy(&frames[0], 64, out, 0));
	CHECK(!frame_copy(&frames[0], 61, out, 4));
	CHECK(!frame_copy(&frames[0], 0xffffffff, out, 2));
	CHECK(!frame_copy(&frames[0], 65, out, 0));
}

static void a_capture_is_told_who_took_how_many(void)
{
	if (!IS_ENABLED(CONFIG_MGMT))
		return;
	use();
	net_capture_on = true;
	for (unsigned int i = 0; i < 4; i++)
		make(i, "\xff\xff\xff\xff\xff\xff", true);
	guest.room = 1;
	CHECK(net_input(&wire.port, list, 4) == 4);
	CHECK(fake_capture.from == NET_WIRE && fake_capture.n == 4);
	CHECK(fake_capture.done[NET_WIRE] == 0 &&
	      fake_capture.done[NET_GUEST] == 1 &&
	      fake_capture.done[NET_STACK] == 4);
	/* what is pushed back has not passed */
	wire.room = 3;
	CHECK(net_input(guest_port, list, 4) == 3);
	CHECK(fake_capture.from == NET_GUEST && fake_capture.n == 3);
	CHECK(fake_capture.done[NET_WIRE] == 3 &&
	      fake_capture.done[NET_STACK] == 3);
	net_capture_on = false;
}

int main(void)
{
	a_full_wire_pushes_back_in_order();
	a_full_guest_or_stack_loses_and_counts();
	resume_waits_for_the_batch();
	link_reaches_all();
	filters_are_merged();
	bindings();
	pass_and_ip_look_at_nothing();
	copies_cross_segments();
	a_capture_is_told_who_took_how_many();
	printf("%u checks\n", checks);
	return 0;
}
