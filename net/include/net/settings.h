/* SPDX-License-Identifier: MIT */
/*
 * The VMM's own address as it is configured: one struct, filled in one place
 * (net/settings.c), which all others read.
 */
#ifndef NET_SETTINGS_H
#define NET_SETTINGS_H

#include <net/net.h>
#include <tandem/conf.h>

enum net_mac_mode {		/* as enum conf_ip_mac */
	NET_MAC_SHARED, NET_MAC_OWN, NET_MAC_EXPLICIT
};

/* IPv4 addresses in network byte order, as in a packet; 0: none. */
struct net_settings {
	bool dhcp;			/* else address, netmask, gateway */
	uint32_t address, netmask, gateway;
	bool ipv6;
	uint32_t dns[CONF_DNS_MAX];	/* also with DHCP, in its servers' place */
	uint16_t mtu;			/* bytes of IP packet */
	uint16_t vlan;			/* 1 to 4094, 0: untagged */
	enum net_mac_mode mac_mode;
	uint8_t mac[ETH_ALEN];		/* NET_MAC_EXPLICIT */
};

/* What the configuration c says. */
void net_settings_from(const struct conf *c, struct net_settings *s);

/* The settings. First called by the first CPU before the guest runs. */
const struct net_settings *net_settings(void);

/*
 * The stack's MAC address beside a card's: the same, the one configured, or
 * one of its own: administered locally (IEEE 802c: AAI quadrant) with the
 * card's other 44 bits, and never the card's.
 */
void net_settings_mac(const struct net_settings *s,
		      const uint8_t card[ETH_ALEN], uint8_t mac[ETH_ALEN]);

#endif
