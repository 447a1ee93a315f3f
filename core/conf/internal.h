/* SPDX-License-Identifier: MIT */
/* Between the table of keys, the parsers of values and that of texts. */
#ifndef CORE_CONF_INTERNAL_H
#define CORE_CONF_INTERNAL_H

#include <tandem/conf.h>

#define CONF_EXPECTED_MAX	112	/* characters, with the end */

/* A symbol of Kconfig, as scripts/kconfig.py describes it. */
struct conf_symbol {
	const char *name, *dotted;
	bool built;		/* this build has a use for it */
	bool chosen;		/* other than Kconfig's default */
	uint32_t lowest, highest;
	const char *value;
};

/* A piece of a text. */
struct conf_piece {
	const char *at;
	size_t n;
};

struct conf_key_info;

/* Sets the key's value, or leaves it and says what was expected. */
typedef bool conf_parse_fn(struct conf *c, enum conf_key key,
			   struct conf_piece text,
			   char expected[CONF_EXPECTED_MAX]);
typedef void conf_format_fn(const struct conf *c, enum conf_key key,
			    char *text, size_t size);

struct conf_type {
	conf_parse_fn *parse;
	conf_format_fn *format;
};

struct conf_key_info {
	const char *name;
	const struct conf_symbol *symbol;
	const struct conf_type *type;
	bool open;		/* may come from a text that nobody signed */
};

extern const struct conf_key_info conf_keys[CONF_KEYS];

extern const struct conf_type conf_bool, conf_off, conf_number, conf_port,
	conf_host, conf_router, conf_netmask, conf_ip_mode, conf_mac,
	conf_dns, conf_receiver, conf_bindings, conf_path, conf_hash,
	conf_fingerprint;

/* The symbol that a name of a text means, or NULL. */
const struct conf_symbol *conf_symbol_find(struct conf_piece name);

bool conf_is(struct conf_piece text, const char *what);

/* Without the blanks around it. */
struct conf_piece conf_trim(struct conf_piece p);

/* a.b.c.d of an address in network byte order */
void conf_ip4_text(uint32_t address, char *text, size_t size);

#endif
