/* SPDX-License-Identifier: MIT */
/*
 * What a route of the management service sees: a request that has arrived
 * whole and is well formed (RFC 9110, RFC 9112), and the answer that it makes.
 *
 *	static void show(const struct mgmt_request *r, struct mgmt_answer *a)
 *	{
 *		mgmt_answer_begin(a, 200, "text/plain");
 *		mgmt_answer_printf(a, "hello %s\n", r->peer);
 *	}
 *
 *	static const struct mgmt_route hello = {
 *		.path = "/hello", .methods = MGMT_METHODS(MGMT_GET),
 *		.role = MGMT_OPEN, .handle = show,
 *	};
 *	MGMT_ROUTE(hello);
 *
 * Everything runs in netd's one thread and must not wait. handle() is called
 * once for each request, and makes the answer or begins a stream before it
 * returns: neither request nor answer may be kept, but by mgmt_answer_stream().
 *
 * Who added what: gate.c refuses what is no request, answer.c adds
 * Content-Length, Connection, the security headers and, if the route has set
 * none, Cache-Control: no-store. A HEAD request is given to a route that knows
 * GET, as it is (method MGMT_HEAD); the body that it writes is counted, not sent.
 */
#ifndef MGMT_HTTP_H
#define MGMT_HTTP_H

#include <services/netd.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- the request ---- */

enum mgmt_method {
	MGMT_GET,
	MGMT_HEAD,
	MGMT_POST,
	MGMT_PUT,
	MGMT_DELETE,
};

/* The bit of a method in mgmt_route.methods. GET includes HEAD. */
#define MGMT_METHODS(method)	(1u << (method))

/* A right; each but MGMT_OPEN and MGMT_CAPTURE includes those before it. */
enum mgmt_role {
	MGMT_OPEN,		/* nobody in particular */
	MGMT_READ,
	MGMT_OPERATE,
	MGMT_CAPTURE,		/* what it takes is for auth.c to say */
};

#define MGMT_HEAD_MAX	4096u	/* bytes of request line and headers */
#define MGMT_BODY_MAX	4096u	/* bytes of a request's body */

/*
 * Strings end with NUL, contain no other and no control characters but HTAB;
 * bytes from 0x80 on may be in header values alone. Absent: "". A header of
 * this list that comes twice is refused (400) before.
 */
struct mgmt_request {
	enum mgmt_method method;
	/*
	 * Begins with '/'. As it was sent, percent signs included (RFC 3986):
	 * nothing is decoded and no ".." is resolved, so routes compare
	 * with what they know.
	 */
	const char *path;
	const char *query;		/* behind '?', without it */
	const char *host;		/* always there with HTTP/1.1 */
	const char *origin;
	const char *fetch_site;		/* Sec-Fetch-Site */
	const char *cookie;
	const char *authorization;
	const char *csrf;		/* X-Tandem-CSRF */
	const char *content_type;
	const char *if_none_match;
	const char *accept_encoding;
	const uint8_t *body;		/* a NUL follows it, not counted */
	size_t body_len;
	char peer[NETD_IP_MAX];		/* the other's address, as text */
	bool client_certificate;	/* one that the client CA signed */
	/* enum mgmt_role: MGMT_OPEN until mgmt_authorise() has set it */
	int role;
	uint32_t session;		/* its number (sessions.h); 0: none */
};

/* ---- the answer ---- */

struct mgmt_answer;

/* Bytes of status line, headers and body of one that is no stream. */
#define MGMT_ANSWER_MAX	65536u

/*
 * Starts the answer: status is 200 to 599, content_type NULL where there is
 * no body. What was written before is forgotten, so that a route which fails
 * half-way can begin anew.
 */
void mgmt_answer_begin(struct mgmt_answer *a, int status,
		       const char *content_type);

/*
 * One more header, between begin and the body's first byte. A name or value
 * with a control character is left out, which makes the answer a 500.
 */
void mgmt_answer_header(struct mgmt_answer *a, const char *name,
			const char *value);

/*
 * More of the body; copied. Beyond MGMT_ANSWER_MAX, or when memory is short,
 * the rest is dropped and the client gets a 500 (503) in place of it all.
 */
void mgmt_answer_write(struct mgmt_answer *a, const char *text, size_t len);
void mgmt_answer_printf(struct mgmt_answer *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Nothing has gone wrong with the answer so far. */
bool mgmt_answer_fine(const struct mgmt_answer *a);

/*
 * The body is data, which must stay for ever: constants. Between begin and
 * return, alone. gzip: data is compressed (Content-Encoding is added; clients
 * that do not accept gzip get a 406; nothing that depends on a
 * secret may be compressed). etag: its content between the quotes, or
 * NULL; a request whose If-None-Match has it gets a 304. Without another
 * Cache-Control of the route's, "no-cache": it is asked for again each time.
 */
void mgmt_answer_static(struct mgmt_answer *a, const void *data, size_t len,
			bool gzip, const char *etag);

/* A short text as the whole answer: status and one line with a newline. */
void mgmt_answer_error(struct mgmt_answer *a, int status, const char *text);

/*
 * A body that comes piece by piece, of unknown length: HTTP/1.1 clients get it
 * in chunks, others up to the connection's end. Nothing is buffered but what
 * fill() gives.
 */
struct mgmt_stream_ops {
	/*
	 * Up to room bytes to to. Returns how many, 0 at the end, -EAGAIN if
	 * there are none now: then mgmt_stream_wake() has to come, or this is
	 * asked again after about a second. Another error breaks the
	 * connection, so that the client sees that not all has come.
	 */
	int (*fill)(void *arg, void *to, size_t room);
	/*
	 * Once, after the end or when the client has gone: arg is no longer
	 * used. Also if the stream could not even begin.
	 */
	void (*close)(void *arg);
};

/*
 * Between begin and return, alone. ops must stay. For a HEAD request close() is
 * called at once. a may be used for mgmt_stream_wake() until close() is called.
 */
void mgmt_answer_stream(struct mgmt_answer *a,
			const struct mgmt_stream_ops *ops, void *arg);

/*
 * fill() has something to give. Not from within fill(); from handlers of
 * messages and lwIP's timers.
 */
void mgmt_stream_wake(struct mgmt_answer *a);

/*
 * A long poll: handle() may put the answer off by this, after it has looked
 * that there is nothing to tell yet, in place of an answer. again() is called
 * when mgmt_stream_wake() was called and when ms milliseconds (at most 25,000)
 * have passed, last with late set: then it must make the answer. Before, it may
 * make it or return without. arg is given to again(), and to gone() if the
 * client went away before there was an answer (gone may be NULL). The request
 * stays as it was until the answer is there; a is the same.
 */
struct mgmt_later_ops {
	void (*again)(const struct mgmt_request *r, struct mgmt_answer *a,
		      void *arg, bool late);
	void (*gone)(void *arg);
};

void mgmt_answer_later(struct mgmt_answer *a, const struct mgmt_later_ops *ops,
		       void *arg, unsigned int ms);

/* ---- routes ---- */

struct mgmt_route {
	/*
	 * The exact path; with "*" as its last segment ("/api/v1/x/" "*") one
	 * more segment, not empty and without '/', whatever it is.
	 */
	const char *path;
	unsigned int methods;		/* MGMT_METHODS(...), or'ed */
	enum mgmt_role role;		/* what it takes */
	void (*handle)(const struct mgmt_request *r, struct mgmt_answer *a);
};

/* Adds a route; two of the same path and method: the first linked has it. */
#define MGMT_ROUTE(route) \
	static const struct mgmt_route *const mgmt_route_##route \
		__attribute__((section("mgmt_routes"), used)) = &(route)

/*
 * May this request have what role allows? Called by the dispatcher for each
 * route that is found, MGMT_OPEN ones included, before handle(). Sets r->role
 * to what the request's owner may do. True: go on. False: it has made the
 * answer (401, 403, 429). Defined by auth.c.
 */
bool mgmt_authorise(struct mgmt_request *r, enum mgmt_role role,
		    struct mgmt_answer *a);

/* ---- the service ---- */

/*
 * The service's set-up as the configuration has it, from mgmt.c; fixed for the
 * life of netd.
 */
struct mgmt_settings {
	uint16_t port;			/* 0: mgmt is off */
	char password[192];		/* as mgmt.password: a hash; "" none */
	char password_read[192];
	bool capture;			/* captures are allowed */
};

const struct mgmt_settings *mgmt_settings(void);

/* len bytes of netd's generator to to: for tokens. */
void mgmt_random(void *to, size_t len);

/*
 * The wall time now in seconds since 1970-01-01 UTC, or 0 if the machine's
 * clock is not known.
 */
uint64_t mgmt_wall_time(void);

#endif
