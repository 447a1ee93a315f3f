/* SPDX-License-Identifier: MIT */
/*
 * For the tests of net/bnx: frames made of scattered pieces, and what a
 * BCM5722 would put on the wire for the send BDs that the driver wrote.
 */
#ifndef BNX_MODEL_H
#define BNX_MODEL_H

#include <net/net.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../net/bnx/txoffload.h"

#define CHECK(x) do { \
	if (!(x)) { \
		fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); \
		abort(); \
	} \
} while (0)

#define MODEL_PACKETS	2048

struct model_packet {
	uint8_t *data;
	uint32_t len;
};

/* What the hardware sends for one packet of send BDs (headers in bytes). */
struct model_wire {
	unsigned int n;
	struct model_packet packet[MODEL_PACKETS];
};

/*
 * bytes: what the BDs of one packet hold, in order; flags, mss and vlan as in
 * the BDs. Appends what is sent; checks that the request is one that the
 * hardware can fulfil.
 */
void model_send(struct model_wire *w, enum txoffload_lso lso,
		const uint8_t *bytes, uint32_t len, uint16_t flags,
		uint16_t mss, uint16_t vlan);
void model_clear(struct model_wire *w);

/* Internet checksum of n bytes from sum on: 0 over a right checksum. */
uint16_t model_checksum(const uint8_t *p, uint32_t n, uint32_t sum);

/* Sum of the pseudo header of the packet at l3, for an L4 length. */
uint32_t model_pseudo(const uint8_t *l3, uint8_t protocol, uint32_t l4_len);

/* Split f's len bytes at data into random pieces, none empty. */
void model_scatter(struct frame *f, uint8_t *data, uint32_t len,
		   unsigned int pieces);

#endif
