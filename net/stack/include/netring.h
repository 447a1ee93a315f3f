/* SPDX-License-Identifier: MIT */
/*
 * The memory that the core's stack port (net/stack/port.c) shares with netd:
 * one contiguous area of a control block, four rings and the slots that hold
 * the frames. Both sides include this header; neither trusts the other's
 * numbers.
 *
 * Every ring has one producer and one consumer and carries slot numbers:
 *
 *	rx_ready   core → netd   frames received for the VMM
 *	rx_free    netd → core   RX slots that may be filled again
 *	tx_ready   netd → core   frames to be sent
 *	tx_free    core → netd   TX slots that netd may fill again
 *
 * Before netd's first instruction the core sets everything up: rx_free holds
 * all RX slots, tx_free all TX slots that are not in the NIC's hands from an
 * earlier life of netd (those follow when they are sent). netd starts with
 * the head and tail values that it finds. Slots may come back in any order,
 * so that a received frame can stay in place while lwIP holds it.
 *
 * head and tail run freely; an entry's place is its number modulo
 * NETRING_ENTRIES. head is written by the producer alone, tail by the consumer
 * alone; a side keeps its own number in private memory. No ring can overflow as
 * long as each slot is in one place, since there are at most NETRING_ENTRIES
 * slots of a kind.
 *
 * Waking. A consumer that is about to sleep sets want, then looks at head once
 * more (netring_want does both). A producer that finds want set after it moved
 * head wakes the consumer: the core by domain_signal(NETRING_EVENT_*), and netd,
 * which after a batch of frames on tx_ready always makes the system call
 * SYS_NOTIFY, once. rx_free needs no waking.
 */
#ifndef NETRING_H
#define NETRING_H

#include <stdbool.h>
#include <stdint.h>
#include <tandem/hostname.h>

#define NETRING_MAGIC		0x474e5254u	/* "TRNG" */
#define NETRING_VERSION		6

#define NETRING_ENTRIES		256u		/* power of two */
#define NETRING_SLOT_SIZE	2048u

/* Event bits of SYS_WAIT. */
#define NETRING_EVENT_RX	0x1u	/* rx_ready has frames, want was set */
#define NETRING_EVENT_TX	0x2u	/* tx_free has slots, want was set */
#define NETRING_EVENT_CONFIG	0x4u	/* struct netring_config changed */

/* Entry flags. */
#define NETRING_CSUM_VALID	0x1u	/* RX: all checksums found good, or the
					 * frame never left this machine */
#define NETRING_CSUM_TCP	0x2u	/* TX: the checksum field of its TCP
					 * header holds the sum of the pseudo
					 * header; the rest is for the NIC */
/* ... and where in the frame that header begins */
#define NETRING_TCP_SHIFT	8
#define NETRING_TCP_CSUM	16u	/* the field, from there */

/*
 * A frame, or with the other fields 0 just a slot. The frame's first byte,
 * of the destination MAC, is at offset in the slot; len is without FCS;
 * offset + len is at most NETRING_SLOT_SIZE. The core fills RX slots from
 * NETRING_RX_OFFSET on, so that the IP header is aligned.
 */
struct netring_entry {
	uint16_t slot;
	uint16_t offset;
	uint16_t len;
	uint16_t flags;
};

#define NETRING_RX_OFFSET	2u

struct netring {
	uint32_t head;			/* producer: entries ever added */
	uint32_t pad0[15];
	uint32_t tail;			/* consumer: entries ever taken */
	uint32_t want;			/* consumer: 1 wake me */
	uint32_t pad1[14];
	struct netring_entry entry[NETRING_ENTRIES];
};

#define NETRING_DNS_MAX		2

/*
 * Written by the core only. generation is odd while the core changes the
 * rest; it has changed when NETRING_EVENT_CONFIG arrives. IPv4 addresses are in
 * network byte order as they stand in a packet.
 */
struct netring_config {
	uint32_t generation;
	uint8_t mac[6];
	uint8_t link;			/* 1: up */
	uint8_t dhcp;			/* 1: ask a server; the addresses
					 * below are 0 */
	uint16_t mtu;			/* bytes of IP packet */
	uint16_t speed;			/* Mbit/s, 0 unknown */
	uint32_t ip_address, ip_netmask, ip_gateway;	/* 0: none */
	uint8_t ipv6;			/* 1: use it */
	uint8_t echo_autostart;		/* 1: listens from the start */
	uint16_t echo_port;		/* of the echo server */
	uint32_t dns[NETRING_DNS_MAX];	/* also with DHCP; 0: none */
	uint16_t syslog_port;
	uint8_t syslog_tls;		/* 1: TLS; 0: UDP */
	uint8_t syslog_pinned;		/* 1: to this certificate: */
	uint8_t syslog_fingerprint[32];	/* ... its SHA-256 */
	char syslog[HOSTNAME_MAX];	/* where the log goes; "": nowhere */
	char sntp[HOSTNAME_MAX];	/* who knows the time; "": nobody */
	char hostname[32];		/* ends with 0; names this machine */
	char name[32];			/* the same for people, by serial number */
	uint8_t mdns, netbios;		/* 1: tell it to others */
	uint16_t vlan;			/* of all frames, 0: untagged */
	uint64_t slept_s;		/* S3: VMM time stood still so long */
};

#define NETRING_IP4_MAX		4
#define NETRING_IP6_MAX		6
#define NETRING_MULTICAST_MAX	8

/*
 * Written by netd only: what it wants to receive. netd raises generation to
 * an odd value, changes the rest, raises it to the next even value and calls
 * SYS_NOTIFY. While generation is 0 the address of struct netring_config holds.
 * The core checks each address (unicast, counts in range) and takes the rest;
 * without DHCP it goes by the IPv4 address that it has configured, whatever netd
 * says.
 */
struct netring_addresses {
	uint32_t generation;
	uint16_t n_ip4, n_ip6, n_multicast, pad;
	uint32_t ip4[NETRING_IP4_MAX];		/* network byte order */
	uint8_t ip6[NETRING_IP6_MAX][16];
	uint8_t multicast[NETRING_MULTICAST_MAX][6];	/* MAC addresses */
};

#define NETRING_KEPT		16

/* At the start of the area; the slots begin at the offsets given. */
struct netring_area {
	uint32_t magic, version;
	uint32_t rx_slots, tx_slots;	/* at most NETRING_ENTRIES each */
	uint32_t rx_offset, tx_offset;	/* bytes from the area's start to slot 0 */
	uint32_t size;			/* bytes of the whole area */
	uint32_t pad;
	uint64_t seed[4];		/* random, differs at each start */
	uint32_t kept[NETRING_KEPT];	/* netd's own: 0 at first, and left
					 * alone when netd starts anew */
	struct netring_config config;
	struct netring_addresses addresses;
	uint8_t pad1[0] __attribute__((aligned(64)));
	struct netring rx_ready, rx_free, tx_ready, tx_free;
};

/* ---- for both sides; head and tail are the caller's own ---- */

/*
 * Consumer: how many entries wait, from tail on. More than
 * NETRING_ENTRIES cannot be: then the other side has broken the ring and 0 is
 * returned with *broken set (if broken is not NULL).
 */
static inline uint32_t netring_count(const struct netring *r, uint32_t tail,
				     bool *broken)
{
	uint32_t n = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE) - tail;

	if (n <= NETRING_ENTRIES)
		return n;
	if (broken)
		*broken = true;
	return 0;
}

/* Consumer: a private copy of entry number tail, read once. */
static inline struct netring_entry netring_read(const struct netring *r,
						uint32_t tail)
{
	const volatile uint64_t *p = (const volatile uint64_t *)
		&r->entry[tail % NETRING_ENTRIES];
	union {
		uint64_t bits;
		struct netring_entry entry;
	} u = { .bits = *p };

	return u.entry;
}

/* Consumer: everything before tail has been taken. */
static inline void netring_taken(struct netring *r, uint32_t tail)
{
	__atomic_store_n(&r->tail, tail, __ATOMIC_RELEASE);
}

/*
 * Consumer, before it sleeps: asks to be woken. Returns true if entries came
 * meanwhile, in which case it must not sleep.
 */
static inline bool netring_want(struct netring *r, uint32_t tail)
{
	__atomic_store_n(&r->want, 1, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&r->head, __ATOMIC_SEQ_CST) != tail;
}

/* Consumer, awake: no need to be woken. */
static inline void netring_awake(struct netring *r)
{
	__atomic_store_n(&r->want, 0, __ATOMIC_RELAXED);
}

/*
 * Producer: room for how many more entries after head; 0 also if the
 * consumer has broken the ring.
 */
static inline uint32_t netring_room(const struct netring *r, uint32_t head)
{
	uint32_t used = head - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE);

	return used <= NETRING_ENTRIES ? NETRING_ENTRIES - used : 0;
}

/* Producer: entry number head; not visible before netring_publish. */
static inline void netring_write(struct netring *r, uint32_t head,
				 struct netring_entry e)
{
	r->entry[head % NETRING_ENTRIES] = e;
}

/*
 * Producer: entries before head are ready. Returns true if the consumer
 * asked to be woken.
 */
static inline bool netring_publish(struct netring *r, uint32_t head)
{
	__atomic_store_n(&r->head, head, __ATOMIC_SEQ_CST);
	return __atomic_load_n(&r->want, __ATOMIC_SEQ_CST) != 0;
}

_Static_assert(sizeof(struct netring_entry) == 8, "entry layout");
_Static_assert(sizeof(struct netring) == 128 + 8 * NETRING_ENTRIES,
	       "ring layout");

#endif
