/* SPDX-License-Identifier: MIT */
/*
 * The VMM's own address as it is configured: one struct, filled in one place
 * (net/settings.c), which all others read.
 */
#ifndef NET_SETTINGS_H
#define NET_SETTINGS_H

#include <net/net.h>

enum net_mac_mode { NET_MAC_SHARED, NET_MAC_OWN, NET_MAC_EXPLICIT };

/* IPv4 addresses in network byte order, as in a packet; 0: none. */
struct net_settings {
	bool dhcp;			/* else address, netmask, gateway */
	uint32_t address, netmask, gateway;
	bool ipv6;
	uint16_t mtu;			/* bytes of IP packet */
	enum net_mac_mode mac_mode;
	uint8_t mac[ETH_ALEN];		/* NET_MAC_EXPLICIT */
};

/*
 * Where they come from: the text of each, as the configuration has it. Values
 * of the wrong form are logged, and the build's defaults for a shared card
 * hold: no address, the card's MAC address.
 */
struct net_settings_text {
	char mode[8];			/* static, dhcp */
	char address[16], netmask[16], gateway[16];
	char mac[18];			/* shared, own, 02:12:34:56:78:9a */
	uint32_t mtu;
	uint32_t ipv6;			/* 0, 1 */
};

extern struct net_settings_text net_settings_text;

/* What text says. Returns how many values were of the wrong form. */
unsigned int net_settings_parse(const struct net_settings_text *text,
				struct net_settings *s);

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
