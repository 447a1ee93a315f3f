/* SPDX-License-Identifier: MIT */
/* Places for connections, see places.h. */
#include "places.h"

#include "peer.h"

#include <domain/syscall.h>
#include <services/mgmt.h>
#include <stddef.h>
#include <string.h>

#define SECOND		1000000ull
#define GIVES_WAY_US	SECOND		/* half-open, idle, reading so long */
#define STRANGER_US	(10 * SECOND)	/* the same of a stranger's answer */

extern struct mgmt_status mgmt_status;

struct place *places;
static unsigned int connections_max = 1, handshakes_max = 1;

void places_limits(unsigned int connections, unsigned int handshakes)
{
	connections_max = mgmt_status.connections_max = connections;
	handshakes_max = mgmt_status.handshakes_max = handshakes;
}

void places_add(struct place *p, const char *address)
{
	peer_of_address(address, p->peer);
	p->phase = HANDSHAKE;
	p->since = sys_time();
	p->next = places;
	places = p;
	mgmt_status.handshakes++;
}

void places_remove(struct place *p)
{
	struct place **at = &places;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	if (p->phase == HANDSHAKE)
		mgmt_status.handshakes--;
	else
		mgmt_status.connections--;
}

void places_phase(struct place *p, enum phase phase)
{
	if (p->phase == HANDSHAKE && phase != HANDSHAKE) {
		mgmt_status.handshakes--;
		mgmt_status.connections++;
	}
	p->phase = phase;
	p->since = sys_time();
}

/* May p give way to a newcomer? */
static bool may_go(const struct place *p, uint64_t now)
{
	if (p->phase == ANSWERING)
		return places_is_strangers(p) && now - p->asked >= STRANGER_US;
	return now - p->since >= GIVES_WAY_US;
}

/*
 * Ends the connection that has been longest in that phase, if long enough; with
 * peer one of that peer's.
 */
static bool give_way(enum phase phase, const char *peer)
{
	struct place *oldest = NULL;

	for (struct place *p = places; p; p = p->next)
		if (p->phase == phase && may_go(p, sys_time()) &&
		    (!peer || !strcmp(p->peer, peer)) &&
		    (!oldest || p->since < oldest->since))
			oldest = p;
	if (!oldest)
		return false;
	if (phase == HANDSHAKE)
		mgmt_status.late_handshakes++;
	else if (phase == IDLE)
		mgmt_status.idle++;
	else if (phase == READING)
		mgmt_status.late_requests++;
	else
		mgmt_status.stuck++;
	places_end(oldest);
	return true;
}

static bool any_gives_way(const char *peer)
{
	return give_way(IDLE, peer) || give_way(READING, peer) ||
	       give_way(ANSWERING, peer);
}

/* How many that peer has; of them, in their handshake. */
static unsigned int count(const char *peer, unsigned int *handshakes)
{
	unsigned int n = 0;

	*handshakes = 0;
	for (const struct place *p = places; p; p = p->next) {
		if (strcmp(p->peer, peer) != 0)
			continue;
		n++;
		*handshakes += p->phase == HANDSHAKE;
	}
	return n;
}

/* Of n places: all but a quarter, but one at least is left to others. */
static unsigned int share(unsigned int n)
{
	return n > 1 ? n - (n + 3) / 4 : 1;
}

enum places_verdict places_admit(const char *address)
{
	char peer[NETD_IP_MAX];
	unsigned int of_peer, its_handshakes;

	peer_of_address(address, peer);
	of_peer = count(peer, &its_handshakes);
	if (its_handshakes >= share(handshakes_max)) {
		if (!give_way(HANDSHAKE, peer))
			return NO_HANDSHAKE;
		of_peer--;
	}
	if (mgmt_status.handshakes >= handshakes_max &&
	    !give_way(HANDSHAKE, NULL))
		return NO_HANDSHAKE;
	if (of_peer >= share(connections_max) && !any_gives_way(peer))
		return NO_PLACE_FOR_PEER;
	if (mgmt_status.connections + mgmt_status.handshakes >=
	    connections_max && !any_gives_way(NULL))
		return NO_PLACE;
	return PLACE_FREE;
}
