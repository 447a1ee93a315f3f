/* SPDX-License-Identifier: MIT */
/* Exit counters, see exits.h. One slot a reason; NPF (0x400) has the last. */
#include "exits.h"

#define SLOTS	0x100

static uint64_t count[SLOTS];

void exits_count(unsigned int code)
{
	count[code < SLOTS - 1 ? code : SLOTS - 1]++;
}
