/* SPDX-License-Identifier: MIT */
/* What the shell does itself. */
#include <domain/usage.h>

const struct usage usage_exit = {
	.name = "exit",
	.what = "end this session",
	.text = "exit\n"
		"Ends the session; ^D on an empty line does, too.\n",
};
