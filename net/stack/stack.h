/* SPDX-License-Identifier: MIT */
/*
 * The core's side of the memory shared with netd (include/netring.h): port.c
 * moves frames, service.c runs netd and tells it how things are. netd is not
 * trusted: its indices, slots and lengths are read once and checked.
 */
#ifndef NET_STACK_H
#define NET_STACK_H

#include "include/netring.h"

#include <net/net.h>
#include <net/ratelimit.h>
#include <tandem/domain.h>
#include <tandem/spinlock.h>
#include <tandem/timer.h>

/* A burst of one TCP window and some broadcasts between two runs of netd. */
#define STACK_RX_SLOTS	128u
#define STACK_TX_SLOTS	64u

_Static_assert(STACK_RX_SLOTS <= NETRING_ENTRIES, "rings cannot overflow");
_Static_assert(STACK_TX_SLOTS <= NETRING_ENTRIES, "rings cannot overflow");

struct stack_port {
	struct stack_port *next;
	struct net_port *port;
	struct service service;

	struct netring_area *area;	/* shared */
	size_t area_size;
	uint8_t *rx_slot, *tx_slot;	/* shared */

	/* As a virtio queue's in the lock order. Protects the rest. */
	struct spinlock lock;
	struct domain *domain;		/* NULL while netd does not run */
	uint32_t starts;		/* of netd */
	/* our own numbers of each ring; what is shared is never read back */
	uint32_t rx_ready_head, rx_free_tail;
	uint32_t tx_ready_tail, tx_free_head;
	bool rx_signal;			/* netd wants to know, at flush() */
	struct frame frame[STACK_TX_SLOTS];
	bool in_flight[STACK_TX_SLOTS];

	uint32_t tx_working;		/* one at a time takes from tx_ready */
	uint32_t tx_again;
	uint32_t addresses_generation;	/* the first CPU's own */
	struct timer again_timer;	/* looks at tx_ready once more */
	struct timer broken_timer;	/* ends a netd that broke a ring */
	struct ratelimit limit;
	struct {
		uint64_t bad_slot;	/* entries that name no slot of netd's */
		uint64_t broken;	/* rings whose indices made no sense */
		uint64_t bad_addresses;
	} count;
};

/* port.c */
extern const struct net_port_ops stack_port_ops;
void stack_port_create(struct stack_port *s);
/* Rings as netd finds them when it starts. The caller holds the lock. */
void stack_rings_reset(struct stack_port *s);
/* Send what netd has put on tx_ready. */
void stack_tx_work(struct stack_port *s);

/* service.c */
/* netd's indices make no sense: it will be ended and started anew. */
void stack_broken(struct stack_port *s, const char *what);
/* Link or addresses changed: tell netd. */
void stack_config_changed(struct stack_port *s);

#endif
