/* SPDX-License-Identifier: MIT */
/* What `exits` is for. */
#include <domain/usage.h>

const struct usage usage_exits = {
	.name = "exits",
	.what = "VM exits by reason; \"exits 10\" counts for 10 seconds",
	.text = "exits [-c] [--json] [SECONDS]\n"
		"  -c, --cpu  of each CPU, not of all together\n"
		"  --json     one JSON object: \"us\", how long was counted, and\n"
		"             \"exits\", a list of objects with \"cpu\" (-c), "
			"\"reason\",\n"
		"             \"code\", \"count\" (so far) and \"rate\" (a "
			"second)\n"
		"  SECONDS    how long to count for the rate, 1 to 3600 (1)\n",
	.next = { { "", "--cpu --json --help" } },
};
