/* SPDX-License-Identifier: MIT */
/* Frames at the switch, kept for the management service (abi/mgmt.h). */
#ifndef NET_CAPTURE_H
#define NET_CAPTURE_H

#include <net/net.h>
#include <tandem/domain.h>

struct mgmt_capture_filter;

/* Whether somebody captures: read without a lock, as it is just then. */
extern bool net_capture_on;

/*
 * n frames from a port went through the switch; of those for port id, by
 * targets, the first done[id] were accepted. Any CPU, exit context.
 */
void net_capture_frames(const struct net_port *from, struct frame *const *f,
			const uint8_t *targets, unsigned int n,
			const unsigned int done[NET_PORTS]);

/* Bytes of a frame's beginning that the filter looks at. */
#define CAPTURE_HEAD_MAX	94

/*
 * Whether the filter lets a frame through that begins with len bytes of head,
 * as far as its bytes say.
 */
bool net_capture_wants(const struct mgmt_capture_filter *c, const uint8_t *head,
		       uint32_t len);

/* A service is about to be gone: if the capture is its, it ends. */
void net_capture_owner_ended(const struct domain *d);

#endif
