/* SPDX-License-Identifier: MIT */
/* What `kill` is for. */
#include <domain/usage.h>

const struct usage usage_kill = {
	.name = "kill",
	.what = "end a program (for tests)",
	.text = "kill PROGRAM|ID\n"
		"Ends a program from outside; \"ps\" lists them. netd is "
			"started again. Only in\n"
		"builds with DEBUG_COMMANDS, since any user of the guest may "
			"use it.\n",
	.next = { { "", "netd" } },
};
