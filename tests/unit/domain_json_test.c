/* SPDX-License-Identifier: MIT */
/*
 * Is what json.c writes JSON, whatever the text? The example is compared byte
 * by byte; Python's json judges the rest in the system tests.
 */
#include "check.h"

#include <domain/json.h>

#include <stdio.h>
#include <string.h>

static unsigned int checks;
static char written[1024];

static void out(const char *text, size_t len)
{
	CHECK(strlen(written) + len < sizeof(written));
	strncat(written, text, len);
}

static void objects_and_lists_nest(void)
{
	struct json j = { .out = out };

	written[0] = '\0';
	json_open(&j, NULL, '{');
	json_number(&j, "a", 18446744073709551615u);
	json_open(&j, "list", '[');
	json_number(&j, NULL, 0);
	json_bool(&j, NULL, true);
	json_open(&j, NULL, '{');
	json_close(&j);
	json_open(&j, NULL, '[');
	json_close(&j);
	json_close(&j);
	json_bool(&j, "b", false);
	json_close(&j);
	CHECK(strcmp(written, "{\"a\":18446744073709551615,\"list\":[0,true,"
		     "{},[]],\"b\":false}\n") == 0);
}

static void text_is_escaped(void)
{
	struct json j = { .out = out };

	written[0] = '\0';
	json_open(&j, NULL, '[');
	json_text(&j, NULL, "a\"b\\c/\n\x01\x7f\xc3");
	json_close(&j);
	CHECK(strcmp(written, "[\"a\\\"b\\\\c/\\u000a\\u0001\\u007f\\u00c3\"]\n")
	      == 0);
}

int main(void)
{
	objects_and_lists_nest();
	text_is_escaped();
	printf("%u checks\n", checks);
	return 0;
}
