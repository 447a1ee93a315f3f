/* SPDX-License-Identifier: MIT */
/* What `spin` is for. */
#include <domain/usage.h>

const struct usage usage_spin = {
	.name = "spin",
	.what = "run for ever on purpose (for tests)",
	.text = "spin\n"
		"Never waits, and so is ended by the VMM (DOMAIN_CPU_MS).\n",
};
