// SPDX-License-Identifier: MIT
/*
 * Does every frame reach exactly those it is for? Each row of the design's table
 * of modes, with a MAC shared by guest and VMM and with one of the VMM's own;
 * and does no sequence of bytes lead the parser out of its buffer?
 */
#include "../../net/ippass/classify.h"
#include "net_fake.h"

#include <net/vlan.h>

#define W	BIT(NET_WIRE)
#define G	BIT(NET_GUEST)
#define S	BIT(NET_STACK)

#define SHARED	0x52, 0x54, 0, 1, 2, 3
#define OTHER	0x52, 0x54, 0, 9, 9, 9
#define OWN	0x52, 0x54, 0, 7, 7, 7
#define ALL	0xff, 0xff, 0xff, 0xff, 0xff, 0xff

#define VMM_IP	10, 0, 2, 50
#define GUEST_IP 10, 0, 2, 15
#define HOST_IP	10, 0, 2, 2

static const uint8_t vmm_ip6[16] = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0,
				     2, 0, 0, 0xff, 0xfe, 0xaa, 0xbb, 0xcc };
static const uint8_t guest_ip6[16] = { 0xfe, 0x80, 0, 0, 0, 0, 0, 0,
				       2, 0, 0, 0xff, 0xfe, 1, 2, 3 };

static struct ippass_view view(bool filter)
{
	struct ippass_view v = {
		.guest_mac = { SHARED }, .stack_mac = { SHARED },
		.filter = filter,
	};
	const uint8_t ip[4] = { VMM_IP };

	memcpy(&v.vmm.ip4[0], ip, 4);
	v.vmm.n_ip4 = 1;
	memcpy(v.vmm.ip6[0], vmm_ip6, 16);
	v.vmm.n_ip6 = 1;
	return v;
}

static uint8_t where(const struct ippass_view *v, const uint8_t *bytes,
		     size_t len, enum net_port_id from)
{
	struct ippass_headers h;

	CHECK(ippass_parse(bytes, len, &h));
	return ippass_targets(v, &h, from);
}

static size_t ip4(uint8_t *f, const uint8_t mac[6], const uint8_t to[4])
{
	static const uint8_t from[4] = { HOST_IP };

	memset(f, 0, 64);
	memcpy(f, mac, 6);
	f[12] = 8;
	f[14] = 0x45;
	memcpy(f + 26, from, 4);
	memcpy(f + 30, to, 4);
	return 64;
}

static size_t arp(uint8_t *f, const uint8_t mac[6], uint8_t op,
		  const uint8_t sender[4], const uint8_t target[4])
{
	static const uint8_t head[] = { 8, 6, 0, 1, 8, 0, 6, 4, 0 };

	memset(f, 0, 60);
	memcpy(f, mac, 6);
	memcpy(f + 12, head, sizeof(head));
	f[21] = op;
	memcpy(f + 28, sender, 4);
	memcpy(f + 38, target, 4);
	return 60;
}

static size_t ip6(uint8_t *f, const uint8_t mac[6], const uint8_t to[16],
		  uint8_t nd_type, const uint8_t target[16])
{
	memset(f, 0, 78);
	memcpy(f, mac, 6);
	f[12] = 0x86;
	f[13] = 0xdd;
	f[14] = 0x60;
	f[20] = 58;
	memcpy(f + 38, to, 16);
	f[54] = nd_type;
	memcpy(f + 62, target, 16);
	return 78;
}

static const uint8_t shared[6] = { SHARED }, other[6] = { OTHER },
	all[6] = { ALL }, own[6] = { OWN };
static const uint8_t vmm[4] = { VMM_IP }, guest[4] = { GUEST_IP },
	host[4] = { HOST_IP };

static void ip4_goes_by_destination_address(void)
{
	struct ippass_view pass = view(false), filter = view(true);
	uint8_t f[128];
	size_t n;

	n = ip4(f, shared, vmm);
	CHECK(where(&pass, f, n, NET_WIRE) == (G | S));
	CHECK(where(&filter, f, n, NET_WIRE) == S);
	CHECK(where(&pass, f, n, NET_GUEST) == S);
	CHECK(where(&pass, f, n, NET_STACK) == G);
	n = ip4(f, shared, guest);
	CHECK(where(&pass, f, n, NET_WIRE) == G);
	CHECK(where(&filter, f, n, NET_WIRE) == G);
	/* to its own MAC but not for the VMM: never to the wire */
	CHECK(where(&pass, f, n, NET_GUEST) == 0);
	CHECK(where(&pass, f, n, NET_STACK) == G);
	n = ip4(f, other, host);
	CHECK(where(&pass, f, n, NET_WIRE) == G);
	CHECK(where(&pass, f, n, NET_GUEST) == W);
	CHECK(where(&pass, f, n, NET_STACK) == W);
	/* the VMM's address behind somebody else's MAC is that one's affair */
	n = ip4(f, other, vmm);
	CHECK(where(&pass, f, n, NET_GUEST) == W);
	CHECK(where(&filter, f, n, NET_WIRE) == G);
	n = ip4(f, all, host);
	CHECK(where(&filter, f, n, NET_WIRE) == (G | S));
	CHECK(where(&filter, f, n, NET_GUEST) == (W | S));
	CHECK(where(&filter, f, n, NET_STACK) == (W | G));
}

static void arp_goes_by_target_address(void)
{
	struct ippass_view pass = view(false), filter = view(true);
	uint8_t f[128];
	size_t n;

	n = arp(f, all, 1, host, vmm);
	CHECK(where(&pass, f, n, NET_WIRE) == (G | S));
	CHECK(where(&pass, f, n, NET_GUEST) == (W | S));
	n = arp(f, shared, 2, host, vmm);
	CHECK(where(&pass, f, n, NET_WIRE) == (G | S));
	CHECK(where(&filter, f, n, NET_WIRE) == S);
	CHECK(where(&pass, f, n, NET_GUEST) == S);
	n = arp(f, shared, 2, host, guest);
	CHECK(where(&pass, f, n, NET_WIRE) == G);
	n = arp(f, shared, 2, vmm, guest);
	CHECK(where(&pass, f, n, NET_STACK) == G);
	n = arp(f, other, 2, vmm, host);
	CHECK(where(&pass, f, n, NET_STACK) == W);
	/* hardware other than Ethernet is not ARP to us */
	n = arp(f, shared, 2, host, vmm);
	f[15] = 6;
	CHECK(where(&pass, f, n, NET_WIRE) == G);
}

static void ip6_and_groups(void)
{
	static const uint8_t solicited[6] = { 0x33, 0x33, 0xff, 0xaa, 0xbb,
					      0xcc };
	static const uint8_t elsewhere[6] = { 0x33, 0x33, 0xff, 1, 2, 3 };
	static const uint8_t nodes[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	static const uint8_t mdns[6] = { 1, 0, 0x5e, 0, 0, 0xfb };
	struct ippass_view pass = view(false), filter = view(true);
	uint8_t f[128];
	size_t n;

	n = ip6(f, solicited, vmm_ip6, 135, vmm_ip6);
	CHECK(where(&filter, f, n, NET_WIRE) == (G | S));
	CHECK(where(&filter, f, n, NET_GUEST) == (W | S));
	n = ip6(f, elsewhere, vmm_ip6, 135, guest_ip6);
	CHECK(where(&pass, f, n, NET_WIRE) == G);
	n = ip6(f, nodes, vmm_ip6, 136, guest_ip6);
	CHECK(where(&pass, f, n, NET_WIRE) == (G | S));
	n = ip6(f, shared, vmm_ip6, 136, guest_ip6);
	CHECK(where(&filter, f, n, NET_WIRE) == S);
	n = ip6(f, shared, guest_ip6, 136, vmm_ip6);
	CHECK(where(&filter, f, n, NET_WIRE) == G);

	n = ip4(f, mdns, host);
	CHECK(where(&pass, f, n, NET_WIRE) == G);
	memcpy(pass.vmm.multicast[0], mdns, 6);
	pass.vmm.n_multicast = 1;
	CHECK(where(&pass, f, n, NET_WIRE) == (G | S));
}

static void a_mac_of_the_vmms_own(void)
{
	struct ippass_view v = view(true);
	uint8_t f[128];
	size_t n;

	memcpy(v.stack_mac, own, 6);
	n = ip4(f, own, guest);		/* whatever it is, it is the VMM's */
	CHECK(where(&v, f, n, NET_WIRE) == S);
	CHECK(where(&v, f, n, NET_GUEST) == S);
	n = ip4(f, shared, vmm);
	CHECK(where(&v, f, n, NET_WIRE) == G);
	CHECK(where(&v, f, n, NET_STACK) == G);
	n = ip4(f, other, host);
	CHECK(where(&v, f, n, NET_STACK) == W);
}

static uint16_t vlan;			/* the VMM's, for claim() */

/* The claim of a frame; the address it is about is *about. */
static enum ippass_claim claim(const uint8_t *f, size_t n,
			       enum net_port_id from, uint8_t about[16])
{
	struct ippass_view v = view(false);
	static struct ippass_headers h;
	enum ippass_claim c;
	const uint8_t *ip;

	CHECK(ippass_parse(f, n, &h));
	v.vlan = vlan;
	c = ippass_claim(&v, &h, from, &ip);
	if (c != IPPASS_CLAIMS_NOTHING)
		memcpy(about, ip, h.kind == IPPASS_IP6 ? 16 : 4);
	return c;
}

static void who_uses_the_vmms_address(void)
{
	static const uint8_t none[16] = { 0 };
	uint8_t f[128], ip[16];
	size_t n;

	n = arp(f, all, 1, vmm, host);
	CHECK(claim(f, n, NET_WIRE, ip) == IPPASS_USES && !memcmp(ip, vmm, 4));
	CHECK(claim(f, n, NET_GUEST, ip) == IPPASS_USES);
	vlan = 5;			/* an address counts on its VLAN */
	CHECK(!claim(f, n, NET_WIRE, ip) && !claim(f, n, NET_GUEST, ip));
	vlan = 0;
	n = arp(f, all, 1, host, vmm);
	CHECK(!claim(f, n, NET_WIRE, ip) && !claim(f, n, NET_GUEST, ip));
	/* the wire hears the stack's answer to a probe, the guest does not */
	n = arp(f, all, 1, none, vmm);
	CHECK(!claim(f, n, NET_WIRE, ip));
	CHECK(claim(f, n, NET_GUEST, ip) == IPPASS_PROBES &&
	      !memcmp(ip, vmm, 4));
	n = arp(f, shared, 2, none, vmm);
	CHECK(!claim(f, n, NET_GUEST, ip));
	n = ip4(f, shared, guest);
	CHECK(!claim(f, n, NET_WIRE, ip));
	memcpy(f + 26, vmm, 4);
	CHECK(claim(f, n, NET_GUEST, ip) == IPPASS_SENDS &&
	      !memcmp(ip, vmm, 4));

	n = ip6(f, all, vmm_ip6, 136, vmm_ip6);
	CHECK(claim(f, n, NET_WIRE, ip) == IPPASS_USES &&
	      !memcmp(ip, vmm_ip6, 16));
	n = ip6(f, all, vmm_ip6, 135, vmm_ip6);
	CHECK(!claim(f, n, NET_WIRE, ip));
	CHECK(claim(f, n, NET_GUEST, ip) == IPPASS_PROBES);
	memcpy(f + 22, guest_ip6, 16);		/* asks where it is */
	CHECK(!claim(f, n, NET_GUEST, ip));
	memcpy(f + 22, vmm_ip6, 16);
	CHECK(claim(f, n, NET_GUEST, ip) == IPPASS_SENDS &&
	      !memcmp(ip, vmm_ip6, 16));
}

static size_t udp(uint8_t *f, const uint8_t mac[6], const uint8_t to[4],
		  uint8_t port)
{
	size_t n = ip4(f, mac, to);

	f[23] = 17;
	f[37] = port;
	return n;
}

/* Until the VMM has an address, and for the guest that renews its own. */
static void answers_of_dhcp_servers_reach_both(void)
{
	struct ippass_view v = view(true), fixed = view(true);
	static const uint8_t none[4] = { 0 };
	uint8_t f[128];
	size_t n;

	v.dhcp = true;
	for (unsigned int i = 0; i < 2; i++) {
		n = udp(f, shared, i ? vmm : guest, 68);
		CHECK(where(&v, f, n, NET_WIRE) == (G | S));
		CHECK(where(&v, f, n, NET_GUEST) == S);
		CHECK(where(&fixed, f, n, NET_WIRE) == (i ? S : G));
		f[21] = 1;		/* no first fragment, no ports */
		CHECK(where(&v, f, n, NET_WIRE) == (i ? S : G));
		f[21] = 0;
		f[20] = 0x20;		/* the first one */
		CHECK(where(&v, f, n, NET_WIRE) == (G | S));
		CHECK(where(&v, f, 37, NET_WIRE) == (i ? S : G));
	}
	n = udp(f, shared, guest, 67);
	CHECK(where(&v, f, n, NET_WIRE) == G);
	n = udp(f, shared, guest, 68);
	f[23] = 6;
	CHECK(where(&v, f, n, NET_WIRE) == G);
	n = udp(f, other, guest, 68);
	CHECK(where(&v, f, n, NET_WIRE) == G);
	CHECK(where(&v, f, n, NET_GUEST) == W);

	/* who has the address that the VMM was offered? */
	n = arp(f, shared, 2, guest, none);
	CHECK(where(&v, f, n, NET_WIRE) == (G | S));
	CHECK(where(&v, f, n, NET_GUEST) == S);
	CHECK(where(&fixed, f, n, NET_GUEST) == 0);
	n = arp(f, shared, 1, guest, none);
	CHECK(where(&v, f, n, NET_WIRE) == G);

	/* with a MAC address of its own there is no doubt */
	memcpy(v.stack_mac, own, 6);
	n = udp(f, shared, guest, 68);
	CHECK(where(&v, f, n, NET_WIRE) == G);
	n = udp(f, own, vmm, 68);
	CHECK(where(&v, f, n, NET_WIRE) == S);
}

/* A frame of n bytes with a tag before its type, or, unless inner is 0, two. */
static size_t tag(uint8_t *to, const uint8_t *f, size_t n, uint16_t tci,
		  uint16_t inner)
{
	size_t at = 12;

	memcpy(to, f, at);
	for (unsigned int i = 0; i < (inner ? 2 : 1); i++, at += 4) {
		put16(to + at, 0x8100);
		put16(to + at + 2, i ? inner : tci);
	}
	memcpy(to + at, f + 12, n - 12);
	return n + at - 12;
}

#define VLAN	5
#define DHCP	68

static void what_is_not_on_the_vmms_vlan_is_the_guests_alone(void)
{
	static const uint16_t others[] = { 0, 1, 6, 4094, 4095, 0xe000, 0xffff,
					   VLAN ^ 0x800, 0x1000 };
	struct ippass_view untagged = view(true), tagged = view(true);
	uint8_t f[128], t[128];
	size_t n;

	untagged.dhcp = tagged.dhcp = true;
	tagged.vlan = VLAN;
	for (unsigned int i = 0; i < 4; i++) {
		const uint8_t *to = i & 1 ? all : shared;

		n = i & 2 ? arp(f, to, 1, host, vmm) : ip4(f, to, vmm);
		CHECK(where(&untagged, f, n, NET_WIRE) & S);
		/* the VMM's are as if there were no tag, priority or not */
		for (uint16_t pcp = 0; pcp < 16; pcp++)
			for (int from = NET_WIRE; from < NET_PORTS; from++) {
				tag(t, f, n, (uint16_t)(pcp << 12 | VLAN), 0);
				CHECK(where(&tagged, t, n + 4, from) ==
				      where(&untagged, f, n, from));
				CHECK(!(where(&untagged, t, n + 4, from) & S));
				CHECK(!(where(&tagged, f, n, from) & S));
			}
		CHECK(where(&untagged, t, n + 4, NET_STACK) == 0);
		CHECK(where(&tagged, f, n, NET_STACK) == 0);
		CHECK(where(&tagged, f, n, NET_WIRE) == G);
		for (unsigned int k = 0; k < ARRAY_SIZE(others); k++) {
			tag(t, f, n, others[k], 0);
			CHECK(where(&tagged, t, n + 4, NET_WIRE) == G);
			CHECK(where(&untagged, t, n + 4, NET_WIRE) == G);
			CHECK(where(&tagged, t, n + 4, NET_GUEST) ==
			      (i & 1 ? W : 0));
		}
		/* a second tag, and one of which nothing but its name is there */
		tag(t, f, n, VLAN, VLAN);
		CHECK(where(&tagged, t, n + 8, NET_WIRE) == G);
		put16(t + 16, 0x88a8);
		CHECK(where(&tagged, t, n + 8, NET_WIRE) == G);
		tag(t, f, n, VLAN, 0);
		for (size_t len = 14; len < 18; len++)
			CHECK(where(&tagged, t, len, NET_WIRE) == G);
	}
	n = tag(t, f, udp(f, shared, guest, DHCP), VLAN, 0);
	CHECK(where(&tagged, t, n, NET_WIRE) == (G | S));
	CHECK(where(&untagged, t, n, NET_WIRE) == G);
	n = tag(t, f, ip6(f, shared, vmm_ip6, 136, guest_ip6), VLAN, 0);
	CHECK(where(&tagged, t, n, NET_WIRE) == S);
	CHECK(where(&untagged, t, n, NET_WIRE) == G);
	/* with a MAC address of its own, too */
	memcpy(tagged.stack_mac, own, 6);
	n = ip4(f, own, vmm);
	CHECK(where(&tagged, f, n, NET_WIRE) == G);
	n = tag(t, f, n, VLAN, 0);
	CHECK(where(&tagged, t, n, NET_WIRE) == S);
	tag(t, f, n - 4, VLAN + 1, 0);
	CHECK(where(&tagged, t, n, NET_WIRE) == G);
}

/* Truncation at every length, and random bytes: exactly sized heap copies. */
static void no_bytes_lead_out_of_the_buffer(void)
{
	struct ippass_view v = view(true);
	const uint8_t *ip;
	uint8_t f[128];

	v.dhcp = true;
	for (unsigned int i = 0; i < 20000; i++) {
		struct ippass_headers h;
		size_t len = random32() % (IPPASS_HEADER_BYTES + 1);
		uint8_t *copy = malloc(len ? len : 1);

		for (size_t k = 0; k < sizeof(f); k++)
			f[k] = (uint8_t)random32();
		switch (i % 5) {
		case 0:
			arp(f, shared, 1, host, vmm);
			break;
		case 1:
			ip4(f, all, vmm);
			break;
		case 2:
			ip6(f, shared, vmm_ip6, 135, vmm_ip6);
			break;
		case 3:
			udp(f, shared, vmm, 68);
			f[14] = (uint8_t)(0x40 | random32() % 16);
			break;
		}
		if (i % 7 == 0)
			put16(f + 12, 0x8100);
		v.vlan = i & 1 ? VLAN : 0;
		memcpy(copy, f, len);
		if (ippass_parse(copy, len, &h))
			for (int p = NET_WIRE; p < NET_PORTS; p++) {
				uint8_t t = ippass_targets(&v, &h, p);

				CHECK(!(t & BIT(p)) && t < BIT(NET_PORTS));
				ippass_claim(&v, &h, p, &ip);
			}
		else
			CHECK(len < 14);
		free(copy);
	}
}

int main(void)
{
	ip4_goes_by_destination_address();
	arp_goes_by_target_address();
	ip6_and_groups();
	a_mac_of_the_vmms_own();
	who_uses_the_vmms_address();
	answers_of_dhcp_servers_reach_both();
	what_is_not_on_the_vmms_vlan_is_the_guests_alone();
	no_bytes_lead_out_of_the_buffer();
	printf("%u checks\n", checks);
	return 0;
}
