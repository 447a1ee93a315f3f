/* SPDX-License-Identifier: MIT */
/*
 * The answer of the core's handler "net_status": the ports of one switch with
 * their counters. The message's value is the switch's number, from 0; -ENOENT
 * past the last.
 */
#ifndef ABI_NET_H
#define ABI_NET_H

#include <stdint.h>

#define NET_STATUS_PORTS	3
#define NET_STATUS_ENTRIES	64

struct net_status_port {
	char name[8];			/* wire, guest, stack; "": none */
	uint8_t link;			/* 1: up */
	uint8_t full_duplex;		/* 0, 1 */
	uint16_t speed;			/* Mbit/s; wire */
	uint8_t mac[6];
	uint16_t pad;
	uint64_t rx_frames, rx_bytes;	/* from it into the switch */
	uint64_t tx_frames, tx_bytes;	/* from the switch to it */
};

/* What else there is to say of a port: a counter, or how something is. */
struct net_status_entry {
	uint8_t port;			/* index of its struct */
	uint8_t is_text;
	char name[30];
	union {
		uint64_t value;		/* a counter, never 0 */
		char text[128];
	};
};

struct net_status {
	char mode[16];			/* net= */
	struct net_status_port port[NET_STATUS_PORTS];
	uint32_t entries, left_out;	/* used; that found no room */
	struct net_status_entry entry[NET_STATUS_ENTRIES];
};

#endif
