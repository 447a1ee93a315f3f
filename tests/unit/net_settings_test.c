// SPDX-License-Identifier: MIT
/*
 * The configuration's values as settings of the stack, and its MAC address
 * beside any card's.
 */
#include "net_fake.h"

#include <net/settings.h>

struct conf tandem_conf;

static void values_are_taken_over(void)
{
	struct conf c = {
		.number = {
			[CONF_IP_ADDRESS] = 0x3202000a,
			[CONF_IP_NETMASK] = 0x00ffffff,
			[CONF_IP_GATEWAY] = 0x0202000a,
			[CONF_IP_MAC] = CONF_MAC_EXPLICIT, [CONF_IP_MTU] = 576,
			[CONF_IP_VLAN] = 4094,
			[CONF_IPV6] = 1,
		},
		.dns = { 0x0302000a, 0x0402000a },
		.mac = { 2, 0xab, 0xcd, 0, 9, 0xff },
	};
	struct net_settings s;

	net_settings_from(&c, &s);
	CHECK(!s.dhcp && !memcmp(&s.address, "\12\0\2\62", 4));
	CHECK(!memcmp(&s.netmask, "\xff\xff\xff\0", 4));
	CHECK(s.gateway == 0x0202000a && s.mtu == 576 && s.ipv6);
	CHECK(s.vlan == 4094);
	CHECK(s.mac_mode == NET_MAC_EXPLICIT && !memcmp(s.mac, c.mac, 6));
	/* with DHCP there are no static values */
	c.number[CONF_IP_MODE] = CONF_IP_DHCP;
	c.number[CONF_IP_MAC] = CONF_MAC_OWN;
	c.number[CONF_IPV6] = 0;
	net_settings_from(&c, &s);
	CHECK(s.dhcp && !s.address && !s.netmask && !s.gateway && !s.ipv6);
	CHECK(s.mac_mode == NET_MAC_OWN);
	CHECK(s.dns[0] == 0x0302000a && s.dns[1] == 0x0402000a);
}

static void an_own_mac_is_local_and_never_the_cards(void)
{
	struct net_settings s = { .mac_mode = NET_MAC_OWN };
	uint8_t card[ETH_ALEN] = { 0, 0x10, 0x18, 1, 2, 3 }, mac[ETH_ALEN];

	for (unsigned int first = 0; first < 256; first += 2) {
		card[0] = (uint8_t)first;
		net_settings_mac(&s, card, mac);
		CHECK((mac[0] & 3) == 2);	/* local, of one station */
		CHECK(memcmp(mac, card, ETH_ALEN));
		CHECK(!memcmp(mac + 1, card + 1, ETH_ALEN - 1));
	}
	s.mac_mode = NET_MAC_SHARED;
	net_settings_mac(&s, card, mac);
	CHECK(!memcmp(mac, card, ETH_ALEN));
	s.mac_mode = NET_MAC_EXPLICIT;
	memcpy(s.mac, "\2\1\1\1\1\1", ETH_ALEN);
	net_settings_mac(&s, card, mac);
	CHECK(!memcmp(mac, s.mac, ETH_ALEN));
}

int main(void)
{
	values_are_taken_over();
	an_own_mac_is_local_and_never_the_cards();
	printf("%u checks\n", checks);
	return 0;
}
