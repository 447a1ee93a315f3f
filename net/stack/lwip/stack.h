/* SPDX-License-Identifier: MIT */
/*
 * The lwIP port as netd's main loop sees it. Everything runs in netd's one
 * thread: between two waits, or in a message handler during one.
 */
#ifndef STACK_LWIP_STACK_H
#define STACK_LWIP_STACK_H

#include <services/netd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netring_config;

/* Random numbers: mix in seed[n] and what the CPU gives. 0 or -EIO. */
int stack_random_init(const uint64_t *seed, size_t n);

/* As netd_random(), netd_random_add() and netd_random_of_cpu(). */
void stack_random_bytes(void *to, size_t len);
int stack_random_add(const void *secret, size_t len);
bool stack_random_of_cpu(void);

/*
 * netd works in rounds: frames, then timers, then what they caused is sent. To
 * ask for the time is a system call, and lwIP and services would ask for each
 * frame; so within a round it is the time of its beginning. Messages are
 * handled between rounds.
 */
void stack_round_begin(void);
void stack_round_end(void);

/* As netd_time(). */
uint64_t stack_time(void);

/*
 * The network interface over the rings in shared memory (netring.h).
 * 0; -ENODEV: there is no such memory, -EPROTO: of another layout.
 */
int stack_netif_init(void *shared, size_t size);

/* The random seed in the shared memory. */
const uint64_t *stack_netif_seed(void *shared, size_t size, size_t *n);

/* Memory of NETRING_KEPT words that outlives netd, once stack_netif_init ran. */
uint32_t *stack_netif_kept(void);

/*
 * Ask for an address, if the core says so. kept: STACK_DHCP_KEPT words that
 * outlive netd. After stack_netif_init().
 */
#define STACK_DHCP_KEPT	4
void stack_netif_start(uint32_t *kept);

/* Follow what has happened to the addresses: log, tell the core. */
void stack_netif_poll(void);

/* Where the echo server listens from the start; 0: it does not. */
uint16_t stack_netif_echo_port(void);

/* As netd_syslog(), netd_sntp(), netd_reaches(), netd_slept() of services/netd.h. */
void stack_netif_syslog(struct netd_syslog *to);
void stack_netif_sntp(char *server);

/* Copies the machine's name for people, cut to size. What the core told. */
const struct netring_config *stack_netif_name(char *name, size_t size);
bool stack_netif_reaches(const char *address);
uint64_t stack_netif_slept(void);

/* Hand up to budget received frames to lwIP. Returns true if more wait. */
bool stack_netif_receive(unsigned int budget);

/* Called by what a frame was handed to: as if the budget were used up by it. */
void stack_netif_enough(void);

/* Publish and announce what was queued; take back what is done. */
void stack_netif_flush(void);

/* Follow link, address and MAC as the core tells them. */
void stack_netif_follow_config(void);

/* Ask to be woken; false if there is work and netd must not sleep. */
bool stack_netif_may_sleep(void);

/* What the interface is set to. */
void stack_netif_interface(struct netd_interface *i);

typedef void (*stack_counter)(void *to, const char *name, uint64_t value);

/* The interface's counters, one call of add for each. */
void stack_netif_counters(stack_counter add, void *to);

/* As netd_resolve() of services/netd.h. */
int stack_dns_resolve(const char *name, bool ip6, char text[NETD_IP_MAX]);

/* Answer to a question of services/netd.h: its length, or -EINVAL. */
int stack_status(int question, void *to, size_t size);

/* ---- between the files of this folder ---- */

struct netif;
/*
 * storm.c: is this frame of len bytes, at least a header's, one of too many?
 * our_ip in network byte order. Then lwIP does not get it.
 */
bool stack_storm_refuses(const uint8_t *frame, uint16_t len, uint32_t our_ip);
void stack_storm_counters(stack_counter add, void *to);

struct netring_area;

/*
 * checksum.c: prepares a frame of len bytes, without a tag, of which lwIP left a
 * TCP checksum out. The flags of its ring's entry (NETRING_CSUM_TCP and where its
 * TCP header begins); 0: it has no whole TCP segment, and is as it was.
 */
uint16_t stack_leave_checksum(uint8_t *frame, uint32_t len);

/* dhcp.c: these do nothing until it has been started. */
void stack_dhcp_start(struct netif *n, uint32_t *kept);
/*
 * A frame before lwIP has it, of len bytes. False if it is an answer of a DHCP
 * server that must not reach lwIP.
 */
bool stack_dhcp_look(const uint8_t *frame, size_t len);
/* Notice what lwIP's client has done; after frames and after timers. */
void stack_dhcp_poll(void);
/* The lease and how it goes; nothing where there is no DHCP. */
void stack_dhcp_interface(struct netd_interface *i);
void stack_dhcp_counters(stack_counter add, void *to);

/*
 * dns.c: ask these servers (NETRING_DNS_MAX of them, network byte order; the
 * first one 0: what a DHCP server tells).
 */
void stack_dns_set(const uint32_t *servers);
/* What a DHCP server told goes with its lease. */
void stack_dns_forget(void);
/* A DHCP server may have told others; after frames. */
void stack_dns_poll(void);
void stack_dns_interface(struct netd_interface *i);

/* ip6.c, with CONFIG_IPV6: likewise */
struct netring_addresses;
void stack_ip6_start(struct netif *n);
void stack_ip6_poll(void);
/* Add addresses and groups to what the core is told. */
void stack_ip6_collect(struct netring_addresses *a);
/* Address i, from 0; false past the last. One that is not used: "". */
bool stack_ip6_address(unsigned int i, struct netd_address6 *a);
/* As stack_netif_reaches(), of an IPv6 address. */
bool stack_ip6_reaches(const char *address);
/* The same of neighbours whose MAC address is known. */
bool stack_ip6_neighbour(unsigned int i, struct netd_neighbour *n);
void stack_ip6_counters(stack_counter add, void *to);

/* vlan.c; vlan: 1 to 4094, 0: none */
/*
 * Where the frame of *len bytes, at least an Ethernet header, begins without its
 * tag, which is taken from *len; NULL if it is not on that VLAN.
 */
uint8_t *stack_vlan_untag(uint16_t vlan, uint8_t *frame, uint16_t *len);
/* Tag what lies VLAN_TAG_LEN bytes behind frame, and then begins there. */
void stack_vlan_tag(uint16_t vlan, uint8_t *frame);

/*
 * guest_lease.c: the address that the guest was seen to have, in network byte
 * order, for so many seconds, from the second now of VMM time on; an hour at
 * most. Whether it (not 0) still is the guest's.
 */
struct stack_guest_lease {
	uint32_t address;
	uint32_t until;		/* VMM time, seconds */
};

void stack_guest_lease_seen(struct stack_guest_lease *l, uint32_t address,
			    uint32_t seconds, uint64_t now);
bool stack_guest_lease_is(const struct stack_guest_lease *l, uint32_t address,
			  uint64_t now);

/* announce.c */
void stack_announce(struct netif *n, struct netring_area *area);

#endif
