/* SPDX-License-Identifier: MIT */
/* Writing JSON; see domain/json.h. */
#include <domain/json.h>
#include <stdio.h>
#include <string.h>

static void put(struct json *j, const char *text)
{
	j->out(text, strlen(text));
}

static void quoted(struct json *j, const char *text)
{
	char escaped[8];

	put(j, "\"");
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			snprintf(escaped, sizeof(escaped), "\\%c", c);
		else if (c >= ' ' && c < 0x7f)
			snprintf(escaped, sizeof(escaped), "%c", c);
		else
			snprintf(escaped, sizeof(escaped), "\\u%04x", c);
		put(j, escaped);
	}
	put(j, "\"");
}

/* What is before a value: a comma, its name. */
static void start(struct json *j, const char *name)
{
	if (j->more)
		put(j, ",");
	j->more = true;
	if (name) {
		quoted(j, name);
		put(j, ":");
	}
}

void json_open(struct json *j, const char *name, char kind)
{
	start(j, name);
	j->out(&kind, 1);
	if (j->depth < JSON_DEPTH)
		j->end[j->depth] = kind == '{' ? '}' : ']';
	j->depth++;
	j->more = false;
}

void json_close(struct json *j)
{
	j->depth--;
	if (j->depth < JSON_DEPTH)
		j->out(&j->end[j->depth], 1);
	if (j->depth == 0)
		put(j, "\n");
	j->more = true;
}

void json_number(struct json *j, const char *name, uint64_t value)
{
	char text[24];

	start(j, name);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	put(j, text);
}

void json_bool(struct json *j, const char *name, bool value)
{
	start(j, name);
	put(j, value ? "true" : "false");
}

void json_text(struct json *j, const char *name, const char *value)
{
	start(j, name);
	quoted(j, value);
}
