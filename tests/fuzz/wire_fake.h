/* SPDX-License-Identifier: MIT */
/*
 * A TCP connection below lwIP's altcp layers that does as a fuzz target says: one
 * at a time, what is written to it stays to be looked at.
 */
#ifndef FUZZ_WIRE_FAKE_H
#define FUZZ_WIRE_FAKE_H

#include <lwip/altcp.h>
#include <lwip/tcp.h>
#include <stddef.h>
#include <stdint.h>

#define WIRE_MAX	(1u << 17)	/* bytes that are written to one */

struct wire {
	struct altcp_pcb *conn;		/* NULL: it has ended */
	struct tcp_pcb pcb;		/* as much of it as tls.c looks at */
	u16_t room;			/* of the send buffer */
	uint8_t out[WIRE_MAX];		/* what the server has sent */
	size_t out_len, opened;
};

extern struct wire wire;

#endif
