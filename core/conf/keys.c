/* SPDX-License-Identifier: MIT */
/*
 * The table of keys. Names follow the symbols of Kconfig; values, ranges and
 * what is decided when Tandem is built come from there (scripts/kconfig.py
 * makes config/symbols.h), so that a symbol without a key here is known, too.
 */
#include "internal.h"

#include <config/symbols.h>
#include <stdio.h>
#include <string.h>

#define NUMBER_OF(symbol, ...)	SYMBOL_##symbol,
enum { CONFIG_SYMBOLS(NUMBER_OF) SYMBOLS };

#define ENTRY(symbol, ...)	{ "CONFIG_" #symbol, __VA_ARGS__ },
static const struct conf_symbol symbols[] = { CONFIG_SYMBOLS(ENTRY) };

#define KEY(name, symbol, type, open) \
	{ name, &symbols[SYMBOL_##symbol], &conf_##type, open }

/* What is open: addresses and services, nothing that reaches the guest. */
const struct conf_key_info conf_keys[CONF_KEYS] = {
	[CONF_PCI] = KEY("pci", PCI_BINDINGS, bindings, false),
	[CONF_IP_MODE] = KEY("ip.mode", IP_MODE, ip_mode, true),
	[CONF_IP_ADDRESS] = KEY("ip.address", IP_ADDRESS, host, true),
	[CONF_IP_NETMASK] = KEY("ip.netmask", IP_NETMASK, netmask, true),
	[CONF_IP_GATEWAY] = KEY("ip.gateway", IP_GATEWAY, router, true),
	[CONF_IP_DNS] = KEY("ip.dns", IP_DNS, dns, true),
	[CONF_IP_MAC] = KEY("ip.mac", IP_MAC, mac, true),
	[CONF_IP_MTU] = KEY("ip.mtu", IP_MTU, number, true),
	[CONF_IP_VLAN] = KEY("ip.vlan", IP_VLAN, number, true),
	[CONF_IPV6] = KEY("ipv6", IPV6, off, true),
	[CONF_ECHO_PORT] = KEY("echo.server.port", ECHO_PORT, number, true),
	[CONF_ECHO_AUTOSTART] = KEY("echo.server.autostart", ECHO_AUTOSTART,
				    bool, true),
	[CONF_SNTP_SERVER] = KEY("sntp.server", SNTP_SERVER, receiver, true),
	[CONF_MDNS] = KEY("mdns", MDNS, off, true),
	[CONF_NETBIOS] = KEY("netbios", NETBIOS_ON, bool, true),
	[CONF_SYSLOG_ADDRESS] = KEY("syslog.address", SYSLOG_ADDRESS, receiver,
				    true),
	[CONF_SYSLOG_PORT] = KEY("syslog.port", SYSLOG_PORT, number, true),
	[CONF_SYSLOG_TLS] = KEY("syslog.tls", SYSLOG_TLS, bool, true),
	[CONF_SYSLOG_FINGERPRINT] = KEY("syslog.fingerprint",
					SYSLOG_FINGERPRINT, fingerprint, true),
	[CONF_MGMT] = KEY("mgmt", MGMT, off, true),
	[CONF_MGMT_PORT] = KEY("mgmt.port", MGMT_PORT, number, true),
	[CONF_MGMT_PASSWORD] = KEY("mgmt.password", MGMT_PASSWORD, hash, false),
	[CONF_MGMT_PASSWORD_READ] = KEY("mgmt.password_read",
					MGMT_PASSWORD_READ, hash, false),
	[CONF_MGMT_CAPTURE] = KEY("mgmt.capture", MGMT_CAPTURE, bool, false),
	[CONF_MGMT_SESSIONS] = KEY("mgmt.sessions", MGMT_CONNECTIONS, number,
				   true),
	[CONF_MGMT_HANDSHAKES] = KEY("mgmt.handshakes", MGMT_HANDSHAKES, number,
				     true),
	[CONF_LOG_LEVEL] = KEY("log.level", LOG_LEVEL, number, false),
	[CONF_LOG_SERIAL_PORT] = KEY("log.serial_port", LOG_SERIAL_PORT, port,
				     false),
	[CONF_DBGSH] = KEY("dbgsh", DBGSH, off, false),
	[CONF_PANIC_REBOOT] = KEY("panic.reboot", PANIC_REBOOT, bool, false),
	[CONF_BOOT_NEXT] = KEY("boot.next", BOOT_NEXT, path, false),
	[CONF_BOOT_MENU] = KEY("boot.menu", BOOT_MENU, bool, false),
};

bool conf_is(struct conf_piece text, const char *what)
{
	return text.n == strlen(what) && !memcmp(text.at, what, text.n);
}

const struct conf_symbol *conf_symbol_find(struct conf_piece name)
{
	for (unsigned int i = 0; i < SYMBOLS; i++)
		if (conf_is(name, symbols[i].dotted))
			return &symbols[i];
	return NULL;
}

void conf_init(struct conf *c)
{
	char expected[CONF_EXPECTED_MAX];

	memset(c, 0, sizeof(*c));
	for (unsigned int key = 0; key < CONF_KEYS; key++) {
		const struct conf_key_info *k = &conf_keys[key];
		struct conf_piece value = {
			k->symbol->value, strlen(k->symbol->value) };

		if (k->symbol->built)
			k->type->parse(c, key, value, expected);
	}
	/* who binds drivers says in the log what is wrong with this one */
	snprintf(c->pci, sizeof(c->pci), "%s",
		 conf_keys[CONF_PCI].symbol->value);
}

const char *conf_name(enum conf_key key)
{
	return conf_keys[key].symbol->built ? conf_keys[key].name : NULL;
}

void conf_value(const struct conf *c, enum conf_key key, char *text,
		size_t size)
{
	conf_keys[key].type->format(c, key, text, size);
}

const char *conf_source_name(enum conf_source source)
{
	static const char *const names[CONF_SOURCES] = {
		"built in", ".tandemcf", "tandem.conf", "boot option",
	};

	return names[source];
}

void conf_origin(const struct conf *c, enum conf_key key, char *text,
		 size_t size)
{
	enum conf_source source = c->origin[key].source;

	if (c->origin[key].line == CONF_UNDONE)
		snprintf(text, size, "undone, see the log");
	else if (source == CONF_BUILT_IN)
		snprintf(text, size, "%s", conf_source_name(source));
	else
		snprintf(text, size, "%s %s %u", conf_source_name(source),
			 source == CONF_OPTION ? "word" : "line",
			 c->origin[key].line);
}

static bool has_key(const struct conf_symbol *s)
{
	for (unsigned int key = 0; key < CONF_KEYS; key++)
		if (conf_keys[key].symbol == s)
			return true;
	return false;
}

bool conf_chosen(enum conf_key key)
{
	return conf_keys[key].symbol->chosen;
}

bool conf_fixed(unsigned int n, struct conf_fixed *f)
{
	for (unsigned int i = 0; i < SYMBOLS; i++) {
		if (!symbols[i].built || has_key(&symbols[i]) || n-- > 0)
			continue;
		*f = (struct conf_fixed){ symbols[i].dotted, symbols[i].value,
					  symbols[i].chosen };
		return true;
	}
	return false;
}
