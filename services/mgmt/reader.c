/* SPDX-License-Identifier: MIT */
/*
 * The strict reader of requests; reader.h. The head is collected until its empty
 * line and looked at byte by byte first: lines end with CR LF and nothing else,
 * none continues another, there are no control characters. Then http-parser
 * takes it apart, and what it finds is checked against what routes may expect.
 */
#include "reader.h"

#include <http_parser.h>
#include <string.h>

#define HEADERS_MAX	48u
#define LENGTH_DIGITS	9u		/* of Content-Length */

#define SKIP_BODY	1		/* on_headers_complete: it is read here */

/* A piece of the head. */
struct piece {
	char *at;
	size_t n;
};

/* What http-parser has found. */
struct found {
	struct piece url, name, value;
	unsigned int headers, seen;	/* seen: bit for each known one */
	bool in_value, complete, has_length, has_coding;
	struct mgmt_reader *reader;
	int status;			/* to refuse it with; 0: none so far */
};

void mgmt_reader_init(struct mgmt_reader *r)
{
	struct mgmt_request *q = &r->request;

	memset(q, 0, sizeof(*q));
	q->path = q->query = q->host = q->origin = q->cookie = "";
	q->fetch_site = "";
	q->authorization = q->csrf = q->content_type = q->if_none_match = "";
	q->accept_encoding = "";
	q->body = r->body;
	q->role = MGMT_OPEN;
	r->keep_alive = r->old = r->have_head = false;
	r->head_len = r->body_want = r->body_len = 0;
	r->head[0] = '\0';
	r->body[0] = 0;
}

/* ---- byte by byte ---- */

static bool is_line_start(const struct mgmt_reader *r)
{
	return r->head_len == 0 || r->head[r->head_len - 1] == '\n';
}

/* May c be the next byte of the head? */
static bool fits(const struct mgmt_reader *r, char c)
{
	unsigned char byte = (unsigned char)c;
	char last = r->head_len ? r->head[r->head_len - 1] : '\0';

	if (last == '\r' || c == '\n')
		return last == '\r' && c == '\n';
	if (r->head_len == 0)
		return c >= 'A' && c <= 'Z';
	if (is_line_start(r) && (c == ' ' || c == '\t'))
		return false;		/* a line that continues another */
	return c == '\r' || c == '\t' || (byte >= ' ' && byte != 0x7f);
}

static bool head_is_whole(const struct mgmt_reader *r)
{
	return r->head_len >= 4 &&
	       !memcmp(r->head + r->head_len - 4, "\r\n\r\n", 4);
}

/* ---- what http-parser finds ---- */

/* Pieces of one thing follow one another in the head. */
static void add(struct found *f, struct piece *p, const char *at, size_t n)
{
	if (!p->at)
		p->at = f->reader->head + (at - f->reader->head);
	p->n += n;
}

static bool is_name(const struct piece *p, const char *name)
{
	size_t n = strlen(name);

	if (p->n != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = p->at[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (c != name[i])
			return false;
	}
	return true;
}

static void refuse(struct found *f, int status)
{
	if (!f->status)
		f->status = status;
}

/* The text of p, which ends in place: what follows it is not needed any more. */
static const char *text_of(const struct piece *p)
{
	if (!p->at)
		return "";
	p->at[p->n] = '\0';
	return p->at;
}

static void take_length(struct found *f)
{
	size_t sum = 0;

	if (f->has_length || f->value.n == 0 || f->value.n > LENGTH_DIGITS)
		refuse(f, !f->has_length && f->value.n > LENGTH_DIGITS ? 413 :
		       400);
	f->has_length = true;
	for (size_t i = 0; i < f->value.n && !f->status; i++) {
		if (f->value.at[i] < '0' || f->value.at[i] > '9')
			refuse(f, 400);
		else
			sum = sum * 10 + (size_t)(f->value.at[i] - '0');
	}
	f->reader->body_want = sum;
}

/* A header is complete. */
static void take_header(struct found *f)
{
	struct mgmt_request *q = &f->reader->request;
	const struct {
		const char *name, **to;
	} known[] = {
		{ "host", &q->host }, { "origin", &q->origin },
		{ "cookie", &q->cookie },
		{ "authorization", &q->authorization },
		{ "x-tandem-csrf", &q->csrf },
		{ "sec-fetch-site", &q->fetch_site },
		{ "content-type", &q->content_type },
		{ "if-none-match", &q->if_none_match },
		{ "accept-encoding", &q->accept_encoding },
	};

	if (!f->in_value)
		return;
	f->in_value = false;
	if (++f->headers > HEADERS_MAX)
		refuse(f, 431);
	while (f->value.n && (f->value.at[f->value.n - 1] == ' ' ||
			      f->value.at[f->value.n - 1] == '\t'))
		f->value.n--;
	if (is_name(&f->name, "content-length"))
		take_length(f);
	if (is_name(&f->name, "transfer-encoding"))
		f->has_coding = true;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!is_name(&f->name, known[i].name))
			continue;
		if (f->seen & 1u << i)
			refuse(f, 400);
		f->seen |= 1u << i;
		/*
		 * Ended once http-parser has read on. It says that one without
		 * text is where the next line begins: that stays as it is.
		 */
		if (!f->value.n)
			continue;
		*known[i].to = f->value.at;
		f->value.at[f->value.n] = '\0';
	}
	f->name = f->value = (struct piece){ 0 };
}

static int on_url(http_parser *p, const char *at, size_t n)
{
	struct found *f = p->data;

	add(f, &f->url, at, n);
	return 0;
}

static int on_field(http_parser *p, const char *at, size_t n)
{
	struct found *f = p->data;

	take_header(f);
	add(f, &f->name, at, n);
	return 0;
}

static int on_value(http_parser *p, const char *at, size_t n)
{
	struct found *f = p->data;

	f->in_value = true;
	add(f, &f->value, at, n);
	return 0;
}

static int on_headers(http_parser *p)
{
	struct found *f = p->data;

	take_header(f);
	f->complete = true;
	f->reader->keep_alive = http_should_keep_alive(p);
	return SKIP_BODY;
}

/* ---- the request ---- */

static const struct {
	enum http_method theirs;
	enum mgmt_method ours;
} methods[] = {
	{ HTTP_GET, MGMT_GET }, { HTTP_HEAD, MGMT_HEAD },
	{ HTTP_POST, MGMT_POST }, { HTTP_PUT, MGMT_PUT },
	{ HTTP_DELETE, MGMT_DELETE },
};

static void take_method(struct found *f, unsigned int theirs)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if ((unsigned int)methods[i].theirs != theirs)
			continue;
		f->reader->request.method = methods[i].ours;
		return;
	}
	refuse(f, 405);
}

static void take_url(struct found *f)
{
	struct mgmt_request *q = &f->reader->request;
	char *query;

	/* one space before it and behind it */
	if (!f->url.n || f->url.at[0] != '/' || f->url.at[-2] == ' ' ||
	    f->url.at[f->url.n + 1] != 'H' ||
	    memchr(f->url.at, '#', f->url.n)) {
		refuse(f, 400);
		return;
	}
	q->path = text_of(&f->url);
	query = strchr(f->url.at, '?');
	if (query) {
		*query = '\0';
		q->query = query + 1;
	}
}

/* What the headers say about each other. */
static void check_headers(struct found *f)
{
	struct mgmt_reader *r = f->reader;
	enum mgmt_method method = r->request.method;

	if (!r->old && !r->request.host[0])
		refuse(f, 400);
	if (f->has_coding)
		refuse(f, f->has_length ? 400 : 411);
	if ((method == MGMT_POST || method == MGMT_PUT) && !f->has_length)
		refuse(f, 411);
	if ((method == MGMT_GET || method == MGMT_HEAD) && r->body_want)
		refuse(f, 400);
	if (r->body_want > MGMT_BODY_MAX)
		refuse(f, 413);
}

static int status_of(enum http_errno error)
{
	switch (error) {
	case HPE_INVALID_METHOD:	return 405;
	case HPE_INVALID_VERSION:	return 505;
	case HPE_HEADER_OVERFLOW:	return 431;
	default:			return 400;
	}
}

/* No field of a request that is refused is of any use, and some may be wrong. */
static void forget(struct mgmt_reader *r)
{
	struct mgmt_request old = r->request;

	mgmt_reader_init(r);
	r->request.method = old.method;
	r->request.path = old.path;
}

static int take_head(struct mgmt_reader *r)
{
	static const http_parser_settings settings = {
		.on_url = on_url, .on_header_field = on_field,
		.on_header_value = on_value, .on_headers_complete = on_headers,
	};
	struct found f = { .reader = r };
	http_parser p;
	size_t parsed;

	http_parser_init(&p, HTTP_REQUEST);
	p.data = &f;
	parsed = http_parser_execute(&p, &settings, r->head, r->head_len);
	if (HTTP_PARSER_ERRNO(&p) != HPE_OK)
		refuse(&f, status_of(HTTP_PARSER_ERRNO(&p)));
	else if (parsed != r->head_len || !f.complete)
		refuse(&f, p.http_major ? 400 : 505);
	if (p.http_major != 1 || p.http_minor > 1)
		refuse(&f, f.complete ? 505 : 400);
	r->old = p.http_minor == 0;
	/* HTTP/1.0 and its "keep-alive" are left to those who mean it */
	if (r->old)
		r->keep_alive = false;
	if (!f.status)
		take_method(&f, p.method);
	if (!f.status)
		take_url(&f);
	if (!f.status)
		check_headers(&f);
	if (f.status)
		forget(r);
	r->have_head = true;
	return f.status;
}

static int take_byte(struct mgmt_reader *r, char c)
{
	if (!fits(r, c))
		return 400;
	if (r->head_len == MGMT_HEAD_MAX)
		return memchr(r->head, '\n', r->head_len) ? 431 : 414;
	r->head[r->head_len++] = c;
	r->head[r->head_len] = '\0';
	if (!head_is_whole(r))
		return 0;
	return take_head(r);
}

int mgmt_reader_feed(struct mgmt_reader *r, const void *data, size_t len,
		     size_t *used)
{
	const char *from = data;
	size_t at = 0, n;
	int status = 0;

	while (at < len && !r->have_head && !status)
		status = take_byte(r, from[at++]);
	if (!status && r->have_head) {
		n = r->body_want - r->body_len;
		if (n > len - at)
			n = len - at;
		memcpy(r->body + r->body_len, from + at, n);
		r->body_len += n;
		r->body[r->body_len] = 0;
		at += n;
	}
	*used = at;
	if (status) {
		r->keep_alive = false;
		return status;
	}
	if (!r->have_head || r->body_len < r->body_want)
		return MGMT_READER_MORE;
	r->request.body_len = r->body_len;
	return MGMT_READER_DONE;
}
