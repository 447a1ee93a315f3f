/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: queries and bodies of requests to the management service. What is
 * accepted is JSON (RFC 8259) by a second reader, too, and gives values within
 * their limits; any text comes out of JSON as it went in.
 */
#include "check.h"
#include "fuzz.h"

#include <errno.h>
#include <input.h>

static unsigned int checks;

#define TEXT	24u
#define NUMBER	1000u
#define LONG	256u

/* What a route might ask for, each with a byte behind its room. */
struct values {
	char text[TEXT], text_end;
	uint64_t number, large;
	bool flag;
	char all[LONG], all_end;
};

#define INPUTS	5

static void prepare(struct values *v, struct input in[INPUTS])
{
	*v = (struct values){ .text_end = 'e', .all_end = 'e' };
	in[0] = (struct input){ "text", INPUT_TEXT, v->text, TEXT };
	in[1] = (struct input){ "number", INPUT_NUMBER, &v->number, NUMBER };
	in[2] = (struct input){ "large", INPUT_NUMBER, &v->large, UINT64_MAX };
	in[3] = (struct input){ "flag", INPUT_BOOL, &v->flag };
	in[4] = (struct input){ "t", INPUT_TEXT, v->all, LONG };
}

static void is_fine(const struct values *v, const struct input in[INPUTS],
		    int result, const char error[INPUT_ERROR_MAX])
{
	unsigned char flag;

	memcpy(&flag, &v->flag, 1);
	CHECK(result == 0 || result == -EINVAL);
	CHECK(memchr(error, '\0', INPUT_ERROR_MAX));
	CHECK(!result || error[0]);
	CHECK(v->text_end == 'e' && v->all_end == 'e');
	CHECK(v->number <= NUMBER && flag <= 1);
	if (result)
		return;
	CHECK(memchr(v->text, '\0', TEXT) && memchr(v->all, '\0', LONG));
	CHECK(in[0].found || !v->text[0]);
	CHECK(in[1].found || !v->number);
	CHECK(in[2].found || !v->large);
	CHECK(in[3].found || !v->flag);
}

/* ---- a second reader: *at moves past what it is ---- */

static void space(const char **at, const char *end)
{
	while (*at < end && **at && strchr(" \t\r\n", **at))
		(*at)++;
}

static bool one(const char **at, const char *end, char c)
{
	if (*at == end || **at != c)
		return false;
	(*at)++;
	return true;
}

static bool is_digit(const char *at, const char *end)
{
	return at < end && *at >= '0' && *at <= '9';
}

static bool string(const char **at, const char *end)
{
	if (!one(at, end, '"'))
		return false;
	while (*at < end && **at != '"') {
		if ((unsigned char)**at < ' ')
			return false;
		if (!one(at, end, '\\')) {
			(*at)++;
			continue;
		}
		if (one(at, end, 'u')) {
			for (int i = 0; i < 4; i++, (*at)++)
				if (*at == end || !**at ||
				    !strchr("0123456789abcdefABCDEF", **at))
					return false;
		} else if (*at == end || !**at || !strchr("\"\\/bfnrt", **at)) {
			return false;
		} else {
			(*at)++;
		}
	}
	return one(at, end, '"');
}

static bool word(const char **at, const char *end, const char *what)
{
	size_t n = strlen(what);

	if ((size_t)(end - *at) < n || memcmp(*at, what, n))
		return false;
	*at += n;
	return true;
}

static bool value(const char **at, const char *end)
{
	if (*at < end && **at == '"')
		return string(at, end);
	if (word(at, end, "true") || word(at, end, "false"))
		return true;
	if (!is_digit(*at, end))
		return false;
	if (one(at, end, '0'))
		return !is_digit(*at, end);
	while (is_digit(*at, end))
		(*at)++;
	return true;
}

/* One object of texts, whole numbers, true and false. */
static bool is_object(const char *at, const char *end)
{
	space(&at, end);
	if (!one(&at, end, '{'))
		return false;
	space(&at, end);
	if (!one(&at, end, '}')) {
		do {
			space(&at, end);
			if (!string(&at, end))
				return false;
			space(&at, end);
			if (!one(&at, end, ':'))
				return false;
			space(&at, end);
			if (!value(&at, end))
				return false;
			space(&at, end);
		} while (one(&at, end, ','));
		if (!one(&at, end, '}'))
			return false;
	}
	space(&at, end);
	return at == end;
}

/* ---- what is tried ---- */

static void json(const uint8_t *bytes, size_t n)
{
	char error[INPUT_ERROR_MAX] = "", *text = malloc(n ? n : 1);
	struct input in[INPUTS];
	struct values v;
	int result;

	memcpy(text, bytes, n);
	prepare(&v, in);
	result = input_json(text, n, in, INPUTS, error);
	is_fine(&v, in, result, error);
	if (!result)
		CHECK(is_object(text, text + n));
	free(text);
}

static void query(const uint8_t *bytes, size_t n)
{
	char error[INPUT_ERROR_MAX] = "", *text = malloc(n + 1);
	struct input in[INPUTS];
	struct values v;
	int result;

	memcpy(text, bytes, n);
	text[n] = '\0';
	prepare(&v, in);
	result = input_query(text, in, INPUTS, error);
	is_fine(&v, in, result, error);
	for (size_t i = 0; !result && text[i]; i++)
		CHECK(text[i] > ' ' && text[i] < 0x7f && text[i] != '%');
	free(text);
}

/* The bytes as a text of JSON, every control character or all as escapes. */
static void there_and_back(const uint8_t *bytes, size_t n, bool all)
{
	char error[INPUT_ERROR_MAX] = "", *text = malloc(6 * LONG + 16);
	char *at = text + sprintf(text, "{\"t\":\"");
	struct input in[INPUTS];
	struct values v;

	if (n >= LONG)
		n = LONG - 1;
	for (size_t i = 0; i < n; i++) {
		if (!bytes[i])
			n = i;
		else if (bytes[i] < ' ' || bytes[i] == '"' ||
			 bytes[i] == '\\' || (all && bytes[i] < 0x80))
			at += sprintf(at, "\\u%04x", bytes[i]);
		else
			*at++ = (char)bytes[i];
	}
	at += sprintf(at, "\"}");
	prepare(&v, in);
	CHECK(!input_json(text, (size_t)(at - text), in, INPUTS, error));
	CHECK(in[4].found && strlen(v.all) == n && !memcmp(v.all, bytes, n));
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };

	switch (fuzz_byte(&in) % 4) {
	case 0:
		json(in.at, in.left);
		break;
	case 1:
		query(in.at, in.left);
		break;
	default:
		there_and_back(in.at, in.left, data[0] & 1);
		break;
	}
	return 0;
}

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\0{\"text\":\"a\\u00e4\\ud83d\\ude00\\n\",\"number\":10,"
		  "\"flag\":true, \"large\" : 18446744073709551615}"),
	FUZZ_SEED("\0 { \"t\" : \"\\\"\\\\\\/\\b\\f\\n\\r\\t\" } "),
	FUZZ_SEED("\0{\"flag\":false,\"text\":\"\",\"number\":1000}"),
	FUZZ_SEED("\0{}"),
	FUZZ_SEED("\0{\"text\":[{\"a\":null}],\"number\":-1.5e+3}"),
	FUZZ_SEED("\1text=a-b_c.d&number=10&flag=1&large=0&t="),
	FUZZ_SEED("\2\x1b[0m \"text\"\\ \xc3\xa4"),
	FUZZ_SEED("\3\x1b[0m \"text\"\\ \xc3\xa4"),
	{ NULL, 0 },
};
