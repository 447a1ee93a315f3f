/* SPDX-License-Identifier: MIT */
/* What `log` is for. */
#include <domain/usage.h>

const struct usage usage_log = {
	.name = "log",
	.what = "the VMM's log, of this boot or the one before",
	.text = "log [-f] [-p] [-l LEVEL] [-n LINES]\n"
		"log LINES\n"
		"  -f, --follow       go on with what is logged; q or ^C ends it\n"
		"  -p, --previous     the log of the boot before: how it ended\n"
		"  -l, --level LEVEL  no lines less grave than error, warning, info\n"
		"                     or debug\n"
		"  -n, --lines LINES  only the last ones\n",
	.next = { { "", "--follow --previous --level --lines --help" },
		  { "--level", "error warning info debug" },
		  { "-l", "error warning info debug" } },
};
