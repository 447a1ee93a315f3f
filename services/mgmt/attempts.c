/* SPDX-License-Identifier: MIT */
/* Limits on trying passwords; see attempts.h. */
#include "attempts.h"
#include "peer.h"

#include <services/netd.h>
#include <stddef.h>
#include <string.h>

#define SECOND	1000000ull

static struct peer {
	char name[NETD_IP_MAX];		/* as peer.h has it; "": not used */
	uint32_t failures;		/* in a row */
	bool known;			/* it has logged in */
	uint64_t until;			/* no try before */
	uint64_t seen;
} peers[ATTEMPTS_PEERS];

/* Of all peers; the bucket is full at first. */
static uint32_t tries = ATTEMPTS_BUCKET;
static uint64_t filled_at;

void attempts_reset(void)
{
	memset(peers, 0, sizeof(peers));
	tries = ATTEMPTS_BUCKET;
	filled_at = 0;
}

static struct peer *find(const char *address)
{
	char name[NETD_IP_MAX];

	peer_of_address(address, name);
	for (unsigned int i = 0; i < ATTEMPTS_PEERS; i++)
		if (peers[i].name[0] && !strcmp(peers[i].name, name))
			return &peers[i];
	return NULL;
}

/*
 * Which of two is forgotten first: who does not have to wait, then who has
 * never logged in, then who came longer ago.
 */
static bool matters_less(const struct peer *a, const struct peer *b,
			 uint64_t now)
{
	bool a_waits = a->until > now, b_waits = b->until > now;

	if (a_waits != b_waits)
		return b_waits;
	if (a->known != b->known)
		return b->known;
	return a->seen < b->seen;
}

static struct peer *find_or_add(const char *address, uint64_t now)
{
	struct peer *p = find(address), *place = &peers[0];

	if (p)
		return p;
	for (unsigned int i = 0; i < ATTEMPTS_PEERS; i++) {
		if (!peers[i].name[0]) {
			place = &peers[i];
			break;
		}
		if (matters_less(&peers[i], place, now))
			place = &peers[i];
	}
	memset(place, 0, sizeof(*place));
	peer_of_address(address, place->name);
	return place;
}

static uint32_t seconds_until(uint64_t when, uint64_t now)
{
	return (uint32_t)((when - now + SECOND - 1) / SECOND);
}

static void refill(uint64_t now)
{
	uint64_t more = (now - filled_at) / (ATTEMPTS_REFILL_S * SECOND);

	if (tries + more >= ATTEMPTS_BUCKET) {
		tries = ATTEMPTS_BUCKET;
		filled_at = now;
		return;
	}
	tries += (uint32_t)more;
	filled_at += more * ATTEMPTS_REFILL_S * SECOND;
}

uint32_t attempts_begin(const char *address, uint64_t now)
{
	struct peer *p = find(address);

	refill(now);
	if (p && p->until > now)
		return seconds_until(p->until, now);
	if (p && p->known)
		return 0;
	if (tries == 0)
		return seconds_until(filled_at + ATTEMPTS_REFILL_S * SECOND,
				     now);
	tries--;
	return 0;
}

bool attempts_is_known(const char *address)
{
	const struct peer *p = find(address);

	return p && p->known;
}

uint32_t attempts_failed(const char *address, uint64_t now)
{
	struct peer *p = find_or_add(address, now);
	uint32_t delay = ATTEMPTS_DELAY_S;

	if (p->failures &&
	    now - p->seen > ATTEMPTS_QUIET_S * SECOND && now > p->until +
	    ATTEMPTS_QUIET_S * SECOND)
		p->failures = 0;
	p->seen = now;
	if (++p->failures <= ATTEMPTS_FREE)
		return 0;
	for (uint32_t i = ATTEMPTS_FREE + 1;
	     i < p->failures && delay < ATTEMPTS_DELAY_MAX_S; i++)
		delay *= 2;
	if (delay > ATTEMPTS_DELAY_MAX_S)
		delay = ATTEMPTS_DELAY_MAX_S;
	p->until = now + delay * SECOND;
	return delay;
}

void attempts_succeeded(const char *address, uint64_t now)
{
	struct peer *p = find_or_add(address, now);

	p->failures = 0;
	p->until = 0;
	p->known = true;
	p->seen = now;
}
