/* SPDX-License-Identifier: MIT */
/*
 * Answers: made by routes through http.h, sent by lwIP's httpd, which takes each
 * for a file with the answer's number as its name. Here are that file's
 * functions (lwIP's apps/fs.h), and what is in every answer.
 */
#include "mgmt.h"

#include <domain/syscall.h>
#include <errno.h>
#include <limits.h>
#include <lwip/apps/fs.h>
#include <mbedtls/platform_util.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADERS_MAX	1536u		/* bytes; more is a 500 */
#define FIRST_BODY	1024u		/* bytes of the body's first buffer */
#define CHUNK_HEAD	6u		/* "fff\r\n" */
#define CHUNK_MAX	0xfffu
#define LATER_MAX_MS	25000u

enum body { BUFFERED, STATIC, STREAM, LATER };

struct mgmt_answer {
	struct mgmt_answer *next;
	struct gate *gate;		/* NULL: it has gone */
	const struct mgmt_reader *reader;	/* the gate's, and it lasts */
	struct mgmt_request request;
	unsigned int number;
	int refused;			/* by the reader, with that status */
	/* what the route has made */
	int status, error;		/* error: send this status instead */
	bool began, has_cache;
	enum body kind;
	char headers[HEADERS_MAX];
	size_t headers_len;
	char *body;			/* BUFFERED */
	const char *data;		/* STATIC, or body */
	size_t len, room;
	const struct mgmt_stream_ops *stream;
	const struct mgmt_later_ops *later;
	void *arg;
	uint64_t later_until;		/* VMM time */
	/* as it is sent */
	bool keep_alive, no_body, ready, chunked, at_end, broken;
	size_t head_at, body_at;
	fs_wait_cb wake;
	void *wake_arg;
};

static struct mgmt_answer *answers;

/* Firmly: scripts and pictures of this very server, and no frame around it. */
static const char common[] =
	"Content-Security-Policy: default-src 'none'; script-src 'self'; "
	"style-src 'self'; img-src 'self'; connect-src 'self'; "
	"manifest-src 'self'; base-uri 'none'; form-action 'self'; "
	"frame-ancestors 'none'\r\n"
	"Strict-Transport-Security: max-age=31536000\r\n"
	"X-Content-Type-Options: nosniff\r\n"
	"X-Frame-Options: DENY\r\n"
	"Referrer-Policy: no-referrer\r\n"
	"Cross-Origin-Opener-Policy: same-origin\r\n"
	"Cross-Origin-Resource-Policy: same-origin\r\n";

/* ---- what routes call ---- */

static bool has_control(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static void fail(struct mgmt_answer *a, int status)
{
	if (!a->error)
		a->error = status;
}

static void add_header(struct mgmt_answer *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void add_header(struct mgmt_answer *a, const char *fmt, ...)
{
	size_t room = sizeof(a->headers) - a->headers_len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(a->headers + a->headers_len, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		fail(a, 500);
	else
		a->headers_len += (size_t)n;
}

void mgmt_answer_begin(struct mgmt_answer *a, int status,
		       const char *content_type)
{
	a->status = status;
	a->error = 0;
	a->began = true;
	a->has_cache = false;
	a->kind = BUFFERED;
	a->headers_len = a->len = 0;
	a->data = a->body;
	if (status < 200 || status > 599)
		fail(a, 500);
	if (content_type)
		mgmt_answer_header(a, "Content-Type", content_type);
}

void mgmt_answer_header(struct mgmt_answer *a, const char *name,
			const char *value)
{
	if (has_control(name) || has_control(value)) {
		fail(a, 500);
		return;
	}
	if (!strcmp(name, "Cache-Control"))
		a->has_cache = true;
	add_header(a, "%s: %s\r\n", name, value);
}

/* There may be a session's secret in it. */
static void wipe_body(struct mgmt_answer *a)
{
	if (a->body)
		mbedtls_platform_zeroize(a->body, a->room);
	free(a->body);
}

/* Room for len more bytes of the body. */
static bool make_room(struct mgmt_answer *a, size_t len)
{
	size_t room = a->room ? a->room : FIRST_BODY;
	char *body;

	if (len > MGMT_ANSWER_MAX - HEADERS_MAX - a->len) {
		fail(a, 500);
		return false;
	}
	while (room < a->len + len)
		room *= 2;
	if (room == a->room)
		return true;
	body = malloc(room);
	if (!body) {
		fail(a, 503);
		return false;
	}
	if (a->len)
		memcpy(body, a->body, a->len);
	wipe_body(a);
	a->data = a->body = body;
	a->room = room;
	return true;
}

void mgmt_answer_write(struct mgmt_answer *a, const char *text, size_t len)
{
	if (a->kind != BUFFERED || a->error || !make_room(a, len))
		return;
	memcpy(a->body + a->len, text, len);
	a->len += len;
}

void mgmt_answer_printf(struct mgmt_answer *a, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	/* the end, too, is written */
	if (n < 0 || a->kind != BUFFERED || a->error ||
	    !make_room(a, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	vsnprintf(a->body + a->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	a->len += (size_t)n;
}

bool mgmt_answer_fine(const struct mgmt_answer *a)
{
	return !a->error;
}

void mgmt_answer_error(struct mgmt_answer *a, int status, const char *text)
{
	mgmt_answer_begin(a, status, "text/plain; charset=utf-8");
	mgmt_answer_printf(a, "%s\n", text);
}

/* Is the tag, in quotes, among those of If-None-Match (RFC 9110, 13.1.2)? */
static bool matches(const char *list, const char *etag)
{
	size_t n = strlen(etag);
	const char *at;

	for (at = strchr(list, '"'); at; at = strchr(at + 1, '"'))
		if (!strncmp(at + 1, etag, n) && at[n + 1] == '"')
			return true;
	return false;
}

void mgmt_answer_static(struct mgmt_answer *a, const void *data, size_t len,
			bool gzip, const char *etag)
{
	if (!a->has_cache)
		mgmt_answer_header(a, "Cache-Control", "no-cache");
	if (etag)
		add_header(a, "ETag: \"%s\"\r\n", etag);
	if (gzip)
		mgmt_answer_header(a, "Vary", "Accept-Encoding");
	if (etag && matches(a->request.if_none_match, etag)) {
		a->status = 304;
		a->len = 0;
		return;
	}
	if (gzip && !strstr(a->request.accept_encoding, "gzip")) {
		mgmt_answer_error(a, 406, "only clients that accept gzip can "
				  "have this");
		return;
	}
	if (gzip)
		mgmt_answer_header(a, "Content-Encoding", "gzip");
	a->kind = STATIC;
	a->data = data;
	a->len = len;
}

void mgmt_answer_stream(struct mgmt_answer *a,
			const struct mgmt_stream_ops *ops, void *arg)
{
	a->kind = STREAM;
	a->stream = ops;
	a->arg = arg;
}

void mgmt_answer_later(struct mgmt_answer *a, const struct mgmt_later_ops *ops,
		       void *arg, unsigned int ms)
{
	if (ms > LATER_MAX_MS)
		ms = LATER_MAX_MS;
	a->kind = LATER;
	a->later = ops;
	a->arg = arg;
	a->later_until = sys_time() + (uint64_t)ms * 1000;
}

/* ---- one answer ---- */

static void end_stream(struct mgmt_answer *a)
{
	const struct mgmt_stream_ops *stream = a->stream;

	a->stream = NULL;
	a->at_end = true;
	if (stream)
		stream->close(a->arg);
}

struct mgmt_answer *answer_new(struct gate *g, const struct mgmt_reader *r,
			       int status)
{
	static unsigned int last;
	struct mgmt_answer *a = calloc(1, sizeof(*a));

	if (!a) {
		mgmt_status.refused_memory++;
		return NULL;
	}
	a->gate = g;
	a->reader = r;
	a->request = r->request;
	a->refused = status;
	a->keep_alive = r->keep_alive;
	a->number = ++last;
	a->next = answers;
	answers = a;
	return a;
}

unsigned int answer_number(const struct mgmt_answer *a)
{
	return a->number;
}

bool answer_is_broken(const struct mgmt_answer *a)
{
	return a->broken;
}

bool answer_is_for_stranger(const struct mgmt_answer *a)
{
	return a->request.role == MGMT_OPEN;
}

static void answer_free(struct mgmt_answer *a)
{
	struct mgmt_answer **at = &answers;

	while (*at != a)
		at = &(*at)->next;
	*at = a->next;
	if (a->stream)
		end_stream(a);
	if (a->kind == LATER && a->later->gone)
		a->later->gone(a->arg);
	wipe_body(a);
	mbedtls_platform_zeroize(a, sizeof(*a));
	free(a);
}

void answer_orphan(struct mgmt_answer *a)
{
	a->gate = NULL;
	/* httpd has not opened it, or has closed it before */
	answer_free(a);
}

/* ---- what is sent ---- */

/* What the route has made, as it is sent: what goes before its headers. */
static void finish(struct mgmt_answer *a)
{
	char first[HEADERS_MAX];
	size_t n, len;

	if (a->kind == LATER || a->ready)
		return;
	if (!a->began)
		fail(a, 500);
	if (a->error) {
		if (a->stream)
			end_stream(a);
		mgmt_answer_error(a, a->error, a->error == 503 ?
				  "memory is short, try again" :
				  "the answer went wrong");
	}
	a->no_body = a->request.method == MGMT_HEAD || a->status == 204 ||
		     a->status == 304;
	if (a->kind == STREAM && a->reader->old)
		a->keep_alive = false;
	a->chunked = a->kind == STREAM && !a->reader->old;
	if (a->stream && a->no_body)
		end_stream(a);
	a->at_end = false;	/* there is still the head */
	if (!a->has_cache)
		add_header(a, "Cache-Control: no-store\r\n");
	if (a->chunked)
		add_header(a, "Transfer-Encoding: chunked\r\n");
	else if (a->kind != STREAM && a->status != 204 && a->status != 304)
		add_header(a, "Content-Length: %zu\r\n", a->len);
	add_header(a, "%s%s\r\n", common, a->keep_alive ? "" :
		   "Connection: close\r\n");
	n = (size_t)snprintf(first, sizeof(first), "HTTP/1.1 %d %s\r\n",
			     a->status, answer_reason(a->status));
	len = a->headers_len;
	if (a->error || n > sizeof(a->headers) - len) {
		a->broken = true;
		return;
	}
	memmove(a->headers + n, a->headers, len);
	memcpy(a->headers, first, n);
	a->headers_len += n;
	a->ready = true;
}

/* ---- httpd's file ---- */

static int fill(struct mgmt_answer *a, char *to, size_t room)
{
	static const char last[] = "0\r\n\r\n";
	size_t head = a->chunked ? CHUNK_HEAD - 1 : 0;
	size_t tail = a->chunked ? 2 : 0;
	char text[CHUNK_HEAD];
	int n;

	if (room < sizeof(last) + head + tail)
		return 0;
	room -= head + tail;
	if (room > CHUNK_MAX)
		room = CHUNK_MAX;
	n = a->stream->fill(a->arg, to + head, room);
	if (n == -EAGAIN)
		return -EAGAIN;
	if (n < 0 || (size_t)n > room) {
		end_stream(a);
		a->at_end = false;
		a->broken = true;
		return -EIO;
	}
	if (n == 0) {
		end_stream(a);
		if (!a->chunked)
			return 0;
		memcpy(to, last, sizeof(last) - 1);
		return sizeof(last) - 1;
	}
	if (a->chunked) {
		snprintf(text, sizeof(text), "%03x\r\n", (unsigned int)n);
		memcpy(to, text, head);
		memcpy(to + head + (size_t)n, "\r\n", tail);
	}
	return n + (int)(head + tail);
}

static size_t copy(char *to, size_t room, const char *from, size_t len,
		   size_t *at)
{
	size_t n = len - *at < room ? len - *at : room;

	if (n)
		memcpy(to, from + *at, n);
	*at += n;
	return n;
}

/* Up to count bytes of what is sent; 0: not now. */
static int more(struct mgmt_answer *a, char *buffer, int count)
{
	size_t room = (size_t)count, n;
	int filled;

	if (!a->ready || a->broken)
		return 0;
	n = copy(buffer, room, a->headers, a->headers_len, &a->head_at);
	if (a->head_at < a->headers_len)
		return (int)n;
	if (a->no_body) {
		a->at_end = true;
	} else if (a->kind != STREAM) {
		n += copy(buffer + n, room - n, a->data, a->len, &a->body_at);
		a->at_end = a->body_at == a->len;
	} else if (a->stream) {
		filled = fill(a, buffer + n, room - n);
		if (filled > 0)
			n += (size_t)filled;
	}
	return (int)n;
}

static struct mgmt_answer *answer_find(const char *name)
{
	unsigned int number = 0;

	for (name++; *name >= '0' && *name <= '9'; name++)
		number = number * 10 + (unsigned int)(*name - '0');
	for (struct mgmt_answer *a = answers; a; a = a->next)
		if (*name == '\0' && a->number == number)
			return a;
	return NULL;
}

/* lwIP declares these nowhere that others see. */
int fs_open_custom(struct fs_file *file, const char *name);
void fs_close_custom(struct fs_file *file);
u8_t fs_canread_custom(struct fs_file *file);
u8_t fs_wait_read_custom(struct fs_file *file, fs_wait_cb wake, void *arg);
int fs_read_async_custom(struct fs_file *file, char *buffer, int count,
			 fs_wait_cb wake, void *arg);

int fs_open_custom(struct fs_file *file, const char *name)
{
	struct mgmt_answer *a = answer_find(name);

	if (!a)
		return 0;
	dispatch(&a->request, a, a->refused);
	finish(a);
	file->pextension = a;
	file->data = NULL;
	file->index = 0;
	file->len = INT_MAX;	/* its end is told when it is there */
	file->flags = FS_FILE_FLAGS_HEADER_INCLUDED |
		      (a->keep_alive ? FS_FILE_FLAGS_HEADER_PERSISTENT : 0);
	return 1;
}

void fs_close_custom(struct fs_file *file)
{
	struct mgmt_answer *a = file->pextension;
	struct gate *g = a->gate;
	bool go_on = a->at_end && a->keep_alive;

	answer_free(a);
	if (g)
		gate_answered(g, go_on);
}

u8_t fs_canread_custom(struct fs_file *file)
{
	(void)file;
	return 1;
}

u8_t fs_wait_read_custom(struct fs_file *file, fs_wait_cb wake, void *arg)
{
	(void)file, (void)wake, (void)arg;
	return 0;
}

int fs_read_async_custom(struct fs_file *file, char *buffer, int count,
			 fs_wait_cb wake, void *arg)
{
	struct mgmt_answer *a = file->pextension;
	int n = more(a, buffer, count);

	if (a->at_end) {
		file->index = file->len;
		return n > 0 ? n : FS_READ_EOF;
	}
	if (n > 0)
		return n;
	a->wake = wake;
	a->wake_arg = arg;
	return FS_READ_DELAYED;
}

/* ---- what was put off ---- */

static void wake(struct mgmt_answer *a)
{
	fs_wait_cb call = a->wake;

	a->wake = NULL;
	if (call)
		call(a->wake_arg);	/* a may be gone */
}

/* Asks the route again. */
static void again(struct mgmt_answer *a, bool late)
{
	const struct mgmt_later_ops *later = a->later;

	a->began = false;
	later->again(&a->request, a, a->arg, late);
	if (!a->began && !late) {
		a->kind = LATER;
		return;
	}
	if (a->kind == LATER) {
		a->kind = BUFFERED;
		a->began = false;
	}
	finish(a);
	wake(a);
}

void mgmt_stream_wake(struct mgmt_answer *a)
{
	if (a->kind == LATER)
		again(a, false);
	else
		wake(a);
}

void answer_tick(void)
{
	struct mgmt_answer *a = answers;
	uint64_t now = sys_time();

	while (a) {
		if (a->kind != LATER || now < a->later_until) {
			a = a->next;
			continue;
		}
		/* others may go with it */
		again(a, true);
		a = answers;
	}
}
