/* SPDX-License-Identifier: MIT */
/* What `version` is for. */
#include <domain/usage.h>

const struct usage usage_version = {
	.name = "version",
	.what = "release and build of this VMM",
	.text = "version [--json]\n"
		"The release, the compiler, and a digest of the configuration "
			"of the build:\n"
		"two builds with the same one were configured alike.\n",
	.next = { { "", "--json --help" } },
};
