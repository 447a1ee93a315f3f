/* SPDX-License-Identifier: MIT */
/* What `iperf` is for. */
#include <domain/usage.h>

const struct usage usage_iperf = {
	.name = "iperf",
	.what = "measure the VMM's TCP with iperf 2",
	.text = "iperf [PORT]\n"
		"Answers iperf 2 on that port (5001) from now on; \"iperf -c "
			"ADDRESS\" elsewhere\n"
		"measures to the VMM, \"iperf -c ADDRESS -r\" also from it. "
			"\"log\" has the VMM's figures.\n",
	.next = { { "", "--help" } },
};
