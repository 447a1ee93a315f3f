/* SPDX-License-Identifier: MIT */
/* What `help` is for. */
#include <domain/usage.h>

const struct usage usage_help = {
	.name = "help",
	.what = "this list; \"help COMMAND\" tells more",
	.text = "help [COMMAND]\n"
		"The commands of this shell, or how to use one of them.\n",
};
