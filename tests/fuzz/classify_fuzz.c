/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: whatever a frame's first bytes are, the classifier stays inside
 * them, never sends a frame back to where it came from, and never lets the
 * guest's or the VMM's own MAC reach the wire as a destination.
 */
#include "../../net/ippass/classify.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void check(const struct ippass_view *v, const struct ippass_headers *h)
{
	const uint8_t *ip;

	for (int from = NET_WIRE; from < NET_PORTS; from++) {
		uint8_t t = ippass_targets(v, h, from);

		must(!(t & BIT(from)) && t < BIT(NET_PORTS));
		if (from != NET_WIRE && !memcmp(h->dst, v->guest_mac, 6))
			must(!(t & BIT(NET_WIRE)));
		if (h->vlan != v->vlan)
			must(!(t & BIT(NET_STACK)) &&
			     (from != NET_STACK || !t));
		if (ippass_claim(v, h, from, &ip))
			must(h->vlan == v->vlan);
	}
}

/* First byte: which view; then the frame. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t ip[4] = { 10, 0, 2, 50 };
	struct ippass_view v = {
		.guest_mac = { 0x52, 0x54, 0, 1, 2, 3 },
		.stack_mac = { 0x52, 0x54, 0, 1, 2, 3 },
		.vmm = { .n_ip4 = 1, .n_ip6 = 1, .n_multicast = 1 },
	};
	struct ippass_headers h;
	uint8_t *copy;

	if (!size)
		return 0;
	v.filter = data[0] & 1;
	if (data[0] & 2)
		v.stack_mac[5] = 4;
	v.dhcp = data[0] & 4;
	v.vlan = data[0] & 8 ? 5 : 0;
	memcpy(&v.vmm.ip4[0], ip, sizeof(ip));
	v.vmm.ip6[0][0] = 0xfe;
	v.vmm.multicast[0][0] = 1;
	data++;
	size--;
	if (size > IPPASS_HEADER_BYTES)
		size = IPPASS_HEADER_BYTES;
	copy = malloc(size ? size : 1);
	must(copy);
	memcpy(copy, data, size);
	if (ippass_parse(copy, size, &h))
		check(&v, &h);
	else
		must(size < ETH_HEADER_LEN);
	free(copy);
	return 0;
}
