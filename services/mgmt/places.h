/* SPDX-License-Identifier: MIT */
/*
 * Places for connections: how many there may be, how many of them in their
 * handshake, how many of one peer (peer.h), and which one gives way when a
 * newcomer finds none. Who is being answered never gives way, but a stranger who
 * is slow to take it. A peer with its share of the places gets another one by
 * leaving one of its own, so that nobody keeps the others out. Tested on the
 * host.
 */
#ifndef MGMT_PLACES_H
#define MGMT_PLACES_H

#include <services/netd.h>
#include <stdbool.h>
#include <stdint.h>

enum phase {
	HANDSHAKE,
	IDLE,			/* no byte of a request has come */
	READING,
	ANSWERING,
	LAST,			/* the answer is the last thing sent */
};

struct place {
	struct place *next;
	char peer[NETD_IP_MAX];
	enum phase phase;
	uint64_t since;			/* VMM time: phase, or last progress */
	uint64_t asked;			/* its request was complete */
};

/* From the newest on. */
extern struct place *places;

/* How many connections and handshakes there may be at once, each at least 1. */
void places_limits(unsigned int connections, unsigned int handshakes);

/* A new place, in its handshake; address is the other's, as text. */
void places_add(struct place *p, const char *address);
void places_remove(struct place *p);

/* A phase begins. */
void places_phase(struct place *p, enum phase phase);

enum places_verdict {
	PLACE_FREE,
	NO_HANDSHAKE,			/* too many are in theirs */
	NO_PLACE,
	NO_PLACE_FOR_PEER,		/* it has its share */
};

/*
 * Is there a place for a newcomer from that address? What has to give way for
 * it is ended by places_end() before.
 */
enum places_verdict places_admit(const char *address);

/* From gate.c: ends that one, which removes it; and may it, while ANSWERING? */
void places_end(struct place *p);
bool places_is_strangers(const struct place *p);

#endif
