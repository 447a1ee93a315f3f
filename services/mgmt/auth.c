/* SPDX-License-Identifier: MIT */
/*
 * Who a request comes from: whoever has a certificate that the client CA has
 * signed, or a session (sessions.h), by its cookie or as a bearer. What a browser
 * sends by itself, cookie and certificate, is no proof that its user meant it: a
 * request that changes something then has to come from a page of this service,
 * and with a cookie bring the session's token as well, which no other page can
 * read.
 */
#include "auth.h"

#include "api.h"
#include "password.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <string.h>

#define LOG_PAUSE_US	5000000ull

struct auth_counts auth_counts;

void auth_log(const char *what, const char *peer)
{
	static uint64_t next;
	static unsigned int left_out;
	uint64_t now = sys_time();

	if (now < next) {
		left_out++;
		return;
	}
	domain_log(LOG_WARN, "mgmt: %s: %s (%u more)", peer, what, left_out);
	left_out = 0;
	next = now + LOG_PAUSE_US;
}

const char *auth_role_name(int role)
{
	switch (role) {
	case MGMT_READ:		return "read";
	case MGMT_OPERATE:
	case MGMT_CAPTURE:	return "operate";
	default:		return "none";
	}
}

/* ---- sessions ---- */

/* The cookie's value in a header of name=value pairs (RFC 6265, 5.4). */
static const char *cookie_value(const char *header, size_t *len)
{
	static const char name[] = AUTH_COOKIE "=";
	const char *p = header;

	while (*p) {
		size_t n;

		while (*p == ' ' || *p == ';')
			p++;
		for (n = 0; p[n] && p[n] != ';';)
			n++;
		if (n >= sizeof(name) - 1 &&
		    !memcmp(p, name, sizeof(name) - 1)) {
			*len = n - (sizeof(name) - 1);
			return p + sizeof(name) - 1;
		}
		p += n;
	}
	return NULL;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool same_letters(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (lower(a[i]) != lower(b[i]) || !a[i])
			return false;
	return true;
}

struct session *auth_session(const struct mgmt_request *r)
{
	static const char bearer[] = "Bearer ";
	const char *secret;
	size_t len = 0;

	if (r->authorization[0]) {
		if (!same_letters(r->authorization, bearer,
				  sizeof(bearer) - 1))
			return NULL;
		secret = r->authorization + sizeof(bearer) - 1;
		return session_find(SESSION_BEARER, secret, strlen(secret),
				    sys_time());
	}
	secret = cookie_value(r->cookie, &len);
	return secret ? session_find(SESSION_COOKIE, secret, len, sys_time()) :
			NULL;
}

unsigned int auth_session_count(void)
{
	return sessions_count(sys_time());
}

/* ---- requests that another page has made ---- */

bool auth_same_origin(const struct mgmt_request *r)
{
	static const char scheme[] = "https://";
	const char *host = r->origin + sizeof(scheme) - 1;

	if (!r->origin[0])
		return true;
	return strlen(r->origin) >= sizeof(scheme) &&
	       !memcmp(r->origin, scheme, sizeof(scheme) - 1) &&
	       strlen(host) == strlen(r->host) &&
	       same_letters(host, r->host, strlen(host));
}

static bool changes(const struct mgmt_request *r)
{
	return r->method != MGMT_GET && r->method != MGMT_HEAD;
}

/*
 * A page of another site has made its browser ask (Fetch Metadata Request
 * Headers, W3C); "none" is the user's own doing. Other programs say nothing.
 */
static bool from_other_site(const struct mgmt_request *r)
{
	return r->fetch_site[0] && strcmp(r->fetch_site, "same-origin") != 0 &&
	       strcmp(r->fetch_site, "none") != 0;
}

static bool has_token(const struct mgmt_request *r, const struct session *s)
{
	uint8_t csrf[SESSION_CSRF];

	return strlen(r->csrf) == (size_t)2 * SESSION_CSRF &&
	       !from_hex(r->csrf, csrf, sizeof(csrf)) &&
	       same_bytes(csrf, s->csrf, sizeof(csrf));
}

/* ---- the dispatcher's question ---- */

static bool may(int owner, enum mgmt_role role)
{
	if (role == MGMT_CAPTURE)
		return owner >= MGMT_OPERATE && mgmt_settings()->capture;
	return owner >= (int)role;
}

bool mgmt_authorise(struct mgmt_request *r, enum mgmt_role role,
		    struct mgmt_answer *a)
{
	struct session *s = auth_session(r);

	r->role = r->client_certificate ? MGMT_OPERATE :
		  s ? s->role : MGMT_OPEN;
	r->session = s ? s->number : 0;
	/* a question, too, can have an effect, as a download of a capture */
	if ((changes(r) && !auth_same_origin(r)) ||
	    ((changes(r) || role != MGMT_OPEN) && from_other_site(r))) {
		auth_counts.refused++;
		auth_log("a request of another site's page was refused",
			 r->peer);
		api_error(a, 403, "the request comes from another site");
		return false;
	}
	if (role == MGMT_OPEN)
		return true;
	if (r->role == MGMT_OPEN) {
		api_error(a, 401, "log in first");
		return false;
	}
	if (changes(r) && s && s->kind == SESSION_COOKIE && !has_token(r, s)) {
		auth_counts.refused++;
		auth_log("a request without the session's token was refused",
			 r->peer);
		api_error(a, 403, "X-Tandem-CSRF is missing or wrong");
		return false;
	}
	if (!may(r->role, role)) {
		api_error(a, 403, role == MGMT_CAPTURE ?
			  "captures are switched off, or not for this role" :
			  "this role may only look");
		return false;
	}
	return true;
}
