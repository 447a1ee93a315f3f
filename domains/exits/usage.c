/* SPDX-License-Identifier: MIT */
/* What `exits` is for. */
#include <domain/usage.h>

const struct usage usage_exits = {
	.name = "exits",
	.what = "VM exits by reason; \"exits 10\" counts for 10 seconds",
	.next = { { "", "-c --json --help" } },
};
