/* SPDX-License-Identifier: MIT */
/* What `crash` is for. */
#include <domain/usage.h>

const struct usage usage_crash = {
	.name = "crash",
	.what = "break a rule of domains on purpose (for tests)",
};
