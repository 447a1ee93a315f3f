/* SPDX-License-Identifier: MIT */
/*
 * Offload requests done in software, for ports that take only finished
 * frames: completing a checksum, cutting a TCP frame into segments.
 */
#ifndef NET_SEGMENT_H
#define NET_SEGMENT_H

#include <net/net.h>

/* Ethernet, VLAN, IPv6 (or IPv4 with options), TCP with options, and slack. */
#define NET_HEADERS_MAX		192

struct net_segmenter {
	const struct frame *f;
	unsigned int n;			/* finished frames in f */
	uint32_t header_len;		/* 0: not cut */
	uint32_t mss;
	uint16_t l3, l4;		/* offsets of IP and TCP header */
	bool ipv6;
	uint8_t header[NET_HEADERS_MAX];
};

/*
 * Prepare f, which stays unchanged. Returns the number of finished frames it
 * makes (1 if it needs no cutting), or -EINVAL if what it asks for does not
 * fit its bytes.
 */
int net_segment_start(struct net_segmenter *s, const struct frame *f);

/*
 * Write finished frame number i (from 0) to dst. Returns its length in bytes,
 * -EMSGSIZE if it exceeds size, -EINVAL as above.
 */
int net_segment_write(const struct net_segmenter *s, unsigned int i,
		      uint8_t *dst, uint32_t size);

/*
 * Ones' complement sum (RFC 1071) of len bytes, added to sum; not folded and
 * not inverted. A part of odd length may only be the last.
 */
uint32_t net_sum(const void *p, uint32_t len, uint32_t sum);

/* Fold a sum to 16 bits and invert it: the checksum, in host order. */
uint16_t net_sum_finish(uint32_t sum);

#endif
