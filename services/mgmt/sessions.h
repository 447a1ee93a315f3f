/* SPDX-License-Identifier: MIT */
/*
 * Who has logged in. A session is known by a secret that its owner sends with
 * each request, in a cookie or as a bearer token (RFC 6750); one made for the
 * one is no good as the other. It ends after a while without a request, and
 * after a longer one in any case. Times are microseconds of VMM time. Tested on
 * the host.
 */
#ifndef MGMT_SESSIONS_H
#define MGMT_SESSIONS_H

#include <services/netd.h>
#include <stdbool.h>
#include <stdint.h>

#define SESSIONS_MAX		16u
#define SESSION_IDLE_S		900u
#define SESSION_LIFE_S		43200u

#define SESSION_SECRET		32u	/* bytes */
#define SESSION_CSRF		16u
#define SESSION_SECRET_TEXT	(2 * SESSION_SECRET + 1)
#define SESSION_CSRF_TEXT	(2 * SESSION_CSRF + 1)

enum session_kind { SESSION_COOKIE, SESSION_BEARER };

struct session {
	bool used;
	uint32_t number;		/* by which others know it; never 0 */
	uint8_t kind;			/* enum session_kind */
	int role;			/* enum mgmt_role */
	uint8_t secret[SESSION_SECRET];
	uint8_t csrf[SESSION_CSRF];
	char peer[NETD_IP_MAX];		/* where it was opened from */
	uint64_t opened_at, seen_at;
};

/*
 * A new session; secret gets what its owner shall send. If there are too many
 * the one that was used least recently ends, but none that may do more than
 * the new one: NULL if there is no such.
 */
struct session *session_open(enum session_kind kind, int role,
			     const char *peer, uint64_t now,
			     char secret[SESSION_SECRET_TEXT]);

/* The session of that secret (hexadecimal digits, len of them), or NULL. */
struct session *session_find(enum session_kind kind, const char *secret,
			     size_t len, uint64_t now);

void session_close(struct session *s);

/* How many there are. */
unsigned int sessions_count(uint64_t now);

/* For tests: none. */
void sessions_reset(void);

#endif
