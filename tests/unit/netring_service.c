// SPDX-License-Identifier: MIT
/*
 * net/stack/service.c as it is, and a way to its backend, which only the
 * linker's tables of the VMM name.
 */
#include "../../net/stack/service.c"

int netring_create(struct net_port *p);

uint64_t random64(void)
{
	static uint64_t last;

	return last += 0x9e3779b97f4a7c15;
}

int netring_create(struct net_port *p)
{
	return stack_backend.create(p, NULL);
}
