// SPDX-License-Identifier: MIT
/* The VMM's own address, from the configuration (net/settings.h). */
#include <net/settings.h>

#include <string.h>

#define LOCAL_BIT	0x02u	/* of a MAC address's first byte */

void net_settings_from(const struct conf *c, struct net_settings *s)
{
	*s = (struct net_settings){
		.dhcp = c->number[CONF_IP_MODE] == CONF_IP_DHCP,
		.ipv6 = c->number[CONF_IPV6] != 0,
		.mtu = (uint16_t)c->number[CONF_IP_MTU],
		.vlan = (uint16_t)c->number[CONF_IP_VLAN],
		.mac_mode = (enum net_mac_mode)c->number[CONF_IP_MAC],
	};
	memcpy(s->mac, c->mac, ETH_ALEN);
	memcpy(s->dns, c->dns, sizeof(s->dns));
	if (s->dhcp)
		return;
	s->address = c->number[CONF_IP_ADDRESS];
	s->netmask = c->number[CONF_IP_NETMASK];
	s->gateway = c->number[CONF_IP_GATEWAY];
}

const struct net_settings *net_settings(void)
{
	static struct net_settings settings;
	static bool filled;

	if (!filled) {
		net_settings_from(&tandem_conf, &settings);
		filled = true;
	}
	return &settings;
}

void net_settings_mac(const struct net_settings *s,
		      const uint8_t card[ETH_ALEN], uint8_t mac[ETH_ALEN])
{
	memcpy(mac, s->mac_mode == NET_MAC_EXPLICIT ? s->mac : card, ETH_ALEN);
	if (s->mac_mode != NET_MAC_OWN)
		return;
	mac[0] = (uint8_t)((mac[0] & 0xf0) | LOCAL_BIT);
	if (mac[0] == card[0])
		mac[0] ^= 0x80;
}
