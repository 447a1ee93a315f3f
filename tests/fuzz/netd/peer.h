/* SPDX-License-Identifier: MIT */
/*
 * Stations on the wire that talk to a fuzzed netd: they remember what it sent,
 * so that what they answer fits, and make frames with right lengths and
 * checksums, for a fuzz target to spoil.
 */
#ifndef FUZZ_NETD_PEER_H
#define FUZZ_NETD_PEER_H

#include "host.h"

#define PEERS		4
#define FLOWS		4
#define TCP_FIN		0x01
#define TCP_SYN		0x02
#define TCP_ACK		0x10

/* A TCP connection as this side sees it. */
struct peer_flow {
	bool ip6, used;
	uint8_t peer;
	uint16_t port, netd_port;
	uint32_t next;			/* the sequence number netd waits for */
	uint32_t netd_next;		/* netd's own next one */
};

extern struct peer_seen {
	struct peer_flow flow[FLOWS];
	uint32_t dhcp_id;		/* 0: netd asked nothing yet */
	uint16_t dns_id, dns_port;	/* likewise */
	uint8_t sntp_nonce[8];
	uint16_t sntp_port;
	uint8_t dns_question[300];
	size_t dns_question_len;
	uint8_t ip4[128];		/* the start of the last IPv4 packet */
	size_t ip4_len;
	uint8_t ip6[128];		/* ... IPv6 packet */
	size_t ip6_len;
} peer_seen;

/* One frame that is made; ip6: of this protocol. */
struct peer_frame {
	uint8_t bytes[2048];
	size_t len;
	size_t ip, payload;		/* offsets */
};

void peer_reset(void);
/* A frame of netd; ends the program if it cannot be one. */
void peer_look(const uint8_t *frame, size_t len);

/* Addresses of the VMM, zeros if it has none; in the packet's order. */
void peer_netd_ip4(uint8_t ip[4]);
void peer_netd_ip6(unsigned int which, uint8_t ip[16]);
void peer_ip4(unsigned int peer, uint8_t ip[4]);
void peer_ip6(unsigned int peer, uint8_t ip[16]);

/* Ethernet header, to netd's MAC address. */
void peer_ethernet(struct peer_frame *f, unsigned int peer, uint16_t type);
/* The same with an IP header to an address of netd's; of 4: the flow's. */
void peer_ip(struct peer_frame *f, unsigned int peer, bool ip6,
	     uint8_t protocol);
void peer_add(struct peer_frame *f, const void *bytes, size_t n);
void peer_add8(struct peer_frame *f, unsigned int v);
void peer_add16(struct peer_frame *f, unsigned int v);	/* big-endian */
void peer_add32(struct peer_frame *f, uint32_t v);
/* Lengths and checksums of IP and what is in it. */
void peer_finish(struct peer_frame *f);

#endif
