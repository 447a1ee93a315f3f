/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: requests to the management service, however their bytes come.
 * Each is understood in one way, wherever it is cut; what is accepted is what a
 * second, simpler reader takes as well.
 */
#include "check.h"
#include "fuzz.h"

#include <reader.h>
#include <strings.h>

/* the library itself, as the domain has it */
#include <http_parser.c>

static unsigned int checks;

/* No request has this byte: 32 times the next one of the one after that. */
#define FILL	0x01
#define TEXT_MAX	32768u

static bool is_header_value(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' && *text != '\t')
			return false;
	return !strchr(text, 0x7f);
}

static bool is_target(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
			return false;
	return true;
}

/* The value of the head's line that begins with name; how many there are. */
static unsigned int lines_of(const char *head, const char *end,
			     const char *name, const char **value)
{
	size_t n = strlen(name);
	unsigned int found = 0;

	for (const char *line = head; line < end;
	     line = strstr(line, "\r\n") + 2) {
		if (line == head || strncasecmp(line, name, n) ||
		    line[n] != ':')
			continue;
		*value = line + n + 1;
		found++;
	}
	return found;
}

/* r has accepted the n bytes at text, which a NUL follows. */
static void is_well_formed(const struct mgmt_reader *r, const char *text,
			   size_t n)
{
	const struct mgmt_request *q = &r->request;
	static const char *const methods[] = {
		[MGMT_GET] = "GET ", [MGMT_HEAD] = "HEAD ",
		[MGMT_POST] = "POST ", [MGMT_PUT] = "PUT ",
		[MGMT_DELETE] = "DELETE ",
	};
	const char *const values[] = {
		q->host, q->origin, q->cookie, q->authorization, q->csrf,
		q->content_type, q->if_none_match, q->accept_encoding,
	};
	const char *end = strstr(text, "\r\n\r\n"), *value = NULL, *version;
	size_t head, path = strlen(q->path), query = strlen(q->query);

	CHECK(end && q->method <= MGMT_DELETE && q->role == MGMT_OPEN);
	head = (size_t)(end + 4 - text);
	CHECK(head <= MGMT_HEAD_MAX && q->body_len <= MGMT_BODY_MAX);
	CHECK(n == head + q->body_len);
	CHECK(!memcmp(q->body, text + head, q->body_len) &&
	      q->body[q->body_len] == 0);
	/* the request line is these parts and no others */
	CHECK(!strncmp(text, methods[q->method], strlen(methods[q->method])));
	text += strlen(methods[q->method]);
	CHECK(q->path[0] == '/' && is_target(q->path) && is_target(q->query));
	CHECK(!strchr(q->path, '?') && !strchr(q->path, '#'));
	CHECK(!strncmp(text, q->path, path));
	version = text + path;
	if (*version == '?') {
		CHECK(!strncmp(version + 1, q->query, query));
		version += 1 + query;
	} else {
		CHECK(!query);
	}
	CHECK(!strncmp(version, r->old ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n",
		       11));
	CHECK(!r->old || !r->keep_alive);
	for (const char *line = version + 11; line < end + 2;
	     line = strstr(line, "\r\n") + 2)
		CHECK(line[strcspn(line, " \t\r:")] == ':' && *line != ':');
	/* headers */
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		CHECK(is_header_value(values[i]));
	CHECK(r->old || q->host[0]);
	CHECK(lines_of(text, end + 2, "host", &value) <= 1);
	CHECK(!lines_of(text, end + 2, "transfer-encoding", &value));
	if (lines_of(text, end + 2, "content-length", &value)) {
		CHECK(lines_of(text, end + 2, "content-length", &value) == 1);
		value += strspn(value, " \t");
		CHECK(strspn(value, "0123456789") &&
		      strtoul(value, NULL, 10) == q->body_len);
	} else {
		CHECK(!q->body_len && q->method != MGMT_POST &&
		      q->method != MGMT_PUT);
	}
}

static void is_forgotten(const struct mgmt_reader *r, int status)
{
	const struct mgmt_request *q = &r->request;

	CHECK(status == 400 || status == 405 || status == 411 ||
	      status == 413 || status == 414 || status == 431 ||
	      status == 505);
	CHECK(!r->keep_alive && !q->body_len && !*q->query && !*q->host &&
	      !*q->origin && !*q->cookie && !*q->authorization && !*q->csrf &&
	      !*q->content_type && !*q->if_none_match && !*q->accept_encoding);
	CHECK(is_target(q->path));
}

/* The request at text, in pieces of step bytes; how long it is in *taken. */
static int read_one(struct mgmt_reader *r, const char *text, size_t n,
		    size_t step, size_t *taken)
{
	int status = MGMT_READER_MORE;

	mgmt_reader_init(r);
	for (*taken = 0; *taken < n && status == MGMT_READER_MORE;) {
		size_t len = n - *taken < step ? n - *taken : step, used;
		char *piece = malloc(len);

		memcpy(piece, text + *taken, len);
		status = mgmt_reader_feed(r, piece, len, &used);
		CHECK(used <= len);
		CHECK(status != MGMT_READER_MORE || used == len);
		free(piece);
		*taken += used;
	}
	return status;
}

static void is_same(const struct mgmt_reader *a, const struct mgmt_reader *b)
{
	const struct mgmt_request *p = &a->request, *q = &b->request;

	CHECK(p->method == q->method && a->keep_alive == b->keep_alive &&
	      !strcmp(p->path, q->path) && !strcmp(p->query, q->query) &&
	      !strcmp(p->host, q->host) && !strcmp(p->cookie, q->cookie) &&
	      !strcmp(p->origin, q->origin) && !strcmp(p->csrf, q->csrf) &&
	      !strcmp(p->authorization, q->authorization) &&
	      p->body_len == q->body_len);
}

/* The size of pieces; then what a connection brings, request after request. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	size_t step = 1 + fuzz_byte(&in), n = 0, at = 0, taken, also;
	struct mgmt_reader *whole = malloc(sizeof(*whole));
	struct mgmt_reader *cut = malloc(sizeof(*cut));
	char *text = malloc(TEXT_MAX + 1);

	while (in.left && n < TEXT_MAX) {
		uint8_t c = fuzz_byte(&in);
		size_t times = 1;

		if (c == FILL) {
			times = 32u * fuzz_byte(&in);
			c = fuzz_byte(&in);
		}
		for (; times > 0 && n < TEXT_MAX; times--)
			text[n++] = (char)c;
	}
	text[n] = '\0';
	while (at < n) {
		int status = read_one(whole, text + at, n - at, n, &taken);

		CHECK(read_one(cut, text + at, n - at, step, &also) == status);
		CHECK(taken == also);
		if (status == MGMT_READER_MORE) {
			CHECK(n - at <= MGMT_HEAD_MAX + MGMT_BODY_MAX);
			break;
		}
		is_same(whole, cut);
		if (status != MGMT_READER_DONE) {
			is_forgotten(whole, status);
			break;
		}
		is_well_formed(whole, text + at, taken);
		at += taken;
	}
	free(whole);
	free(cut);
	free(text);
	return 0;
}

#define HOST	"Host: 10.0.2.50\r\n"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\0GET / HTTP/1.1\r\n" HOST "\r\n"),
	FUZZ_SEED("\4GET /api/v1/log?since=1&max=20 HTTP/1.1\r\n" HOST
		  "Cookie: a=b; __Host-tandem=00\r\nOrigin: https://x\r\n"
		  "X-Tandem-CSRF: 00\r\nAuthorization: Bearer 00\r\n"
		  "Accept-Encoding: gzip\r\nIf-None-Match: \"a\"\r\n\r\n"
		  "HEAD /metrics HTTP/1.1\r\n" HOST "Connection: close\r\n"
		  "\r\n"),
	FUZZ_SEED("\7POST /api/v1/login HTTP/1.1\r\n" HOST
		  "Content-Type: application/json\r\nContent-Length: 16\r\n"
		  "\r\n{\"password\":\"a\"}DELETE /a HTTP/1.0\r\n\r\n"),
	FUZZ_SEED("\1PUT /a HTTP/1.1\r\n" HOST "Content-Length: 0\r\n"
		  "Transfer-Encoding: chunked\r\nUpgrade: b\r\n\r\n"
		  "0\r\n\r\n"),
	FUZZ_SEED("\40GET /\1\200a HTTP/1.1\r\n" HOST "A: b\r\n\r\n"),
	FUZZ_SEED("\40GET /\1\10a HTTP/1.1\r\n" HOST "A: \1\173b\r\n\r\n"),
	FUZZ_SEED("\376POST /a HTTP/1.1\r\n" HOST "Content-Length: 4096\r\n"
		  "\r\n\1\200c"),
	{ NULL, 0 },
};
