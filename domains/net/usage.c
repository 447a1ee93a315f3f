/* SPDX-License-Identifier: MIT */
/* What `net` is for. */
#include <domain/usage.h>

const struct usage usage_net = {
	.name = "net",
	.what = "the shared network card and the VMM's TCP/IP stack",
	.text = "net [--json] [ports|link|address|counters|syslog|"
			"time|mdns|netbios|neighbours|connections]\n"
		"  ports        the switch's ports with their counters, frames "
			"lost by reason\n"
		"  link         state, speed and address of the card\n"
		"  address      the VMM's own addresses\n"
		"  counters     what its stack has received and sent\n"
		"  syslog       where the log goes, and how much of it has gone\n"
		"  time         UTC, and the server that tells it\n"
		"  mdns         the VMM's name on the link, and what it tells "
			"there\n"
		"  netbios      the same for NetBIOS\n"
		"  neighbours   IP addresses and their MAC addresses (ARP, IPv6)\n"
		"  connections  TCP connections and listeners, UDP ports\n"
		"Without a word: all but link, neighbours and connections. "
			"Counters that are 0 are left out.\n",
	.next = { { "", "ports link address counters syslog time mdns netbios "
			"neighbours connections "
			"--json --help" } },
};
