/* SPDX-License-Identifier: MIT */
/*
 * Reads texts of lines "key = value" and boot option strings of words
 * "key=value". Each line or word stands alone: a wrong one is told and left
 * out, the others count.
 */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOWN_MAX	36	/* characters of what was found, with the end */

struct reader {
	struct conf *c;
	enum conf_source source;
	unsigned int line;	/* 0: the whole text */
	bool restricted;
	bool hidden;		/* the word before named what is a secret */
	const struct conf_teller *teller;
};

/* ---- what is told ---- */

static void say(struct conf *c, enum conf_source source,
		const struct conf_teller *teller, const char *line)
{
	c->refused[source]++;
	if (teller)
		teller->tell(line, teller->arg);
}

/* The text's name and the line's number before what is wrong. */
static void wrong(const struct reader *r, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void wrong(const struct reader *r, const char *fmt, ...)
{
	char line[CONF_LINE_MAX];
	size_t n;
	va_list ap;

	snprintf(line, sizeof(line), "%s", conf_source_name(r->source));
	n = strlen(line);
	if (r->line)
		snprintf(line + n, sizeof(line) - n, " %s %u",
			 r->source == CONF_OPTION ? "word" : "line", r->line);
	n = strlen(line);
	snprintf(line + n, sizeof(line) - n, ": ");
	n = strlen(line);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	say(r->c, r->source, r->teller, line);
}

/* A piece of a text for a person: printable, and not much of it. */
static const char *shown(struct conf_piece p, char text[SHOWN_MAX])
{
	const size_t room = SHOWN_MAX - 1 - strlen("...");
	size_t n = p.n < SHOWN_MAX ? p.n : room;

	for (size_t i = 0; i < n; i++)
		text[i] = p.at[i] >= ' ' && p.at[i] <= '~' ? p.at[i] : '?';
	snprintf(text + n, SHOWN_MAX - n, "%s", p.n > n ? "..." : "");
	return text;
}

/* What is wrong with a value, and which one stays. */
static void refuse(const struct reader *r, enum conf_key key, const char *why)
{
	const struct conf *c = r->c;
	char value[SHOWN_MAX + 24], origin[40];

	conf_value(c, key, value, sizeof(value));
	conf_origin(c, key, origin, sizeof(origin));
	if (c->origin[key].source == CONF_BUILT_IN)
		wrong(r, "%s: %s; the default %s stays", conf_keys[key].name,
		      why, value);
	else
		wrong(r, "%s: %s; %s of %s stays", conf_keys[key].name, why,
		      value, origin);
}

/* ---- pieces ---- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct conf_piece conf_trim(struct conf_piece p)
{
	while (p.n && is_blank(p.at[0]))
		p.at++, p.n--;
	while (p.n && is_blank(p.at[p.n - 1]))
		p.n--;
	return p;
}

static bool starts(struct conf_piece p, const char *with)
{
	size_t n = strlen(with);

	return p.n >= n && !memcmp(p.at, with, n);
}

static bool has(struct conf_piece p, char c)
{
	return p.n && memchr(p.at, c, p.n);
}

/*
 * Bytes of the character at p (RFC 3629); 0 if that is no UTF-8. Only the
 * shortest form, no surrogates, nothing above U+10FFFF.
 */
static size_t utf8_length(struct conf_piece p)
{
	const uint8_t *b = (const uint8_t *)p.at;
	size_t n = b[0] < 0x80 ? 1 : b[0] < 0xc2 ? 0 : b[0] < 0xe0 ? 2 :
		   b[0] < 0xf0 ? 3 : b[0] < 0xf5 ? 4 : 0;

	if (n > p.n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((b[i] & 0xc0) != 0x80)
			return 0;
	if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) ||
	    (b[0] == 0xf0 && b[1] < 0x90) || (b[0] == 0xf4 && b[1] > 0x8f))
		return 0;
	return n;
}

/* Whether a line or word is text; if not, that is told. */
static bool is_text(const struct reader *r, struct conf_piece p)
{
	for (size_t i = 0, n; i < p.n; i += n) {
		struct conf_piece rest = { p.at + i, p.n - i };
		uint8_t b = (uint8_t)p.at[i];

		n = utf8_length(rest);
		if (!n) {
			wrong(r, "expected UTF-8, found byte 0x%02x at %u; "
			      "not used", b, (unsigned int)i + 1);
			return false;
		}
		if ((b < ' ' && b != '\t') || b == 0x7f) {
			wrong(r, "a control character (0x%02x) at %u; not "
			      "used", b, (unsigned int)i + 1);
			return false;
		}
	}
	return true;
}

/* ---- one setting ---- */

/* Takes the quotes off; false: they are not a pair around it all. */
static bool unquote(struct conf_piece *p)
{
	if (!has(*p, '"'))
		return true;
	if (p->n < 2 || p->at[0] != '"' || p->at[p->n - 1] != '"')
		return false;
	p->at++;
	p->n -= 2;
	return !has(*p, '"');
}

static void unknown(const struct reader *r, struct conf_piece name)
{
	const struct conf_symbol *s = conf_symbol_find(name);
	char text[SHOWN_MAX];

	for (unsigned int key = 0; s && key < CONF_KEYS; key++)
		if (conf_keys[key].symbol == s) {
			wrong(r, "unknown key \"%s\", expected \"%s\"; not "
			      "used", shown(name, text), conf_keys[key].name);
			return;
		}
	if (s)
		wrong(r, "%s is decided when Tandem is built (%s=%s); not "
		      "used", shown(name, text), s->name, s->value);
	else
		wrong(r, "unknown key \"%s\"; not used", shown(name, text));
}

static void set(struct reader *r, enum conf_key key, struct conf_piece value)
{
	const struct conf_key_info *k = &conf_keys[key];
	char expected[CONF_EXPECTED_MAX], why[CONF_LINE_MAX], text[SHOWN_MAX];
	struct conf *c = r->c;

	if (!k->symbol->built) {
		wrong(r, "%s: this build has no use for it; not used", k->name);
		return;
	}
	if (c->origin[key].source == r->source) {
		refuse(r, key, "set twice");
		return;
	}
	if (r->restricted && !k->open) {
		refuse(r, key, "under Secure Boot only what is signed may set "
		       "it");
		return;
	}
	if (!unquote(&value)) {
		refuse(r, key, "expected one pair of quotes around the value");
		return;
	}
	if (!k->type->parse(c, key, value, expected)) {
		/* in the place of a hash it may be the password itself */
		if (k->type == &conf_hash)
			snprintf(why, sizeof(why), "%s", expected);
		else
			snprintf(why, sizeof(why), "%s, found \"%s\"",
				 expected, shown(value, text));
		refuse(r, key, why);
		return;
	}
	c->origin[key].source = (uint16_t)r->source;
	c->origin[key].line = (uint16_t)r->line;
	c->set[r->source]++;
}

/* The key of a hash that p begins with: what follows may be the password. */
static const char *secret_key(struct conf_piece p)
{
	const char *found = NULL;

	for (unsigned int key = 0; key < CONF_KEYS; key++)
		if (conf_keys[key].type == &conf_hash &&
		    starts(p, conf_keys[key].name) &&
		    (!found || strlen(conf_keys[key].name) > strlen(found)))
			found = conf_keys[key].name;
	return found;
}

static void no_setting(struct reader *r, struct conf_piece p)
{
	const char *key = secret_key(p);
	char text[SHOWN_MAX];

	if (key)
		wrong(r, "%s: expected a hash behind \"=\"; not used", key);
	else
		wrong(r, "expected key = value, found \"%s\"; not used",
		      r->hidden ? "..." : shown(p, text));
	r->hidden = key && r->source == CONF_OPTION;
}

/* "key=value" with blanks around both. */
static void setting(struct reader *r, struct conf_piece p)
{
	const char *equals = memchr(p.at, '=', p.n);
	struct conf_piece name, value;

	if (!equals) {
		no_setting(r, p);
		return;
	}
	r->hidden = false;
	name = conf_trim((struct conf_piece){ p.at, (size_t)(equals - p.at) });
	value = conf_trim((struct conf_piece){ equals + 1,
			(size_t)(p.at + p.n - (equals + 1)) });
	for (unsigned int key = 0; key < CONF_KEYS; key++)
		if (conf_is(name, conf_keys[key].name)) {
			set(r, key, value);
			return;
		}
	unknown(r, name);
}

/* ---- whole texts ---- */

/* What is before a comment: a '#' at the start or behind a blank. */
static struct conf_piece before_comment(struct conf_piece p)
{
	bool quoted = false;

	for (size_t i = 0; i < p.n; i++) {
		if (p.at[i] == '"')
			quoted = !quoted;
		if (p.at[i] == '#' && !quoted &&
		    (i == 0 || is_blank(p.at[i - 1])))
			p.n = i;
	}
	return p;
}

static void read_lines(struct reader *r, struct conf_piece rest)
{
	while (rest.n) {
		const char *end = memchr(rest.at, '\n', rest.n);
		struct conf_piece line = { rest.at,
			end ? (size_t)(end - rest.at) : rest.n };
		size_t used = line.n + (end != NULL);

		rest.at += used;
		rest.n -= used;
		r->line++;
		if (line.n && line.at[line.n - 1] == '\r')
			line.n--;
		if (!is_text(r, line))
			continue;
		line = conf_trim(before_comment(line));
		if (line.n)
			setting(r, line);
	}
}

/* Blanks separate words, but not within quotes. */
static void read_words(struct reader *r, struct conf_piece rest)
{
	for (rest = conf_trim(rest); rest.n; rest = conf_trim(rest)) {
		struct conf_piece word = { rest.at, 0 };
		bool quoted = false;

		while (word.n < rest.n &&
		       (quoted || !is_blank(rest.at[word.n])))
			quoted ^= rest.at[word.n++] == '"';
		rest.at += word.n;
		rest.n -= word.n;
		r->line++;
		if (is_text(r, word))
			setting(r, word);
	}
}

void conf_read(struct conf *c, enum conf_source source, const char *text,
	       size_t size, enum conf_problem problem, bool restricted,
	       const struct conf_teller *teller)
{
	struct reader r = {
		.c = c, .source = source, .restricted = restricted,
		.teller = teller,
	};
	struct conf_piece all = { text, size };

	if (problem == CONF_UNREADABLE) {
		wrong(&r, "cannot be read; nothing of it is used");
	} else if (problem != CONF_FINE) {
		wrong(&r, "is no text; nothing of it is used");
	} else if (size > CONF_TEXT_MAX) {
		wrong(&r, "longer than %u bytes; nothing of it is used",
		      CONF_TEXT_MAX);
	} else if (starts(all, "\xff\xfe") || starts(all, "\xfe\xff")) {
		wrong(&r, "expected UTF-8, found UTF-16; nothing of it is used");
	} else if (source == CONF_OPTION) {
		read_words(&r, all);
	} else {
		if (starts(all, "\xef\xbb\xbf"))	/* byte order mark */
			all.at += 3, all.n -= 3;
		read_lines(&r, all);
	}
}

/* ---- what has to fit together ---- */

#define SYSLOG_UDP_PORT		514
#define SYSLOG_TLS_PORT		6514

/* The value does not count as one that its source has set. */
static void undo(struct conf *c, enum conf_key key, uint32_t value)
{
	enum conf_source source = c->origin[key].source;

	c->number[key] = value;
	if (source != CONF_BUILT_IN)
		c->set[source]--;
}

static void built_in_again(struct conf *c)
{
	static const enum conf_key keys[] = {
		CONF_IP_ADDRESS, CONF_IP_NETMASK, CONF_IP_GATEWAY,
	};
	struct conf built_in;

	conf_init(&built_in);
	for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		undo(c, keys[i], built_in.number[keys[i]]);
		c->origin[keys[i]] = built_in.origin[keys[i]];
	}
}

/* Registered ports (RFC 5425, RFC 5426): another way, another default. */
static void syslog_port(struct conf *c)
{
	if (conf_name(CONF_SYSLOG_TLS) && c->number[CONF_SYSLOG_TLS] &&
	    c->origin[CONF_SYSLOG_PORT].source == CONF_BUILT_IN &&
	    c->number[CONF_SYSLOG_PORT] == SYSLOG_UDP_PORT)
		c->number[CONF_SYSLOG_PORT] = SYSLOG_TLS_PORT;
}

void conf_finish(struct conf *c, const struct conf_teller *teller)
{
	const uint32_t mask = __builtin_bswap32(c->number[CONF_IP_NETMASK]);
	const uint32_t address = __builtin_bswap32(c->number[CONF_IP_ADDRESS]);
	const uint32_t gateway = __builtin_bswap32(c->number[CONF_IP_GATEWAY]);
	const uint32_t host = address & ~mask;
	char line[CONF_LINE_MAX], text[2][16];

	syslog_port(c);
	if (!conf_name(CONF_IP_ADDRESS) ||
	    c->number[CONF_IP_MODE] == CONF_IP_DHCP)
		return;
	conf_ip4_text(c->number[CONF_IP_ADDRESS], text[0], sizeof(text[0]));
	conf_ip4_text(c->number[CONF_IP_NETMASK], text[1], sizeof(text[1]));
	/* two addresses or one: no broadcast among them (RFC 3021) */
	if (~mask > 1 && (host == 0 || host == ~mask)) {
		snprintf(line, sizeof(line), "ip.address: %s is the %s address "
			 "of its network (%s); the default addresses stay",
			 text[0], host ? "broadcast" : "first", text[1]);
		say(c, c->origin[CONF_IP_ADDRESS].source, teller, line);
		built_in_again(c);
	} else if (gateway && ((gateway ^ address) & mask)) {
		conf_ip4_text(c->number[CONF_IP_GATEWAY], text[1],
			      sizeof(text[1]));
		snprintf(line, sizeof(line), "ip.gateway: %s is not in the "
			 "network of ip.address %s; there is no gateway",
			 text[1], text[0]);
		say(c, c->origin[CONF_IP_GATEWAY].source, teller, line);
		undo(c, CONF_IP_GATEWAY, 0);
		c->origin[CONF_IP_GATEWAY].line = CONF_UNDONE;
	}
}
