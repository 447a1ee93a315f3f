/* SPDX-License-Identifier: MIT */
/* When to make the certificate anew, see settle.h. */
#include "settle.h"

bool settle_is_due(struct settle *s, bool stale, bool changed, uint64_t now)
{
	if (!stale) {
		s->waits = false;
		return false;
	}
	if (!s->waits) {
		s->waits = true;
		s->since = s->quiet = now;
	}
	if (changed)
		s->quiet = now;
	if (now - s->quiet < SETTLE_QUIET_US && now - s->since < SETTLE_MOST_US)
		return false;
	if (s->made && now - s->made_at < SETTLE_PAUSE_US)
		return false;
	s->waits = false;
	s->made = true;
	s->made_at = now;
	return true;
}
