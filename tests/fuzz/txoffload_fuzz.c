/* SPDX-License-Identifier: MIT */
/*
 * Can any frame that a guest makes up lead transmit offload outside of its
 * buffers, into an endless number of packets, or to a request that the
 * hardware cannot fulfil? Input: a head of wishes, then the frame's bytes.
 */
#include <string.h>

#include "../unit/bnx_model.h"
#include "../../net/bnx/regs.h"

struct wishes {
	uint8_t flags, lso, pieces, force_soft;
	uint16_t csum_start, csum_offset, mss, vlan;
};

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void send(struct frame *f, enum txoffload_lso lso, bool force_soft)
{
	static struct model_wire wire;
	static struct txoffload_soft soft;
	uint8_t *slot = malloc(TXOFFLOAD_SLOT_SIZE);
	uint8_t *packet = malloc(TXOFFLOAD_PACKET_MAX);
	struct txoffload o;
	int r = txoffload_prepare(f, lso, slot, &o);
	uint32_t n, total = 0;

	if (r == TXOFFLOAD_HARDWARE && !force_soft) {
		uint32_t len = o.header_len + f->len - o.skip;
		uint8_t *bytes = malloc(len);

		CHECK(o.header_len <= TXOFFLOAD_SLOT_SIZE && o.skip <= f->len);
		memcpy(bytes, slot, o.header_len);
		CHECK(frame_copy(f, o.skip, bytes + o.header_len,
				 f->len - o.skip));
		/* shorter ones are padded by the hardware */
		if (len >= TXOFFLOAD_PACKET_MIN)
			model_send(&wire, lso, bytes, len, o.flags, o.mss,
				   o.vlan);
		free(bytes);
	} else if (r >= 0 && !txoffload_soft_start(&soft, f)) {
		while ((n = txoffload_soft_next(&soft, packet))) {
			CHECK(n >= TXOFFLOAD_PACKET_MIN &&
			      n <= NET_FRAME_MAX + 4);
			CHECK(++total <= f->len);
		}
		CHECK(total);
	}
	model_clear(&wire);
	free(packet);
	free(slot);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	struct frame f = { .origin = NET_GUEST };
	struct wishes w;
	uint8_t *data;
	size_t len;

	if (size <= sizeof(w))
		return 0;
	memcpy(&w, input, sizeof(w));
	len = size - sizeof(w);
	data = malloc(len);
	memcpy(data, input + sizeof(w), len);
	f.flags = w.flags & (FRAME_CSUM_PARTIAL | FRAME_TSO4 | FRAME_TSO6 |
			     FRAME_VLAN);
	f.csum_start = w.csum_start;
	f.csum_offset = w.csum_offset;
	f.mss = w.mss;
	f.vlan = w.vlan;
	srand(w.pieces);
	model_scatter(&f, data, (uint32_t)len,
		      1 + w.pieces % NET_FRAME_SEGMENTS);
	send(&f, w.lso & 1, w.force_soft & 1);
	free(data);
	return 0;
}
