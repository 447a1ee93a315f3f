/* SPDX-License-Identifier: MIT */
/* What `usertests` is for. */
#include <domain/usage.h>

const struct usage usage_usertests = {
	.name = "usertests",
	.what = "ask the core hostile questions (for tests); "
		"\"usertests -l\" lists them",
};
