/* SPDX-License-Identifier: MIT */
/* What `mgmtctl` is for. */
#include <domain/usage.h>

const struct usage usage_mgmtctl = {
	.name = "mgmtctl",
	.what = "the management service: where it is, its certificate, counters",
	.text = "mgmtctl status [--json]\n"
		"The address for a browser, the SHA-256 fingerprint of the\n"
		"certificate to compare there, and what was served and refused.\n",
	.next = { { "", "status" }, { "status", "--json" } },
};
