/* SPDX-License-Identifier: MIT */
/*
 * Places for connections: who gives way to whom, does a peer with many
 * connections keep the others out, and are those who are being answered left
 * alone? And the time for handshakes: no more than its part.
 */
#include "check.h"

#include "budget.h"
#include "places.h"

#include <domain/syscall.h>
#include <services/mgmt.h>
#include <stdlib.h>
#include <string.h>

#define SECOND	1000000ull

static unsigned int checks, ended;
static uint64_t now = SECOND;
static bool strangers;			/* all that is answered */

struct mgmt_status mgmt_status;

/* ---- what the code calls ---- */

uint64_t sys_time(void)
{
	return now;
}

void places_end(struct place *p)
{
	ended++;
	places_remove(p);
	free(p);
}

bool places_is_strangers(const struct place *p)
{
	(void)p;
	return strangers;
}

/* ---- helpers ---- */

static struct place *add(const char *address, enum phase phase)
{
	struct place *p = calloc(1, sizeof(*p));

	places_add(p, address);
	if (phase != HANDSHAKE)
		places_phase(p, phase);
	p->asked = now;
	return p;
}

/* As many as get in, at once. */
static unsigned int fill(const char *address, enum phase phase)
{
	unsigned int n = 0;

	while (n < 100 && places_admit(address) == PLACE_FREE) {
		add(address, phase);
		n++;
	}
	return n;
}

static void empty(unsigned int connections, unsigned int handshakes)
{
	while (places) {
		struct place *p = places;

		places_remove(p);
		free(p);
	}
	CHECK(!mgmt_status.connections && !mgmt_status.handshakes);
	places_limits(connections, handshakes);
	strangers = false;
	now += 100 * SECOND;
	ended = 0;
}

/* ---- the checks ---- */

static void one_peer_does_not_take_all(void)
{
	for (int i = 0; i < 2; i++) {
		const char *one = i ? "2001:DB8::1" : "10.0.0.1";
		const char *other = i ? "2001:DB8:0:1::1" : "10.0.0.2";

		empty(8, 4);
		CHECK(fill(one, ANSWERING) == 6);
		CHECK(places_admit(one) == NO_PLACE_FOR_PEER);
		if (i)		/* of the same network */
			CHECK(places_admit("2001:DB8::2") ==
			      NO_PLACE_FOR_PEER);
		CHECK(fill(other, ANSWERING) == 2);
		CHECK(places_admit(other) == NO_PLACE && !ended);
	}
	/* handshakes, likewise */
	empty(8, 4);
	CHECK(fill("10.0.0.1", HANDSHAKE) == 3);
	CHECK(places_admit("10.0.0.1") == NO_HANDSHAKE);
	CHECK(fill("10.0.0.2", HANDSHAKE) == 1 && !ended);
	/* but of one place, whoever comes has it */
	empty(1, 1);
	CHECK(fill("10.0.0.1", IDLE) == 1);
}

static void a_peer_makes_room_for_itself(void)
{
	struct place *others;

	empty(8, 4);
	others = add("10.0.0.2", IDLE);
	now++;
	CHECK(fill("10.0.0.1", IDLE) == 6);
	now += SECOND;
	CHECK(places_admit("10.0.0.1") == PLACE_FREE && ended == 1);
	CHECK(places == NULL || others->phase == IDLE);
	for (struct place *p = places; p; p = p->next)
		if (p == others)
			return;
	CHECK(!"the other's has gone");
}

static void who_is_answered_stays(void)
{
	empty(4, 4);
	add("10.0.0.1", ANSWERING);
	add("10.0.0.2", ANSWERING);
	add("10.0.0.3", ANSWERING);
	add("10.0.0.4", ANSWERING);
	now += 1000 * SECOND;
	CHECK(places_admit("10.0.0.5") == NO_PLACE && !ended);
	strangers = true;
	CHECK(places_admit("10.0.0.5") == PLACE_FREE && ended == 1);
}

static void the_oldest_gives_way_after_a_second(void)
{
	struct place *first;

	empty(3, 3);
	first = add("10.0.0.1", IDLE);
	now += SECOND / 2;
	add("10.0.0.2", READING);
	add("10.0.0.3", IDLE);
	CHECK(places_admit("10.0.0.4") == NO_PLACE);
	now += SECOND / 2;
	CHECK(places_admit("10.0.0.4") == PLACE_FREE && ended == 1);
	for (struct place *p = places; p; p = p->next)
		CHECK(p != first);
	empty(8, 2);
	add("10.0.0.1", HANDSHAKE);
	add("10.0.0.2", HANDSHAKE);
	CHECK(places_admit("10.0.0.3") == NO_HANDSHAKE);
	now += SECOND;
	CHECK(places_admit("10.0.0.3") == PLACE_FREE && ended == 1);
	empty(1, 1);
}

/* Whoever asks all the time gets a part of it, and some in advance. */
static void handshakes_have_their_part_of_the_time(void)
{
	struct budget b = { 0 };
	uint64_t start = 77 * SECOND, t = start, used = 0;

	while (t < start + 20 * SECOND) {
		if (budget_left(&b, t)) {
			budget_spend(&b, 30000);
			used += 30000;
			t += 30000;
		}
		t += 7;
	}
	CHECK(used > 20 * SECOND / BUDGET_PART);
	CHECK(used < 20 * SECOND / BUDGET_PART + BUDGET_ADVANCE_US + 30000);
	/* one long step is paid back */
	b = (struct budget){ .at = t };
	budget_spend(&b, 2 * SECOND);
	CHECK(!budget_left(&b, t + SECOND));
	CHECK(budget_left(&b, t + 4 * SECOND));
	CHECK(b.spent == 0);
}

int main(void)
{
	one_peer_does_not_take_all();
	a_peer_makes_room_for_itself();
	who_is_answered_stays();
	the_oldest_gives_way_after_a_second();
	handshakes_have_their_part_of_the_time();
	printf("%u checks\n", checks);
	return 0;
}
