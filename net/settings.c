// SPDX-License-Identifier: MIT
/*
 * Reads the VMM's own address from the configuration's text (net/settings.h).
 */
#define LOG_PREFIX "net: "

#include <net/settings.h>

#include <string.h>
#include <tandem/kconfig.h>
#include <tandem/log.h>

#define LOCAL_BIT	0x02u	/* of a MAC address's first byte */
#define GROUP_BIT	0x01u

struct net_settings_text net_settings_text = {
	.mode = CONFIG_IP_MODE,
	.address = CONFIG_IP_ADDRESS,
	.netmask = CONFIG_IP_NETMASK,
	.gateway = CONFIG_IP_GATEWAY,
	.mac = CONFIG_IP_MAC,
	.mtu = CONFIG_IP_MTU,
	.ipv6 = IS_ENABLED(CONFIG_IPV6),
};

/* "10.0.2.50" in network byte order; false if it is not an address. */
static bool parse_ip4(const char *text, uint32_t *ip)
{
	uint8_t byte[4];

	for (unsigned int i = 0; i < 4; i++) {
		unsigned int v = 0, digits = 0;

		while (*text >= '0' && *text <= '9' && digits++ < 3)
			v = v * 10 + (unsigned int)(*text++ - '0');
		if (!digits || v > 255 || *text++ != (i < 3 ? '.' : '\0'))
			return false;
		byte[i] = (uint8_t)v;
	}
	memcpy(ip, byte, sizeof(*ip));
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' ^ 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_mac(const char *text, uint8_t mac[ETH_ALEN])
{
	static const uint8_t zero[ETH_ALEN];

	for (unsigned int i = 0; i < ETH_ALEN; i++, text += 3) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0 || text[2] != (i < ETH_ALEN - 1 ? ':' : '\0'))
			return false;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return !(mac[0] & GROUP_BIT) && memcmp(mac, zero, ETH_ALEN);
}

static bool is_netmask(uint32_t mask)
{
	uint32_t zeros = ~__builtin_bswap32(mask);

	return mask && !(zeros & (zeros + 1));
}

static bool parse_mac_mode(const char *text, struct net_settings *s)
{
	if (!strcmp(text, "shared"))
		s->mac_mode = NET_MAC_SHARED;
	else if (!strcmp(text, "own"))
		s->mac_mode = NET_MAC_OWN;
	else if (parse_mac(text, s->mac))
		s->mac_mode = NET_MAC_EXPLICIT;
	else
		return false;
	return true;
}

static unsigned int complain(bool ok, const char *key, const char *value,
			     const char *wanted)
{
	if (!ok)
		log_error("%s=%s: expected %s", key, value, wanted);
	return !ok;
}

unsigned int net_settings_parse(const struct net_settings_text *t,
				struct net_settings *s)
{
	unsigned int wrong = 0;

	memset(s, 0, sizeof(*s));
	s->dhcp = !strcmp(t->mode, "dhcp");
	wrong += complain(s->dhcp || !strcmp(t->mode, "static"), "ip.mode",
			  t->mode, "static or dhcp");
	wrong += complain(parse_mac_mode(t->mac, s), "ip.mac", t->mac,
			  "shared, own or a unicast MAC address");
	s->ipv6 = t->ipv6 != 0;
	s->mtu = NET_MTU;
	if (t->mtu >= 576 && t->mtu <= NET_MTU)
		s->mtu = (uint16_t)t->mtu;
	else
		wrong += complain(false, "ip.mtu", "out of range",
				  "a number from 576 to 1500");
	if (s->dhcp)
		return wrong;
	wrong += complain(parse_ip4(t->address, &s->address), "ip.address",
			  t->address, "an IPv4 address");
	wrong += complain(parse_ip4(t->netmask, &s->netmask) &&
			  is_netmask(s->netmask), "ip.netmask", t->netmask,
			  "an IPv4 netmask, ones then zeros");
	wrong += complain(parse_ip4(t->gateway, &s->gateway), "ip.gateway",
			  t->gateway, "an IPv4 address");
	return wrong;
}

const struct net_settings *net_settings(void)
{
	static struct net_settings settings;
	static bool filled;

	if (!filled) {
		net_settings_parse(&net_settings_text, &settings);
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
