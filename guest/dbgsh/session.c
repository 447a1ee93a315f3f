/* SPDX-License-Identifier: MIT */
/* How a session begins, and how one waits; see session.h. */
#include "session.h"
#include "terminal.h"

#define FIRST_CALLS_MAX	100000		/* to get rid of an old session */

void session_pause(unsigned int *times)
{
	unsigned int us = 100u << (*times < 7 ? *times : 7);

	sleep_us(us < 10000 ? us : 10000);
	++*times;
}

/*
 * A fresh shell greets; one that asks for input before it has said anything
 * belongs to a program that was killed and whose address space we have got:
 * end it, and whatever runs in it. ^D does so on an empty line only, which ^C
 * makes of a half-typed one.
 */
int session_first(session_call_t call)
{
	unsigned int idle = 0, ends = 0, calls;
	int answer = SESSION_NOTHING, byte = -1;
	bool stale = false;

	for (calls = 0; calls < FIRST_CALLS_MAX; calls++) {
		answer = call(byte);
		byte = -1;
		if (answer == SESSION_WANTS_INPUT) {
			if (ends++ == SESSION_ENDS_MAX)
				return answer;	/* it is used as it is */
			stale = true;
			byte = ends % 2 ? SESSION_INTERRUPT_KEY
					: SESSION_END_KEY;
		} else if (answer == SESSION_NOTHING) {
			session_pause(&idle);
		} else if (!stale) {
			return answer;
		} else if (answer == SESSION_OVER) {
			stale = false;
		}
	}
	return answer;
}
