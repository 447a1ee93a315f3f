/* SPDX-License-Identifier: MIT */
/* `version`: release and build of the VMM, in the core's words. */
#include <domain/command.h>

int command(int argc, char **argv)
{
	(void)argc, (void)argv;
	return command_show("version");
}
