/* SPDX-License-Identifier: MIT */
/*
 * Queries and JSON bodies of requests: what is right is taken, what is not is
 * refused, and random bytes are one or the other. Texts end where their memory
 * does, so that the sanitizer sees who reads further.
 */
#include "check.h"

#include "input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static unsigned int checks;

struct values {
	char text[8];
	uint64_t number;
	bool yes;
};

static int parse(int (*fn)(const char *, size_t, struct input *,
			   char error[INPUT_ERROR_MAX]),
		 const char *text, size_t len, struct values *v)
{
	struct input in[] = {
		{ "text", INPUT_TEXT, v->text, sizeof(v->text), false },
		{ "number", INPUT_NUMBER, &v->number, 1000, false },
		{ "yes", INPUT_BOOL, &v->yes, 0, false },
	};
	char error[INPUT_ERROR_MAX] = "";
	int result;

	memset(v, 0, sizeof(*v));
	result = fn(text, len, in, error);
	CHECK(result == 0 || (result == -EINVAL && error[0]));
	CHECK(memchr(v->text, 0, sizeof(v->text)) && v->number <= 1000);
	return result;
}

static int json_fn(const char *text, size_t len, struct input *in,
		   char error[INPUT_ERROR_MAX])
{
	return input_json(text, len, in, 3, error);
}

static int query_fn(const char *text, size_t len, struct input *in,
		    char error[INPUT_ERROR_MAX])
{
	(void)len;
	return input_query(text, in, 3, error);
}

static int json(const char *text, struct values *v)
{
	size_t len = strlen(text);
	char *copy = malloc(len + !len);	/* without its end */
	int result;

	memcpy(copy, text, len);
	result = parse(json_fn, copy, len, v);
	free(copy);
	return result;
}

static int query(const char *text, struct values *v)
{
	return parse(query_fn, text, strlen(text), v);
}

static void right_bodies_are_taken(void)
{
	struct values v;

	CHECK(!json("{}", &v));
	CHECK(!json(" {\"text\" :\"a b\",\n\"number\": 1000 , \"yes\":true}\t",
		    &v));
	CHECK(!strcmp(v.text, "a b") && v.number == 1000 && v.yes);
	CHECK(!json("{\"yes\":false,\"number\":0,\"text\":\"\"}", &v));
	CHECK(!v.yes && v.number == 0 && !v.text[0]);
	CHECK(!json("{\"text\":\"\\\"\\\\\\/\\b\\f\\n\\r\"}", &v));
	CHECK(!strcmp(v.text, "\"\\/\b\f\n\r"));
	CHECK(!json("{\"text\":\"\\u00e9\\u20AC\"}", &v));
	CHECK(!strcmp(v.text, "\xc3\xa9\xe2\x82\xac"));
	CHECK(!json("{\"text\":\"\\ud83d\\ude00\"}", &v));
	CHECK(!strcmp(v.text, "\xf0\x9f\x98\x80"));
	CHECK(!json("{\"text\":\"\xc3\xa9\"}", &v));
	CHECK(!strcmp(v.text, "\xc3\xa9"));
}

static void wrong_bodies_are_refused(void)
{
	static const char *const wrong[] = {
		"", " ", "[]", "1", "null", "\"text\"", "{", "}", "{}{}", "{} x",
		"{\"text\"}", "{\"text\":}", "{\"text\" \"a\"}",
		"{\"text\":\"a\",}", "{,\"text\":\"a\"}",
		"{\"text\":\"a\"\"yes\":true}", "{\"text\",\"a\"}",
		"{\"text\":\"a\":\"b\"}", "{\"text\":\"a\";\"yes\":true}",
		"{text:\"a\"}", "{\"text\":1}", "{\"text\":true}",
		"{\"text\":null}", "{\"text\":{}}", "{\"text\":[\"a\"]}",
		"{\"text\":\"12345678\"}", "{\"text\":\"a",
		"{\"text\":\"a\",\"text\":\"b\"}", "{\"other\":1}",
		"{\"\":1}", "{\"Text\":\"a\"}", "{\"te\\u0078t\":\"a\"}",
		"{\"text\":\"\\u0000\"}", "{\"text\":\"\\ud83d\"}",
		"{\"text\":\"\\ude00\\ud83d\"}", "{\"text\":\"\\ud83dx\"}",
		"{\"text\":\"\\ud83d\\u0041\"}", "{\"text\":\"\\x\"}",
		"{\"text\":\"\\u12\"}", "{\"text\":\"\\", "{\"text\":\"\\\"}",
		"{\"text\":\"\n\"}", "{\"text\":\"\x01\"}",
		"{\"number\":-1}", "{\"number\":01}", "{\"number\":1.0}",
		"{\"number\":1e2}", "{\"number\":1001}", "{\"number\":+1}",
		"{\"number\":18446744073709551616}", "{\"number\":0x10}",
		"{\"number\":\"1\"}", "{\"number\":true}",
		"{\"number\":99999999999999999999999999}",
		"{\"yes\":1}", "{\"yes\":\"true\"}", "{\"yes\":tru}",
		"{\"yes\":truee}", "{\"yes\":null}", "{\"yes\":True}",
		"{{\"text\":\"a\"}}", "{[]:1}", "{\"yes\":true}]",
	};
	struct values v;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(json(wrong[i], &v) == -EINVAL);
}

static void deep_and_long_bodies_are_refused(void)
{
	static char deep[4097];
	struct values v;

	memset(deep, '[', 4096);
	CHECK(json(deep, &v) == -EINVAL);
	for (size_t i = 0; i < 4096; i++)
		deep[i] = "{\"a\":"[i % 5];
	CHECK(json(deep, &v) == -EINVAL);
	memset(deep, ' ', 4096);
	CHECK(json(deep, &v) == -EINVAL);
}

static void queries(void)
{
	static const char *const wrong[] = {
		"text", "=", "=1", "&", "text=a&", "text=a&&yes=1", "other=1",
		"text=a&text=b", "text=a%20b", "text=a+b", "text=12345678",
		"number=", "number=-1", "number=1001", "number=01",
		"number=1x", "yes=", "yes=2", "yes=true", "yes=11",
		"text=a;yes=1", "text==", "number=\xff",
	};
	struct values v;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		/* "&" behind a parameter is nothing more */
		int expected = strcmp(wrong[i], "text=a&") ? -EINVAL : 0;

		CHECK(query(wrong[i], &v) == expected);
	}
	CHECK(!query("", &v));
	CHECK(!query("yes=1&number=7&text=a.B-_9", &v));
	CHECK(v.yes && v.number == 7 && !strcmp(v.text, "a.B-_9"));
	CHECK(!query("text=&yes=0", &v) && !v.text[0]);
}

/* Right bodies and queries with some bytes changed. */
static void random_bytes_are_parsed_or_refused(void)
{
	static const char body[] =
		"{\"text\":\"\\ud83d\\ude00a\", \"number\":12,\"yes\":true}";
	static const char line[] = "text=abc&number=12&yes=1";
	char copy[sizeof(body)];
	struct values v;

	srand(1);
	for (int i = 0; i < 200000; i++) {
		memcpy(copy, body, sizeof(body));
		for (int k = rand() % 4; k >= 0; k--)
			copy[(size_t)rand() % (sizeof(body) - 1)] = rand() % 2 ?
				(char)rand() :
				"{}[]\",:\\u0e 1t"[(size_t)rand() % 15];
		copy[(size_t)rand() % sizeof(body)] = '\0';
		json(copy, &v);
		memcpy(copy, line, sizeof(line));
		for (int k = rand() % 4; k >= 0; k--)
			copy[(size_t)rand() % (sizeof(line) - 1)] =
				(char)rand();
		query(copy, &v);
	}
}

int main(void)
{
	right_bodies_are_taken();
	wrong_bodies_are_refused();
	deep_and_long_bodies_are_refused();
	queries();
	random_bytes_are_parsed_or_refused();
	printf("%u checks\n", checks);
	return 0;
}
