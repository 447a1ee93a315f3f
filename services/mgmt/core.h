/* SPDX-License-Identifier: MIT */
/* The handlers of the core that are for netd alone (abi/mgmt.h); core.c. */
#ifndef MGMT_CORE_H
#define MGMT_CORE_H

#include <domain/syscall.h>
#include <stddef.h>

/*
 * Sends to the core's handler of that name, which is opened for it. What it
 * answers, or -errno.
 */
int core_ask(const char *handler, int operation, struct msg_buf *bufs,
	     size_t n);

#endif
