/* SPDX-License-Identifier: MIT */
/*
 * JSON (RFC 8259) as it is written, value by value, for --json. One object or
 * list for each answer, on one line:
 *
 *	struct json j = { .out = tty_write };
 *
 *	json_open(&j, NULL, '{');
 *	json_number(&j, "frames", 5);
 *	json_close(&j);			{"frames":5} and a newline
 *
 * name is NULL in a list. Text may be any bytes: what is not printable ASCII
 * comes as \u00xx.
 */
#ifndef DOMAIN_JSON_H
#define DOMAIN_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH	8

struct json {
	void (*out)(const char *text, size_t len);
	unsigned int depth;
	char end[JSON_DEPTH];
	bool more;		/* the next value needs a comma */
};

/* kind: '{' or '[' */
void json_open(struct json *j, const char *name, char kind);
void json_close(struct json *j);
void json_number(struct json *j, const char *name, uint64_t value);
void json_bool(struct json *j, const char *name, bool value);
void json_text(struct json *j, const char *name, const char *value);

#endif
