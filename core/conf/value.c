/* SPDX-License-Identifier: MIT */
/* The types of values: from text, strictly, and back into text. */
#include "internal.h"

#include <stdio.h>
#include <string.h>

#include "../pci/binding.h"

_Static_assert(CONF_PCI_MAX == BINDING_TEXT_MAX, "a pci= string fits");

static bool expect(char *expected, const char *what)
{
	snprintf(expected, CONF_EXPECTED_MAX, "expected %s", what);
	return false;
}

/* ---- numbers ---- */

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

/* All of text as digits of that base, up to 32 bits. */
static bool digits(struct conf_piece text, unsigned int base, uint32_t *value)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < text.n; i++) {
		unsigned int digit = (unsigned int)digit_value(text.at[i]);

		if (digit >= base)
			return false;
		sum = sum * base + digit;
		if (sum > UINT32_MAX)
			return false;
	}
	*value = (uint32_t)sum;
	return text.n > 0;
}

static bool parse_number(struct conf *c, enum conf_key key,
			 struct conf_piece text, char *expected)
{
	const struct conf_symbol *s = conf_keys[key].symbol;
	uint32_t n;

	if (!digits(text, 10, &n) || n < s->lowest || n > s->highest) {
		snprintf(expected, CONF_EXPECTED_MAX,
			 "expected a number from %u to %u",
			 (unsigned int)s->lowest, (unsigned int)s->highest);
		return false;
	}
	c->number[key] = n;
	return true;
}

static void format_number(const struct conf *c, enum conf_key key, char *text,
			  size_t size)
{
	snprintf(text, size, "%u", (unsigned int)c->number[key]);
}

const struct conf_type conf_number = { parse_number, format_number };

/*
 * I/O ports of a UART: eight of them, and not those of the interrupt
 * controllers, timers and configuration space.
 */
#define PORT_LOWEST	0x200
#define PORT_HIGHEST	0xfff8
#define PORT_PCI_CONFIG	0xcf8

static bool parse_port(struct conf *c, enum conf_key key,
		       struct conf_piece text, char *expected)
{
	uint32_t port = 0;
	bool hex = text.n > 2 && text.at[0] == '0' &&
		   (text.at[1] | 0x20) == 'x';
	struct conf_piece after = { text.at + 2, text.n - 2 };

	if (!(hex ? digits(after, 16, &port) : conf_is(text, "0")) ||
	    (port && (port < PORT_LOWEST || port > PORT_HIGHEST ||
		      port % 8 || port == PORT_PCI_CONFIG)))
		return expect(expected, "the I/O port of a serial port, such "
			      "as 0x2f8, or 0");
	c->number[key] = port;
	return true;
}

static void format_port(const struct conf *c, enum conf_key key, char *text,
			size_t size)
{
	snprintf(text, size, "%#x", (unsigned int)c->number[key]);
}

const struct conf_type conf_port = { parse_port, format_port };

/* ---- yes and no ---- */

static bool parse_bool(struct conf *c, enum conf_key key,
		       struct conf_piece text, char *expected)
{
	if (!conf_is(text, "y") && !conf_is(text, "n"))
		return expect(expected, "y or n");
	c->number[key] = text.at[0] == 'y';
	return true;
}

static void format_bool(const struct conf *c, enum conf_key key, char *text,
			size_t size)
{
	snprintf(text, size, "%s", c->number[key] ? "y" : "n");
}

const struct conf_type conf_bool = { parse_bool, format_bool };

/* Of a part that is built or not: it can be switched off. */
static bool parse_off(struct conf *c, enum conf_key key,
		      struct conf_piece text, char *expected)
{
	if (conf_is(text, "y") && conf_keys[key].symbol->value[0] == 'n')
		return expect(expected, "n, since this build is without it");
	return parse_bool(c, key, text, expected);
}

const struct conf_type conf_off = { parse_off, format_bool };

/* ---- addresses ---- */

#define NO_ADDRESS	"0.0.0.0"

/*
 * Dotted quad, in network byte order. "010" would be octal to some readers:
 * refused.
 */
static bool ip4(struct conf_piece text, uint32_t *address)
{
	uint8_t byte[4];

	for (unsigned int i = 0; i < 4; i++) {
		struct conf_piece part = { text.at, 0 };
		uint32_t v;

		while (part.n < text.n && text.at[part.n] != '.')
			part.n++;
		if (part.n > 3 || (part.n > 1 && part.at[0] == '0') ||
		    !digits(part, 10, &v) || v > 255 ||
		    (i < 3) != (part.n < text.n))
			return false;
		byte[i] = (uint8_t)v;
		text.at += part.n + (i < 3);
		text.n -= part.n + (i < 3);
	}
	memcpy(address, byte, sizeof(byte));
	return true;
}

/* Of one host: not of a net, this host or a group. */
static bool is_unicast(uint32_t address)
{
	uint8_t first;

	memcpy(&first, &address, 1);
	return first != 0 && first != 127 && first < 224;
}

static bool parse_host(struct conf *c, enum conf_key key,
		       struct conf_piece text, char *expected)
{
	uint32_t address;

	if (!ip4(text, &address) || !is_unicast(address))
		return expect(expected, "an IPv4 address of a host, such as "
			      "192.168.0.50");
	c->number[key] = address;
	return true;
}

static bool parse_router(struct conf *c, enum conf_key key,
			 struct conf_piece text, char *expected)
{
	uint32_t address;

	if (!ip4(text, &address) || (address && !is_unicast(address)))
		return expect(expected, "an IPv4 address, such as "
			      "192.168.0.1, or 0.0.0.0 for none");
	c->number[key] = address;
	return true;
}

static bool parse_netmask(struct conf *c, enum conf_key key,
			  struct conf_piece text, char *expected)
{
	uint32_t mask, zeros;
	bool good = ip4(text, &mask);

	zeros = good ? ~__builtin_bswap32(mask) : 0;
	if (!good || !mask || (zeros & (zeros + 1)))
		return expect(expected, "an IPv4 netmask, ones then zeros, "
			      "such as 255.255.255.0");
	c->number[key] = mask;
	return true;
}

void conf_ip4_text(uint32_t address, char *text, size_t size)
{
	uint8_t byte[4];

	memcpy(byte, &address, sizeof(byte));
	snprintf(text, size, "%u.%u.%u.%u", byte[0], byte[1], byte[2],
		 byte[3]);
}

static void format_ip4(const struct conf *c, enum conf_key key, char *text,
		       size_t size)
{
	conf_ip4_text(c->number[key], text, size);
}

const struct conf_type conf_host = { parse_host, format_ip4 };
const struct conf_type conf_router = { parse_router, format_ip4 };
const struct conf_type conf_netmask = { parse_netmask, format_ip4 };

/* One or two with a comma between; none is 0.0.0.0, or no text at all. */
static bool parse_dns(struct conf *c, enum conf_key key,
		      struct conf_piece text, char *expected)
{
	uint32_t server[CONF_DNS_MAX] = { 0 };
	unsigned int n = 0;

	if (conf_is(text, NO_ADDRESS))
		text.n = 0;
	while (text.n) {
		struct conf_piece one = { text.at, 0 };

		while (one.n < text.n && text.at[one.n] != ',')
			one.n++;
		text.at += one.n;
		text.n -= one.n;
		one = conf_trim(one);
		if (n == CONF_DNS_MAX || !ip4(one, &server[n]) ||
		    !is_unicast(server[n++]) || text.n == 1)
			return expect(expected, "one or two IPv4 addresses, "
				      "such as 10.0.2.3,10.0.2.4, or 0.0.0.0 "
				      "for none");
		if (text.n)
			text.at++, text.n--;	/* the comma */
	}
	memcpy(c->dns, server, sizeof(server));
	return true;
}

static void format_dns(const struct conf *c, enum conf_key key, char *text,
		       size_t size)
{
	char second[16];

	conf_ip4_text(c->dns[0], text, size);
	if (!c->dns[1])
		return;
	conf_ip4_text(c->dns[1], second, sizeof(second));
	snprintf(text + strlen(text), size - strlen(text), ",%s", second);
}

const struct conf_type conf_dns = { parse_dns, format_dns };

#define IP6_GROUPS	8

/* Groups of up to four digits, "::" at most once (RFC 4291, 2.2); one host. */
static bool is_ip6(struct conf_piece text)
{
	unsigned int groups = 0;
	bool gap = text.n > 2 && text.at[0] == ':' && text.at[1] == ':';
	size_t i = gap ? 2 : 0, start;

	while (i < text.n) {
		for (start = i; i < text.n && digit_value(text.at[i]) < 16; i++)
			;
		if (i == start || i - start > 4)
			return false;
		groups++;
		if (i == text.n)
			break;
		if (text.at[i++] != ':' || i == text.n)
			return false;
		if (text.at[i] == ':') {
			if (gap)
				return false;
			gap = true;
			i++;
		}
	}
	if (gap ? !groups || groups >= IP6_GROUPS : groups != IP6_GROUPS)
		return false;
	/* no group of hosts */
	return text.n <= 4 || text.at[4] != ':' || (text.at[0] | 0x20) != 'f' ||
	       (text.at[1] | 0x20) != 'f';
}

static char *receiver(struct conf *c, enum conf_key key)
{
	return key == CONF_SNTP_SERVER ? c->sntp : c->syslog;
}

/* Where something is sent to: address or name. */
static bool parse_receiver(struct conf *c, enum conf_key key,
			   struct conf_piece text, char *expected)
{
	uint32_t address;
	bool none = !text.n || conf_is(text, NO_ADDRESS);

	if (!none && text.n < HOSTNAME_MAX && !is_ip6(text) &&
	    !hostname_valid(text.at, text.n) &&
	    !(ip4(text, &address) && is_unicast(address)))
		return expect(expected, "an IP address or a host name, such as "
			      "log.example.net, or 0.0.0.0 for none");
	if (text.n >= HOSTNAME_MAX) {
		snprintf(expected, CONF_EXPECTED_MAX,
			 "expected at most %d characters",
			 HOSTNAME_MAX - 1);
		return false;
	}
	memcpy(receiver(c, key), text.at, none ? 0 : text.n);
	receiver(c, key)[none ? 0 : text.n] = '\0';
	return true;
}

static void format_receiver(const struct conf *c, enum conf_key key,
			    char *text, size_t size)
{
	const char *to = receiver((struct conf *)c, key);

	snprintf(text, size, "%s", to[0] ? to : NO_ADDRESS);
}

const struct conf_type conf_receiver = { parse_receiver, format_receiver };

static const char *const ip_modes[] = {
	[CONF_IP_STATIC] = "static", [CONF_IP_DHCP] = "dhcp",
};

static bool parse_ip_mode(struct conf *c, enum conf_key key,
			  struct conf_piece text, char *expected)
{
	for (unsigned int i = 0; i <= CONF_IP_DHCP; i++)
		if (conf_is(text, ip_modes[i])) {
			c->number[key] = i;
			return true;
		}
	return expect(expected, "static or dhcp");
}

static void format_ip_mode(const struct conf *c, enum conf_key key, char *text,
			   size_t size)
{
	snprintf(text, size, "%s", ip_modes[c->number[key]]);
}

const struct conf_type conf_ip_mode = { parse_ip_mode, format_ip_mode };

#define MAC_LEN		6
#define MAC_GROUP	0x01u		/* of the first byte */

/* Six bytes with colons between, of one station. */
static bool explicit_mac(struct conf_piece text, uint8_t mac[MAC_LEN])
{
	static const uint8_t zero[MAC_LEN];
	uint32_t v;

	if (text.n != MAC_LEN * 3 - 1)
		return false;
	for (unsigned int i = 0; i < MAC_LEN; i++) {
		struct conf_piece byte = { text.at + i * 3, 2 };

		if (!digits(byte, 16, &v) ||
		    (i < MAC_LEN - 1 && byte.at[2] != ':'))
			return false;
		mac[i] = (uint8_t)v;
	}
	return !(mac[0] & MAC_GROUP) && memcmp(mac, zero, MAC_LEN);
}

static bool parse_mac(struct conf *c, enum conf_key key,
		      struct conf_piece text, char *expected)
{
	uint8_t mac[MAC_LEN];

	if (conf_is(text, "shared")) {
		c->number[key] = CONF_MAC_SHARED;
	} else if (conf_is(text, "own")) {
		c->number[key] = CONF_MAC_OWN;
	} else if (explicit_mac(text, mac)) {
		c->number[key] = CONF_MAC_EXPLICIT;
		memcpy(c->mac, mac, MAC_LEN);
	} else {
		return expect(expected, "shared, own or a unicast MAC address, "
			      "such as 02:00:00:12:34:56");
	}
	return true;
}

static void format_mac(const struct conf *c, enum conf_key key, char *text,
		       size_t size)
{
	if (c->number[key] == CONF_MAC_EXPLICIT)
		snprintf(text, size, "%02x:%02x:%02x:%02x:%02x:%02x",
			 c->mac[0], c->mac[1], c->mac[2], c->mac[3], c->mac[4],
			 c->mac[5]);
	else
		snprintf(text, size, "%s", c->number[key] == CONF_MAC_OWN ?
			 "own" : "shared");
}

const struct conf_type conf_mac = { parse_mac, format_mac };

/* ---- the "pci=" string ---- */

static bool parse_bindings(struct conf *c, enum conf_key key,
			   struct conf_piece text, char *expected)
{
	char copy[CONF_PCI_MAX];
	struct binding_error error;
	struct binding_set set;

	if (text.n >= sizeof(copy)) {
		snprintf(expected, CONF_EXPECTED_MAX,
			 "expected at most %u characters",
			 (unsigned int)sizeof(copy) - 1);
		return false;
	}
	memcpy(copy, text.at, text.n);
	copy[text.n] = '\0';
	if (binding_parse(copy, &set, &error) < 0) {
		snprintf(expected, CONF_EXPECTED_MAX, "column %u: %s",
			 error.column, error.what);
		return false;
	}
	memcpy(c->pci, copy, text.n + 1);
	return true;
}

static void format_bindings(const struct conf *c, enum conf_key key,
			    char *text, size_t size)
{
	snprintf(text, size, "%s", c->pci);
}

const struct conf_type conf_bindings = { parse_bindings, format_bindings };

/* ---- a UEFI program's place on a disk ---- */

static bool parse_path(struct conf *c, enum conf_key key,
		       struct conf_piece text, char *expected)
{
	bool good = text.n < sizeof(c->next) &&
		    (text.n == 0 || text.at[0] == '\\' ||
		     text.at[0] == '/');

	for (size_t i = 0; good && i < text.n; i++)
		good = text.at[i] >= ' ' && text.at[i] <= '~';
	if (!good)
		return expect(expected, "a program's path, such as "
			      "\\EFI\\debian\\shimx64.efi, or nothing");
	memcpy(c->next, text.at, text.n);
	c->next[text.n] = '\0';
	return true;
}

static void format_path(const struct conf *c, enum conf_key key, char *text,
			size_t size)
{
	snprintf(text, size, "%s", c->next);
}

const struct conf_type conf_path = { parse_path, format_path };

/* ---- a password's hash ---- */

static char *hash_of(struct conf *c, enum conf_key key)
{
	return key == CONF_MGMT_PASSWORD ? c->password : c->password_read;
}

/* Which forms there are is known where they are compared. */
static bool parse_hash(struct conf *c, enum conf_key key,
		       struct conf_piece text, char *expected)
{
	char *to = hash_of(c, key);
	bool good = text.n < CONF_HASH_MAX;

	for (size_t i = 0; good && i < text.n; i++)
		good = text.at[i] > ' ' && text.at[i] <= '~';
	if (!good || (text.n && !memchr(text.at, '$', text.n) &&
		      !memchr(text.at, ':', text.n)))
		return expect(expected, "what scripts/tandem-passwd makes of a "
			      "password, or nothing");
	memcpy(to, text.at, text.n);
	to[text.n] = '\0';
	return true;
}

/* Whoever sees it can try passwords: nobody does. */
static void format_hash(const struct conf *c, enum conf_key key, char *text,
			size_t size)
{
	snprintf(text, size, "%s",
		 *hash_of((struct conf *)(uintptr_t)c, key) ? "..." : "");
}

const struct conf_type conf_hash = { parse_hash, format_hash };

/* ---- a certificate's fingerprint ---- */

/* 64 digits; a colon between two bytes does no harm. */
static bool parse_fingerprint(struct conf *c, enum conf_key key,
			      struct conf_piece text, char *expected)
{
	uint8_t bytes[CONF_DIGEST];
	size_t n = 0;
	uint32_t v;

	c->number[key] = text.n ? c->number[key] : 0;
	if (!text.n)
		return true;
	while (n < CONF_DIGEST && text.n >= 2) {
		struct conf_piece two = { text.at, 2 };

		if (!digits(two, 16, &v))
			break;
		bytes[n++] = (uint8_t)v;
		text.at += 2;
		text.n -= 2;
		if (text.n > 2 && text.at[0] == ':')
			text.at++, text.n--;
	}
	if (n < CONF_DIGEST || text.n)
		return expect(expected, "the SHA-256 of a certificate, 64 "
			      "hexadecimal digits, or nothing");
	memcpy(c->syslog_fingerprint, bytes, sizeof(bytes));
	c->number[key] = 1;
	return true;
}

static void format_fingerprint(const struct conf *c, enum conf_key key,
			       char *text, size_t size)
{
	size_t n = 0;

	if (size)
		text[0] = '\0';
	for (size_t i = 0; c->number[key] && i < CONF_DIGEST && n + 2 < size;
	     i++, n += 2)
		snprintf(text + n, size - n, "%02x", c->syslog_fingerprint[i]);
}

const struct conf_type conf_fingerprint = {
	parse_fingerprint, format_fingerprint
};
