/* SPDX-License-Identifier: MIT */
/* What `config` is for. */
#include <domain/usage.h>

const struct usage usage_config = {
	.name = "config",
	.what = "the configuration in force, and where each value comes from",
	.text = "config [--json] [KEY...]\n"
		"All values, or those of these keys. Sources: default (Kconfig's), "
			"build (chosen\n"
		"when this VMM was built), .tandemcf, tandem.conf and boot option, "
			"with the line.\n",
	.next = { { "", "--json --help" } },
};
