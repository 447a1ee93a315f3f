/* SPDX-License-Identifier: MIT */
/*
 * What ippass knows about one frame, and where the frame goes because of it.
 * Without state and without the core, so that the host can test and fuzz it.
 */
#ifndef IPPASS_CLASSIFY_H
#define IPPASS_CLASSIFY_H

#include <net/net.h>

/* Ethernet, one VLAN tag, IPv6, ND header and target. */
#define IPPASS_HEADER_BYTES	96

enum ippass_kind {
	IPPASS_OTHER,		/* also whatever is cut short */
	IPPASS_ARP,
	IPPASS_IP4,
	IPPASS_IP6,
};

struct ippass_headers {
	enum ippass_kind kind;
	uint16_t vlan;			/* as net_vlan() says */
	uint8_t dst[ETH_ALEN];
	/* IP or ARP: sender and target, as in the packet */
	uint32_t ip4_from, ip4_to;
	uint8_t ip6_from[16], ip6_to[16];
	/* ARP: the sender's MAC as it says itself; else the frame's source */
	uint8_t sender_mac[ETH_ALEN];
	bool arp_request;
	bool to_dhcp_client;		/* IPv4: UDP to port 68 */
	bool nd_advert, nd_solicit;	/* neighbour discovery (RFC 4861) ... */
	uint8_t nd_target[16];		/* ... and whom it is about */
};

/*
 * Parse the first len bytes of a frame (more than IPPASS_HEADER_BYTES are
 * not needed) from a private copy. False if there is no Ethernet header.
 */
bool ippass_parse(const uint8_t *bytes, size_t len, struct ippass_headers *h);

/* Who is who, at the time of a batch. */
struct ippass_view {
	uint8_t guest_mac[ETH_ALEN], stack_mac[ETH_ALEN];
	bool filter;		/* ippassfilter: the guest does not see what is
				 * for the VMM alone */
	bool dhcp;		/* the VMM's IPv4 address comes from a server */
	uint16_t vlan;		/* the VMM is on, 0: untagged */
	struct net_addresses vmm;
};

/* The ports a frame from the port goes to, a mask of BIT(port id). */
uint8_t ippass_targets(const struct ippass_view *v,
		       const struct ippass_headers *h, enum net_port_id from);

/*
 * What the sender of a frame has to do with the VMM's own addresses. PROBES: it
 * asks whether anybody has one, since it wants it (RFC 5227, RFC 4862). A host
 * on the wire then hears the stack's answer, but not a guest on the stack's MAC
 * address, which takes that for its own voice: only a guest's probe counts.
 */
enum ippass_claim {
	IPPASS_CLAIMS_NOTHING,
	IPPASS_PROBES,
	IPPASS_USES,		/* ARP, neighbour advertisement */
	IPPASS_SENDS,		/* as the source of a packet */
};

/*
 * The claim of a frame from the wire or the guest. *ip (16 bytes, 4 used for
 * IPv4) is set to the address that it is about.
 */
enum ippass_claim ippass_claim(const struct ippass_view *v,
			       const struct ippass_headers *h,
			       enum net_port_id from, const uint8_t **ip);

/* ---- claims, remembered and logged (conflict.c) ---- */

/*
 * Note a claim by the station h->sender_mac on port from. Each station, port and
 * address is logged when it is new, and again after ten quiet minutes; at most
 * a line in five seconds altogether. Any CPU, exit context.
 */
void ippass_conflict(const struct ippass_headers *h, enum ippass_claim claim,
		     enum net_port_id from, const uint8_t *ip);

/* The `net` command's lines about them. */
void ippass_conflicts_describe(struct net_report *r);

#endif
