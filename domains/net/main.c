/* SPDX-License-Identifier: MIT */
/*
 * `net`: the shared network card as the core sees it, then the VMM's own
 * TCP/IP stack as netd sees it.
 */
#include <domain/command.h>
#include <domain/tty.h>
#include <tandem/kconfig.h>

int command(int argc, char **argv)
{
	int status;

	(void)argc, (void)argv;
	status = command_show("net_status");
	if (IS_ENABLED(CONFIG_NETD) && command_show("netd") != 0) {
		printf("netd, the VMM's TCP/IP stack, does not answer\n");
		return COMMAND_FAILED;
	}
	return status;
}
