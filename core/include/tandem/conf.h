/* SPDX-License-Identifier: MIT */
/*
 * What can be decided at boot: values by key, each the built-in one (Kconfig)
 * or set by a text, and the parser of these texts (docs/configuration.md).
 * No dependency on the core: the loader, the VMM and host programs share it.
 *
 * Texts are hostile. Whatever is wrong in one is told, with its place, and
 * leaves the value as it was; nothing is fatal.
 */
#ifndef TANDEM_CONF_H
#define TANDEM_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tandem/hostname.h>

/* The keys, in the order in which they are shown; core/conf/keys.c. */
enum conf_key {
	CONF_PCI,
	CONF_IP_MODE,
	CONF_IP_ADDRESS,
	CONF_IP_NETMASK,
	CONF_IP_GATEWAY,
	CONF_IP_DNS,
	CONF_IP_MAC,
	CONF_IP_MTU,
	CONF_IP_VLAN,
	CONF_IPV6,
	CONF_ECHO_PORT,
	CONF_ECHO_AUTOSTART,
	CONF_SNTP_SERVER,
	CONF_MDNS,
	CONF_NETBIOS,
	CONF_SYSLOG_ADDRESS,
	CONF_SYSLOG_PORT,
	CONF_SYSLOG_TLS,
	CONF_SYSLOG_FINGERPRINT,
	CONF_MGMT,
	CONF_MGMT_PORT,
	CONF_MGMT_PASSWORD,
	CONF_MGMT_PASSWORD_READ,
	CONF_MGMT_CAPTURE,
	CONF_MGMT_SESSIONS,
	CONF_MGMT_HANDSHAKES,
	CONF_LOG_LEVEL,
	CONF_LOG_SERIAL_PORT,
	CONF_DBGSH,
	CONF_PANIC_REBOOT,
	CONF_BOOT_NEXT,
	CONF_BOOT_MENU,
	CONF_KEYS
};

/* Where a value comes from; a later source replaces an earlier one's. */
enum conf_source {
	CONF_BUILT_IN,
	CONF_SECTION,		/* .tandemcf of the loader */
	CONF_FILE,		/* tandem.conf beside it */
	CONF_OPTION,		/* the boot option's string */
	CONF_SOURCES
};

enum conf_ip_mode { CONF_IP_STATIC, CONF_IP_DHCP };
enum conf_ip_mac { CONF_MAC_SHARED, CONF_MAC_OWN, CONF_MAC_EXPLICIT };

/* Why there is no text of a source that exists. */
enum conf_problem { CONF_FINE, CONF_UNREADABLE, CONF_NOT_TEXT, CONF_PROBLEMS };

#define CONF_TEXT_MAX	16384	/* bytes of a text */
#define CONF_DNS_MAX	2	/* servers */
#define CONF_PCI_MAX	512	/* as BINDING_TEXT_MAX */
#define CONF_HASH_MAX	192	/* of a password, with the end */
#define CONF_PATH_MAX	128	/* of a program, with the end */
#define CONF_DIGEST	32	/* bytes of a fingerprint, SHA-256 */
#define CONF_LINE_MAX	200	/* characters of what is told, with the end */

struct conf {
	/*
	 * IPv4: in network byte order, as in a packet; booleans 0 or 1; of a
	 * choice, the option's number below
	 */
	uint32_t number[CONF_KEYS];
	uint8_t mac[6];			/* with CONF_MAC_EXPLICIT */
	uint32_t dns[CONF_DNS_MAX];	/* as IPv4 above; 0: none */
	char syslog[HOSTNAME_MAX];	/* address or name; "": off */
	/* of its certificate, where number[CONF_SYSLOG_FINGERPRINT] is 1 */
	uint8_t syslog_fingerprint[CONF_DIGEST];
	char password[CONF_HASH_MAX];	/* hashes; "": none */
	char password_read[CONF_HASH_MAX];
	char sntp[HOSTNAME_MAX];		/* as syslog */
	char pci[CONF_PCI_MAX];
	char next[CONF_PATH_MAX];	/* empty: none */
	/* line or word (from 1) of the source, 0 for built-in ones */
	struct {
		uint16_t source, line;
	} origin[CONF_KEYS];
	uint32_t set[CONF_SOURCES];	/* values that a source set */
	uint32_t refused[CONF_SOURCES];	/* lines or words told as wrong */
};

/* In the place of a line: what was set does not fit to other values. */
#define CONF_UNDONE	0xffff

/* Called with one line of text for each thing that is wrong. */
struct conf_teller {
	void (*tell)(const char *line, void *arg);
	void *arg;
};

/* The VMM's; fixed before the first driver runs. */
extern struct conf tandem_conf;

/* All keys as built in. */
void conf_init(struct conf *c);

/*
 * Takes over what text, of size bytes and not terminated, says. restricted:
 * only keys that may come from a text that nobody signed. problem: text is not
 * looked at, it is told why. A size above CONF_TEXT_MAX is told, too.
 */
void conf_read(struct conf *c, enum conf_source source, const char *text,
	       size_t size, enum conf_problem problem, bool restricted,
	       const struct conf_teller *teller);

/* After the last text: values that do not fit together are told and undone. */
void conf_finish(struct conf *c, const struct conf_teller *teller);

/* ".tandemcf", "tandem.conf" ... */
const char *conf_source_name(enum conf_source source);

/* "tandem.conf line 3", "built in" ...: where the key's value comes from. */
void conf_origin(const struct conf *c, enum conf_key key, char *text,
		 size_t size);

/* The key's name; NULL if this build has no use for it. */
const char *conf_name(enum conf_key key);

/* The value as text, cut to size. */
void conf_value(const struct conf *c, enum conf_key key, char *text,
		size_t size);

/* Is the built-in value another one than Kconfig's default? */
bool conf_chosen(enum conf_key key);

/* A value that is decided when Tandem is built. */
struct conf_fixed {
	const char *name, *value;
	bool chosen;
};

/* The n-th of them, from 0; false behind the last. */
bool conf_fixed(unsigned int n, struct conf_fixed *f);

#endif
