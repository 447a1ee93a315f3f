/* SPDX-License-Identifier: MIT */
/*
 * Queries and JSON bodies; see input.h. jsmn finds the tokens; what it lets
 * pass though it is no JSON (it does not count what an object needs) is refused
 * here.
 */
#include "input.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#define TOKENS	(1 + 2 * INPUT_MAX)

static struct input *find(struct input *in, size_t n, const char *name,
			  size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(in[i].name) == len && !memcmp(in[i].name, name, len))
			return &in[i];
	return NULL;
}

static int no(char error[INPUT_ERROR_MAX], const char *what, const char *name)
{
	snprintf(error, INPUT_ERROR_MAX, "%s%s%s", name ? name : "",
		 name ? ": " : "", what);
	return -EINVAL;
}

/* Decimal, without a sign or a zero in front. */
static int number(const char *text, size_t len, uint64_t max, uint64_t *to)
{
	uint64_t value = 0;

	if (len == 0 || len > 20 || (len > 1 && text[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' ||
		    __builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(text[i] - '0'),
					   &value))
			return -EINVAL;
	}
	if (value > max)
		return -ERANGE;
	*to = value;
	return 0;
}

static int take_number(struct input *i, const char *text, size_t len,
		       char error[INPUT_ERROR_MAX])
{
	int result = number(text, len, i->limit, i->to);

	if (result == -ERANGE)
		return no(error, "too large", i->name);
	return result ? no(error, "expected a whole number", i->name) : 0;
}

/* ---- query ---- */

static bool is_plain(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.';
}

static int query_value(struct input *i, const char *value, size_t len,
		       char error[INPUT_ERROR_MAX])
{
	for (size_t k = 0; k < len; k++)
		if (!is_plain(value[k]))
			return no(error, "not a value for this", i->name);
	switch (i->kind) {
	case INPUT_NUMBER:
		return take_number(i, value, len, error);
	case INPUT_BOOL:
		if (len != 1 || (value[0] != '0' && value[0] != '1'))
			return no(error, "expected 0 or 1", i->name);
		*(bool *)i->to = value[0] == '1';
		return 0;
	default:
		if (len >= i->limit)
			return no(error, "too long", i->name);
		memcpy(i->to, value, len);
		((char *)i->to)[len] = '\0';
		return 0;
	}
}

int input_query(const char *query, struct input *in, size_t n,
		char error[INPUT_ERROR_MAX])
{
	while (*query) {
		const char *end = strchr(query, '&');
		size_t len = end ? (size_t)(end - query) : strlen(query);
		const char *equals = memchr(query, '=', len);
		struct input *i;

		if (!equals)
			return no(error, "a parameter without a value", NULL);
		i = find(in, n, query, (size_t)(equals - query));
		if (!i)
			return no(error, "an unknown parameter", NULL);
		if (i->found)
			return no(error, "comes twice", i->name);
		i->found = true;
		if (query_value(i, equals + 1,
				len - (size_t)(equals + 1 - query), error))
			return -EINVAL;
		query += len + (end ? 1 : 0);
	}
	return 0;
}

/* ---- JSON ---- */

static int hex4(const char *text, uint32_t *code)
{
	*code = 0;
	for (int i = 0; i < 4; i++) {
		char c = text[i];
		uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0') :
			c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10 :
			c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10 : 16;

		if (digit > 15)
			return -EINVAL;
		*code = *code << 4 | digit;
	}
	return 0;
}

/* The code behind "\u", which may be a pair of surrogates; how far it goes. */
static int escape_code(const char *text, size_t len, uint32_t *code)
{
	uint32_t low;

	if (len < 4 || hex4(text, code) || *code == 0)
		return -EINVAL;
	if (*code < 0xd800 || *code > 0xdfff)
		return 4;
	if (*code > 0xdbff || len < 10 || text[4] != '\\' || text[5] != 'u' ||
	    hex4(text + 6, &low) || low < 0xdc00 || low > 0xdfff)
		return -EINVAL;
	*code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
	return 10;
}

/* As UTF-8 (RFC 3629): its length. */
static size_t utf8(uint32_t code, char to[4])
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		to[0] = (char)(0xe0 | code >> 12);
		to[1] = (char)(0x80 | (code >> 6 & 0x3f));
		to[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | code >> 18);
	to[1] = (char)(0x80 | (code >> 12 & 0x3f));
	to[2] = (char)(0x80 | (code >> 6 & 0x3f));
	to[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/* What the escape at text, behind the backslash, stands for; its length. */
static int escape(const char *text, size_t len, char to[4], size_t *n)
{
	static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *at;
	uint32_t code;
	int used;

	if (len == 0)
		return -EINVAL;
	if (text[0] == 'u') {
		used = escape_code(text + 1, len - 1, &code);
		if (used < 0)
			return used;
		*n = utf8(code, to);
		return 1 + used;
	}
	at = strchr(names, text[0]);
	if (!at || !text[0])
		return -EINVAL;
	to[0] = meant[at - names];
	*n = 1;
	return 1;
}

/* Bytes from 0x80 on are taken as they are. */
static int take_text(struct input *i, const char *text, size_t len,
		     char error[INPUT_ERROR_MAX])
{
	char *to = i->to, piece[4];
	size_t used = 0, n;

	for (size_t k = 0; k < len; k++) {
		piece[0] = text[k];
		n = 1;
		if ((unsigned char)text[k] < ' ')
			return no(error, "a control character", i->name);
		if (text[k] == '\\') {
			int more = escape(text + k + 1, len - k - 1, piece, &n);

			if (more < 0)
				return no(error, "a wrong escape", i->name);
			k += (size_t)more;
		}
		if (n >= i->limit - used)
			return no(error, "too long", i->name);
		memcpy(to + used, piece, n);
		used += n;
	}
	to[used] = '\0';
	return 0;
}

static int take_bool(struct input *i, const char *text, size_t len,
		     char error[INPUT_ERROR_MAX])
{
	if (len == 4 && !memcmp(text, "true", 4))
		*(bool *)i->to = true;
	else if (len == 5 && !memcmp(text, "false", 5))
		*(bool *)i->to = false;
	else
		return no(error, "expected true or false", i->name);
	return 0;
}

static int json_value(struct input *i, const char *text, const jsmntok_t *t,
		      char error[INPUT_ERROR_MAX])
{
	size_t len = (size_t)(t->end - t->start);

	text += t->start;
	if (t->type == JSMN_STRING)
		return i->kind == INPUT_TEXT ?
			take_text(i, text, len, error) :
			no(error, "expected no text", i->name);
	if (t->type != JSMN_PRIMITIVE || i->kind == INPUT_TEXT)
		return no(error, "expected a text", i->name);
	return i->kind == INPUT_BOOL ? take_bool(i, text, len, error) :
				       take_number(i, text, len, error);
}

/* Between two tokens there is white space and that one character, once. */
static bool only(const char *text, int from, int to, char what)
{
	bool seen = what == '\0';

	for (; from < to; from++) {
		char c = text[from];

		if (c == what && !seen)
			seen = true;
		else if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
			return false;
	}
	return seen;
}

/* Where a token begins and ends in the text, the quotes of a string included. */
static int start_of(const jsmntok_t *t)
{
	return t->type == JSMN_STRING ? t->start - 1 : t->start;
}

static int end_of(const jsmntok_t *t)
{
	return t->type == JSMN_STRING ? t->end + 1 : t->end;
}

static bool is_flat_object(const char *text, size_t len, const jsmntok_t *t,
			   int n)
{
	int at;

	if (n < 1 || t[0].type != JSMN_OBJECT || n != 1 + 2 * t[0].size ||
	    !only(text, 0, t[0].start, '\0') ||
	    !only(text, t[0].end, (int)len, '\0'))
		return false;
	at = t[0].start + 1;
	for (int i = 1; i < n; i += 2) {
		if (t[i].type != JSMN_STRING || t[i].size != 1 ||
		    t[i].parent != 0 || t[i + 1].parent != i ||
		    (t[i + 1].type != JSMN_STRING &&
		     t[i + 1].type != JSMN_PRIMITIVE) ||
		    !only(text, at, start_of(&t[i]), i > 1 ? ',' : '\0') ||
		    !only(text, end_of(&t[i]), start_of(&t[i + 1]), ':'))
			return false;
		at = end_of(&t[i + 1]);
	}
	return only(text, at, t[0].end - 1, '\0');
}

int input_json(const char *text, size_t len, struct input *in, size_t n,
	       char error[INPUT_ERROR_MAX])
{
	jsmntok_t tokens[TOKENS];
	jsmn_parser parser;
	int found;

	jsmn_init(&parser);
	found = len > 0x10000 ? JSMN_ERROR_NOMEM :
		jsmn_parse(&parser, text, len, tokens, TOKENS);
	if (found == JSMN_ERROR_NOMEM)
		return no(error, "more than is expected", NULL);
	if (found < 0 || !is_flat_object(text, len, tokens, found))
		return no(error, "expected one JSON object, without others "
			  "inside", NULL);
	for (int k = 1; k < found; k += 2) {
		const jsmntok_t *name = &tokens[k];
		struct input *i = find(in, n, text + name->start,
				       (size_t)(name->end - name->start));

		if (!i)
			return no(error, "an unknown member", NULL);
		if (i->found)
			return no(error, "comes twice", i->name);
		i->found = true;
		if (json_value(i, text, name + 1, error))
			return -EINVAL;
	}
	return 0;
}
