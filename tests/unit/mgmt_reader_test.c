/* SPDX-License-Identifier: MIT */
/*
 * Does the management service take whole, well-formed requests alone, however
 * they are cut on their way, and is everything refused that two readers could
 * understand in two ways?
 */
#include "check.h"

#include <reader.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* the library itself, as the domain has it */
#include <http_parser.c>

static unsigned int checks;
static struct mgmt_reader *reader;

static void start(void)
{
	free(reader);
	reader = malloc(sizeof(*reader));
	mgmt_reader_init(reader);
}

/* All of text in pieces of step bytes, each a copy of exactly that size. */
static int feed(const char *text, size_t n, size_t step, size_t *left)
{
	int status = MGMT_READER_MORE;
	size_t at = 0, used;

	start();
	while (at < n && status == MGMT_READER_MORE) {
		size_t len = n - at < step ? n - at : step;
		char *copy = malloc(len);

		memcpy(copy, text + at, len);
		status = mgmt_reader_feed(reader, copy, len, &used);
		CHECK(used <= len);
		CHECK(status != MGMT_READER_MORE || used == len);
		free(copy);
		at += used;
	}
	*left = n - at;
	return status;
}

/* The same result at each length of the pieces. */
static int read_n(const char *text, size_t n)
{
	size_t left, first_left;
	int first = feed(text, n, n, &first_left);

	for (size_t step = 1; step < 80 && step < n; step++)
		CHECK(feed(text, n, step, &left) == first &&
		      left == first_left);
	feed(text, n, n, &left);
	return first;
}

static int read_text(const char *text)
{
	return read_n(text, strlen(text));
}

static void refused(int status, const char *text)
{
	int got = read_text(text);

	if (got != status)
		printf("%d instead of %d: %s\n", got, status, text);
	CHECK(got == status);
	CHECK(!reader->keep_alive && !*reader->request.cookie);
}

#define HOST	"Host: 10.0.2.50\r\n"

static void whole_ones(void)
{
	static const char much[] = "POST /api/v1/x%2e?a=b&c=?d HTTP/1.1\r\n" HOST
		"Cookie:  __Host-tandem=abc; x=\"y\" \t\r\n"
		"ORIGIN: https://10.0.2.50\r\n"
		"Authorization: Bearer x.y\r\n"
		"X-Tandem-CSRF: 12\r\nContent-Type:text/json\r\n"
		"If-None-Match: \"e\"\r\nAccept-Encoding: gzip\r\n"
		"X-Other: \xc3\xa4\tx\r\nEmpty:\r\n"
		"Content-Length: 5\r\n\r\nab\0\xff\n";
	const struct mgmt_request *q;

	CHECK(read_text("GET / HTTP/1.1\r\n" HOST "\r\n") == MGMT_READER_DONE);
	q = &reader->request;
	CHECK(q->method == MGMT_GET && !strcmp(q->path, "/") && !*q->query);
	CHECK(!strcmp(q->host, "10.0.2.50") && reader->keep_alive);
	CHECK(!q->body_len && q->role == MGMT_OPEN && !reader->old);

	CHECK(read_n(much, sizeof(much) - 1) == MGMT_READER_DONE);
	q = &reader->request;
	CHECK(!strcmp(q->path, "/api/v1/x%2e"));
	CHECK(!strcmp(q->query, "a=b&c=?d"));
	CHECK(!strcmp(q->cookie, "__Host-tandem=abc; x=\"y\""));
	CHECK(!strcmp(q->origin, "https://10.0.2.50"));
	CHECK(!strcmp(q->authorization, "Bearer x.y"));
	CHECK(!strcmp(q->csrf, "12") && !strcmp(q->content_type, "text/json"));
	CHECK(!strcmp(q->if_none_match, "\"e\""));
	CHECK(!strcmp(q->accept_encoding, "gzip"));
	CHECK(q->body_len == 5 && !memcmp(q->body, "ab\0\xff\n", 5));
	CHECK(read_text("HEAD /x HTTP/1.0\r\n\r\n") == MGMT_READER_DONE);
	CHECK(reader->old && !reader->keep_alive);
	CHECK(read_text("DELETE /x HTTP/1.1\r\n" HOST "Connection: close\r\n"
			"\r\n") == MGMT_READER_DONE);
	CHECK(!reader->keep_alive);
	CHECK(read_text("PUT / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n")
	      == MGMT_READER_DONE);
}

/* Is a header without a text no reason to overlook the one behind it? */
static void empty_headers(void)
{
	static const char *const known[] = {
		"Origin", "Cookie", "Authorization", "X-Tandem-CSRF",
		"Content-Type", "If-None-Match", "Accept-Encoding",
	};
	char text[256];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n%s: \t\r\n" HOST
			 "\r\n", known[i]);
		CHECK(read_text(text) == MGMT_READER_DONE);
		CHECK(!strcmp(reader->request.host, "10.0.2.50"));
		snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n" HOST
			 "%s:\r\n" HOST "\r\n", known[i]);
		refused(400, text);
		snprintf(text, sizeof(text), "DELETE / HTTP/1.1\r\n" HOST
			 "%s:\r\nTransfer-Encoding: chunked\r\n\r\n",
			 known[i]);
		refused(411, text);
		snprintf(text, sizeof(text), "POST / HTTP/1.1\r\n" HOST
			 "%s:\r\nContent-Length: 1\r\n\r\na", known[i]);
		CHECK(read_text(text) == MGMT_READER_DONE);
		CHECK(reader->request.body_len == 1);
	}
}

static void a_body(void)
{
	static const char head[] = "POST / HTTP/1.1\r\n" HOST
				   "Content-Length: 4096\r\n\r\n";
	char *text = malloc(sizeof(head) + MGMT_BODY_MAX);
	size_t n = sizeof(head) - 1, left;

	memcpy(text, head, n);
	for (size_t i = 0; i < MGMT_BODY_MAX; i++)
		text[n + i] = (char)i;
	CHECK(read_n(text, n + MGMT_BODY_MAX - 1) == MGMT_READER_MORE);
	CHECK(read_n(text, n + MGMT_BODY_MAX) == MGMT_READER_DONE);
	CHECK(reader->request.body_len == MGMT_BODY_MAX);
	CHECK(!memcmp(reader->request.body, text + n, MGMT_BODY_MAX));
	CHECK(reader->request.body[MGMT_BODY_MAX] == 0);
	text[n + MGMT_BODY_MAX] = 'G';
	CHECK(feed(text, n + MGMT_BODY_MAX + 1, 100000, &left) ==
	      MGMT_READER_DONE && left == 1);
	free(text);
}

/* Is a second request left where it is? */
static void one_at_a_time(void)
{
	static const char two[] = "GET /1 HTTP/1.1\r\n" HOST "\r\n"
				  "GET /2 HTTP/1.1\r\n" HOST "\r\n";
	size_t left;

	CHECK(feed(two, sizeof(two) - 1, 1000, &left) == MGMT_READER_DONE);
	CHECK(left == (sizeof(two) - 1) / 2);
	CHECK(!strcmp(reader->request.path, "/1"));
}

static void wrong_lines(void)
{
	refused(400, "GET / HTTP/1.1\n" HOST "\r\n");
	refused(400, "GET / HTTP/1.1\r\nHost: a\n\r\n");
	refused(400, "GET / HTTP/1.1\r\nHost: a\r\rX: b\r\n\r\n");
	refused(400, "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n");
	refused(400, "GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n");
	refused(400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n");
	refused(400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n");
	refused(400, "GET / HTTP/1.1\r\nHost\r\n\r\n");
	refused(400, "GET / HTTP/1.1\r\n: a\r\n" HOST "\r\n");
	refused(400, "GET / HTTP/1.1\r\nHost: a\x01\r\n\r\n");
	refused(400, "GET / HTTP/1.1\r\nHost: a\x7f\r\n\r\n");
	refused(400, "GET /\x80 HTTP/1.1\r\n" HOST "\r\n");
	refused(400, "GET  / HTTP/1.1\r\n" HOST "\r\n");
	refused(400, "GET /  HTTP/1.1\r\n" HOST "\r\n");
	refused(400, "GET /a b HTTP/1.1\r\n" HOST "\r\n");
	refused(400, "GET /#x HTTP/1.1\r\n" HOST "\r\n");
	refused(400, "GET http://a/ HTTP/1.1\r\n" HOST "\r\n");
	refused(400, "GET * HTTP/1.1\r\n" HOST "\r\n");
	refused(400, "\r\nGET / HTTP/1.1\r\n" HOST "\r\n");
	refused(400, "get / HTTP/1.1\r\n" HOST "\r\n");
	refused(400, "\x16\x03\x01\x02");
	CHECK(read_n("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29) == 400);
	CHECK(read_n("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n", 29) == 400);
}

static void wrong_requests(void)
{
	refused(405, "OPTIONS / HTTP/1.1\r\n" HOST "\r\n");
	refused(405, "PATCH / HTTP/1.1\r\n" HOST "\r\n");
	refused(405, "TRACE / HTTP/1.1\r\n" HOST "\r\n");
	refused(405, "CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n");
	refused(405, "FROB / HTTP/1.1\r\n" HOST "\r\n");
	refused(505, "GET / HTTP/2.0\r\n" HOST "\r\n");
	refused(505, "GET / HTTP/1.2\r\n" HOST "\r\n");
	refused(505, "GET /\r\n\r\n");
	/* who is meant */
	refused(400, "GET / HTTP/1.1\r\n\r\n");
	refused(400, "GET / HTTP/1.1\r\nHost:\r\n\r\n");
	refused(400, "GET / HTTP/1.1\r\n" HOST HOST "\r\n");
	refused(400, "GET / HTTP/1.1\r\nHost:\r\n" HOST "\r\n");
	refused(400, "GET / HTTP/1.1\r\n" HOST "Cookie: a\r\ncookie: b\r\n\r\n");
	/* where a request ends */
	refused(411, "POST / HTTP/1.1\r\n" HOST "\r\n");
	refused(411, "POST / HTTP/1.1\r\n" HOST
		"Transfer-Encoding: chunked\r\n\r\n");
	refused(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n"
		"Transfer-Encoding: chunked\r\n\r\n");
	refused(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n"
		"Content-Length: 3\r\n\r\n");
	refused(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\n");
	refused(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\n");
	refused(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n");
	refused(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x3\r\n\r\n");
	refused(400, "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n");
	refused(413, "POST / HTTP/1.1\r\n" HOST "Content-Length: 4097\r\n\r\n");
	refused(413, "POST / HTTP/1.1\r\n" HOST
		"Content-Length: 4294967299\r\n\r\n");
	refused(400, "GET / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n");
}

static void too_much(void)
{
	char *text = malloc(9000);
	size_t n;

	n = (size_t)sprintf(text, "GET /");
	memset(text + n, 'a', 8000);
	text[n + 8000] = '\0';
	refused(414, text);

	n = (size_t)sprintf(text, "GET / HTTP/1.1\r\n" HOST "X: ");
	memset(text + n, 'a', 8000);
	text[n + 8000] = '\0';
	refused(431, text);

	n = (size_t)sprintf(text, "GET / HTTP/1.1\r\n" HOST);
	for (unsigned int i = 0; i < 60; i++)
		n += (size_t)sprintf(text + n, "X-%u: y\r\n", i);
	sprintf(text + n, "\r\n");
	refused(431, text);

	/* as long as it may be, to the byte */
	n = (size_t)sprintf(text, "GET / HTTP/1.1\r\n" HOST "X: ");
	memset(text + n, 'a', MGMT_HEAD_MAX - n - 4);
	strcpy(text + MGMT_HEAD_MAX - 4, "\r\n\r\n");
	CHECK(read_text(text) == MGMT_READER_DONE);
	free(text);
}

/* Bytes of a good request changed at random: never more than a refusal. */
static void noise(void)
{
	static const char good[] = "POST /a?b HTTP/1.1\r\n" HOST
		"Cookie: c\r\nContent-Length: 3\r\n\r\nabc";
	static const char odd[] = "\r\n\t :?/\0\x80\xffGP019,;#";
	char text[sizeof(good)];
	size_t left;

	srand(1);
	for (unsigned int i = 0; i < 200000; i++) {
		int status;

		memcpy(text, good, sizeof(good));
		for (int j = rand() % 3; j >= 0; j--)
			text[(size_t)rand() % (sizeof(good) - 1)] =
				odd[(size_t)rand() % (sizeof(odd) - 1)];
		status = feed(text, sizeof(good) - 1, 1 + (size_t)rand() % 90,
			      &left);
		CHECK(status == MGMT_READER_MORE ||
		      status == MGMT_READER_DONE ||
		      (status >= 400 && status <= 505));
		CHECK(strlen(reader->request.path) < MGMT_HEAD_MAX);
	}
}

int main(void)
{
	whole_ones();
	empty_headers();
	a_body();
	one_at_a_time();
	wrong_lines();
	wrong_requests();
	too_much();
	noise();
	free(reader);
	printf("%u checks\n", checks);
	return 0;
}
