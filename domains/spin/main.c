/* SPDX-License-Identifier: MIT */
/*
 * `spin`: never waits and never ends, for the tests: the core must end it
 * after CONFIG_DOMAIN_CPU_MS, and serve the guest in the meantime.
 */
#include <domain/command.h>

int command(int argc, char **argv)
{
	(void)argc, (void)argv;
	for (;;)
		__asm__ volatile("pause");
}
