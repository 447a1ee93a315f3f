// SPDX-License-Identifier: MIT
/*
 * What the configuration's text says of the VMM's own address: right values are
 * taken, each wrong one is counted and named, and the stack's MAC address is
 * what it should be beside any card's.
 */
#include "net_fake.h"

#include <net/settings.h>

static struct net_settings_text good(void)
{
	return (struct net_settings_text){
		.mode = "static", .address = "10.0.2.50",
		.netmask = "255.255.255.0", .gateway = "0.0.0.0",
		.mac = "shared", .mtu = 1500,
	};
}

static void right_values_are_taken(void)
{
	static const uint8_t mac[ETH_ALEN] = { 2, 0xAB, 0xcd, 0, 9, 0xff };
	struct net_settings_text t = good();
	struct net_settings s;

	CHECK(net_settings_parse(&t, &s) == 0);
	CHECK(!s.dhcp && !memcmp(&s.address, "\12\0\2\62", 4));
	CHECK(!memcmp(&s.netmask, "\xff\xff\xff\0", 4) && !s.gateway);
	CHECK(s.mtu == 1500 && s.mac_mode == NET_MAC_SHARED);
	strcpy(t.mac, "02:AB:cd:00:09:ff");
	t.mtu = 576;
	CHECK(net_settings_parse(&t, &s) == 0 && s.mtu == 576);
	CHECK(s.mac_mode == NET_MAC_EXPLICIT && !memcmp(s.mac, mac, 6));
	/* DHCP does not look at the static values, and has none of them */
	strcpy(t.mode, "dhcp");
	strcpy(t.address, "nonsense");
	CHECK(net_settings_parse(&t, &s) == 0 && s.dhcp && !s.address);
}

/* The text with one field changed: so many are wrong, and the log says so. */
#define WRONG(field, value, n) do { \
	struct net_settings_text t = good(); \
	struct net_settings s; \
	unsigned int lines = log_lines; \
	\
	strcpy(t.field, value); \
	CHECK(net_settings_parse(&t, &s) == (n)); \
	CHECK(log_lines == lines + (n)); \
} while (0)

static void wrong_values_are_named(void)
{
	WRONG(mode, "", 1);
	WRONG(mode, "DHCP", 1);
	CHECK(strstr(last_log, "ip.mode=DHCP: expected static or dhcp"));
	WRONG(address, "10.0.2", 1);
	WRONG(address, "10.0.2.256", 1);
	WRONG(address, "10.0.2.50.1", 1);
	WRONG(address, " 10.0.2.50", 1);
	WRONG(address, "0001.0.2.50", 1);
	WRONG(netmask, "255.0.255.0", 1);
	WRONG(netmask, "0.0.0.0", 1);
	WRONG(gateway, "none", 1);
	WRONG(mac, "01:00:00:00:00:01", 1);	/* a group */
	WRONG(mac, "00:00:00:00:00:00", 1);
	WRONG(mac, "02:00:00:00:00", 1);
	WRONG(mac, "02-00-00-00-00-01", 1);
	WRONG(mac, "02:00:00:00:00:0g", 1);
	WRONG(mac, "Shared", 1);
	for (uint32_t mtu = 0; mtu < 70000; mtu += 575) {
		struct net_settings_text t = good();
		struct net_settings s;

		t.mtu = mtu;
		CHECK(net_settings_parse(&t, &s) ==
		      (mtu < 576 || mtu > 1500));
		CHECK(s.mtu >= 576 && s.mtu <= 1500);
	}
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
	right_values_are_taken();
	wrong_values_are_named();
	an_own_mac_is_local_and_never_the_cards();
	printf("%u checks\n", checks);
	return 0;
}
