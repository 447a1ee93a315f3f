/* SPDX-License-Identifier: MIT */
/*
 * What the management service's TLS server calls, for fuzz targets that have the
 * server itself: a clock, random numbers that are the same each time, a core
 * without files, a heap of a size that the target says.
 */
#ifndef FUZZ_MGMT_HOST_H
#define FUZZ_MGMT_HOST_H

#include <stddef.h>
#include <stdint.h>

struct tls_server;

extern uint64_t host_time;		/* the VMM's, in us */
extern uint32_t host_random;		/* where random numbers begin */
extern struct tls_server mgmt_host_server;	/* with the service's identity */
/* Makes key and certificate. */
void mgmt_host_certify(void);

extern size_t host_heap_used;		/* of CONFIG_NETD_MEMORY_KIB */

#endif
