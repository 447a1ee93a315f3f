/* SPDX-License-Identifier: MIT */
/* Sessions of users; see sessions.h. */
#include "sessions.h"

#include "http.h"
#include "password.h"

#include <mbedtls/platform_util.h>
#include <stddef.h>
#include <string.h>

#define SECOND	1000000ull

static struct session sessions[SESSIONS_MAX];
static uint32_t last_number;

void session_close(struct session *s)
{
	mbedtls_platform_zeroize(s, sizeof(*s));
}

void sessions_reset(void)
{
	mbedtls_platform_zeroize(sessions, sizeof(sessions));
}

static void end_old(uint64_t now)
{
	for (unsigned int i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = &sessions[i];

		if (s->used &&
		    (now - s->seen_at >= SESSION_IDLE_S * SECOND ||
		     now - s->opened_at >= SESSION_LIFE_S * SECOND))
			session_close(s);
	}
}

/* Where a session with that role can be; sessions with less go first. */
static struct session *place_for(int role)
{
	struct session *place = NULL;

	for (unsigned int i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = &sessions[i];

		if (!s->used)
			return s;
		if (s->role > role)
			continue;
		if (!place || s->role < place->role ||
		    (s->role == place->role && s->seen_at < place->seen_at))
			place = s;
	}
	return place;
}

struct session *session_open(enum session_kind kind, int role,
			     const char *peer, uint64_t now,
			     char secret[SESSION_SECRET_TEXT])
{
	struct session *s;

	end_old(now);
	s = place_for(role);
	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	s->used = true;
	s->number = ++last_number ? last_number : ++last_number;
	s->kind = (uint8_t)kind;
	s->role = role;
	mgmt_random(s->secret, sizeof(s->secret));
	mgmt_random(s->csrf, sizeof(s->csrf));
	strlcpy(s->peer, peer, sizeof(s->peer));
	s->opened_at = s->seen_at = now;
	to_hex(s->secret, sizeof(s->secret), secret);
	return s;
}

/* All are compared, in the same time: where it is cannot be measured. */
struct session *session_find(enum session_kind kind, const char *text,
			     size_t len, uint64_t now)
{
	uint8_t secret[SESSION_SECRET];
	struct session *found = NULL;

	if (len != (size_t)2 * SESSION_SECRET ||
	    from_hex(text, secret, sizeof(secret)))
		return NULL;
	end_old(now);
	for (unsigned int i = 0; i < SESSIONS_MAX; i++) {
		struct session *s = &sessions[i];
		bool same = same_bytes(s->secret, secret, sizeof(secret));

		if (same && s->used && s->kind == kind)
			found = s;
	}
	if (found)
		found->seen_at = now;
	return found;
}

unsigned int sessions_count(uint64_t now)
{
	unsigned int n = 0;

	end_old(now);
	for (unsigned int i = 0; i < SESSIONS_MAX; i++)
		n += sessions[i].used;
	return n;
}
