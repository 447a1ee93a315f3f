/* SPDX-License-Identifier: MIT */
/* `ps`: the programs that run in protection domains, in the core's words. */
#include <domain/command.h>

int command(int argc, char **argv)
{
	(void)argc, (void)argv;
	return command_show("domain_list");
}
