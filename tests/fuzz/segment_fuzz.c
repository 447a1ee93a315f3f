/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: whatever a frame of the guest asks to be finished in software, it
 * is refused, or becomes frames that fit their size and hold each byte of the
 * payload once; the frame itself stays as it was.
 */
#include "net_fake.h"

#include "fuzz.h"

#include <net/segment.h>

static void check(const struct frame *f, uint32_t room)
{
	uint8_t *to = malloc(room ? room : 1);
	struct net_segmenter s;
	uint32_t total = 0;
	int n = net_segment_start(&s, f), len = 0;

	CHECK(n < 0 || n == 1 || (uint32_t)n <= f->len);
	for (int i = 0; i < n; i++) {
		len = net_segment_write(&s, (unsigned int)i, to, room);
		CHECK(len < 0 || (uint32_t)len <= room);
		if (len < 0)
			break;
		total += (uint32_t)len - s.header_len;
	}
	if (n > 0 && len > 0)
		CHECK(total == f->len - s.header_len);
	free(to);
}

/* A head, then the frame, in up to four pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, size };
	struct frame f = { .refs = 1 };
	uint8_t pieces = fuzz_byte(&in), *bytes[4], *copy;
	uint32_t room, fill;

	f.flags = fuzz_byte(&in) & (FRAME_CSUM_PARTIAL | FRAME_TSO4 |
				    FRAME_TSO6 | FRAME_CSUM_VALID);
	f.csum_start = fuzz_word(&in);
	f.csum_offset = fuzz_word(&in);
	f.mss = fuzz_word(&in);
	room = fuzz_word(&in) % 4096;
	fill = fuzz_word(&in);		/* bytes behind those of the input */
	f.n_segments = 1 + pieces % 4;
	f.len = MIN((uint32_t)in.left + fill, 65550u);
	copy = calloc(1, f.len + 1);
	memcpy(copy, in.at, MIN(in.left, f.len));
	for (uint32_t i = 0, at = 0; i < f.n_segments; i++) {
		uint32_t n = i + 1 == f.n_segments ? f.len - at :
			     MIN(f.len - at, (uint32_t)(pieces >> 2));

		bytes[i] = malloc(n ? n : 1);
		memcpy(bytes[i], copy + at, n);
		f.segment[i].virt = bytes[i];
		f.segment[i].len = n;
		at += n;
	}
	check(&f, room);
	for (uint32_t i = 0, at = 0; i < f.n_segments; i++) {
		CHECK(!memcmp(bytes[i], copy + at, f.segment[i].len));
		at += f.segment[i].len;
		free(bytes[i]);
	}
	free(copy);
	return 0;
}

#define MACS	"\2\0\0\0\0\1\2\0\0\0\0\2"
#define TCP	"\0\7\4\0\0\0\0\1\0\0\0\1\x50\x18\xff\xff\0\0\0\0"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\1\3\x22\0\x10\0\xb4\5\xff\x0f\0\x10" MACS "\x08\0"
		  "\x45\0\x10\x28\0\0\0\0\x40\6\0\0\x0a\0\2\2\x0a\0\2\3" TCP),
	FUZZ_SEED("\2\5\x36\0\x10\0\xa0\5\xff\x0f\0\x10" MACS "\x86\xdd"
		  "\x60\0\0\0\x10\x14\6\x40" "0123456789abcdef"
		  "0123456789abcdef" TCP),
	FUZZ_SEED("\0\1\x22\0\6\0\0\0\xff\x0f\x20\0" MACS "\x08\0"
		  "\x45\0\0\x3c\0\0\0\0\x40\x11\0\0\x0a\0\2\2\x0a\0\2\3"
		  "\0\7\0\7\0\x28\0\0"),
	{ NULL, 0 },
};
