/* SPDX-License-Identifier: MIT */
/*
 * What must happen to a frame before this NIC can send it: which offload the
 * hardware does, which headers have to be prepared in a private copy for it,
 * and the same work in software for frames that the hardware cannot take.
 * Nothing here touches hardware; the file is fuzzed on the host.
 *
 * Offload requests are virtio's: with FRAME_CSUM_PARTIAL the field holds the
 * sum of the pseudo header, not complemented.
 */
#ifndef BNX_TXOFFLOAD_H
#define BNX_TXOFFLOAD_H

#include <net/net.h>

/* Bytes of the slot that each send BD has for headers and small frames. */
#define TXOFFLOAD_SLOT_SIZE	256u
/* Room that one packet made by txoffload_soft_next needs. */
#define TXOFFLOAD_PACKET_MAX	1536u
/* The hardware pads shorter frames; done here so that it is with zeros. */
#define TXOFFLOAD_PACKET_MIN	60u
/* A buffer this short or shorter must not be in a send BD (5755 and later). */
#define TXOFFLOAD_SHORT_DMA	8u

/* How the chip wants a large send described. */
enum txoffload_lso {
	TXOFFLOAD_HW_TSO_2,		/* 5755, 5787 (5722) */
	TXOFFLOAD_HW_TSO_3,		/* 57765 class */
};

/* result of txoffload_prepare */
#define TXOFFLOAD_HARDWARE	0
#define TXOFFLOAD_SOFTWARE	1

struct txoffload {
	uint16_t flags;		/* SEND_BD_*, the same in all BDs but END */
	uint16_t mss, vlan;	/* as they stand in the BD */
	uint16_t header_len;	/* bytes in the slot, sent first; may be 0 */
	uint32_t skip;		/* bytes of the frame that they replace */
};

/*
 * Look at f and write what precedes its payload into slot (of
 * TXOFFLOAD_SLOT_SIZE bytes, memory that only the VMM writes). Returns
 * TXOFFLOAD_HARDWARE with o filled in; TXOFFLOAD_SOFTWARE if the hardware
 * cannot do what f asks for; -EINVAL if f cannot be a frame. A frame that fits
 * is copied as a whole: then o->skip == f->len and f is no longer needed.
 */
int txoffload_prepare(const struct frame *f, enum txoffload_lso lso,
		      uint8_t *slot, struct txoffload *o);

/* A frame that is sent as complete packets made by software. */
struct txoffload_soft {
	struct frame *frame;
	uint8_t header[TXOFFLOAD_SLOT_SIZE];
	uint16_t header_len, l3, l4;	/* TSO: of header */
	uint16_t ip_id, mss;
	uint32_t offset;		/* of the next byte to send */
	uint32_t sequence;
	bool segmented, ipv6, csum, done;
};

/* Begin with f. 0, or -EINVAL: f cannot be a frame. */
int txoffload_soft_start(struct txoffload_soft *s, struct frame *f);

/*
 * Make the next packet in dst (TXOFFLOAD_PACKET_MAX bytes). Returns its
 * length; 0 when there are no more. A FRAME_VLAN tag is not in the bytes.
 */
uint32_t txoffload_soft_next(struct txoffload_soft *s, uint8_t *dst);

#endif
