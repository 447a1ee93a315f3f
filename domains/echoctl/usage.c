/* SPDX-License-Identifier: MIT */
/* What `echoctl` is for. */
#include <domain/usage.h>

const struct usage usage_echoctl = {
	.name = "echoctl",
	.what = "echo server and client: see \"echoctl help\"",
	.next = { { "", "server client status help" },
		  { "server", "start stop" }, { "status", "--json" },
		  { "client", "connect send close" } },
};
