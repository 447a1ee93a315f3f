/* SPDX-License-Identifier: MIT */
/* What `ps` is for. */
#include <domain/usage.h>

const struct usage usage_ps = {
	.name = "ps",
	.what = "the programs that run in protection domains",
	.text = "ps [--json]\n"
		"State: ready (runs or could), waits (sleeps), calls (waits for "
			"an answer),\n"
		"queued (for a busy receiver), new (not started). CPU time in "
			"milliseconds,\n"
		"memory in KiB with page tables, descriptors in use, and who "
			"started it.\n",
	.next = { { "", "--json --help" } },
};
