// SPDX-License-Identifier: MIT
/*
 * Does netd leave the sum of the pseudo header where the NIC goes on from, in TCP
 * segments and nowhere else: not in a fragment, whose bytes there are the
 * sender's data, and not behind the frame's end?
 */
#include "../../net/stack/lwip/stack.h"
#include "check.h"

#include <net/vlan.h>
#include <netring.h>
#include <stdlib.h>
#include <string.h>

#define HEADER	14u

static unsigned int checks;
static uint8_t frame[128];

/* A frame of 100 bytes, TCP behind options bytes of IPv4's. */
static void make4(unsigned int options)
{
	static const uint8_t addresses[8] = { 10, 0, 2, 50, 10, 0, 2, 2 };

	memset(frame, 0x5a, sizeof(frame));
	put16(frame + 12, 0x0800);
	frame[HEADER] = (uint8_t)(0x45 + options / 4);
	put16(frame + HEADER + 6, 0x4000);		/* do not fragment */
	frame[HEADER + 9] = 6;
	memcpy(frame + HEADER + 12, addresses, sizeof(addresses));
}

static void make6(void)
{
	memset(frame, 0, sizeof(frame));
	put16(frame + 12, 0x86dd);
	frame[HEADER] = 0x60;
	frame[HEADER + 6] = 6;
	frame[HEADER + 8] = 0xfe;
	frame[HEADER + 24] = 0xff;
}

static bool left_at(uint16_t flags, unsigned int tcp, uint16_t sum)
{
	return flags == (NETRING_CSUM_TCP | tcp << NETRING_TCP_SHIFT) &&
	       get16(frame + tcp + NETRING_TCP_CSUM) == sum;
}

/* Nothing is changed, and nothing asked of the NIC. */
static bool untouched(uint32_t len)
{
	uint8_t *copy = malloc(len), before[sizeof(frame)];
	bool same;

	memcpy(copy, frame, len);	/* ASan knows where it ends */
	memcpy(before, frame, len);
	same = !stack_leave_checksum(copy, len) && !memcmp(copy, before, len);
	free(copy);
	return same;
}

static void segments_get_the_pseudo_headers_sum(void)
{
	/* 0x0a00 + 0x0232 + 0x0a00 + 0x0202, the protocol, the length */
	make4(0);
	CHECK(left_at(stack_leave_checksum(frame, 100), 34,
		      0x1834 + 6 + 66));
	make4(8);
	CHECK(left_at(stack_leave_checksum(frame, 100), 42,
		      0x1834 + 6 + 58));
	make6();
	CHECK(left_at(stack_leave_checksum(frame, 100), 54,
		      (uint16_t)(0xfe00 + 0xff00 - 0xffff + 6 + 46)));
}

static void fragments_are_left_alone(void)
{
	make4(0);
	put16(frame + HEADER + 6, 0x2000);	/* the first */
	CHECK(untouched(100));
	put16(frame + HEADER + 6, 0x20b9);	/* one in the middle */
	CHECK(untouched(100));
	put16(frame + HEADER + 6, 0x00b9);	/* the last */
	CHECK(untouched(100));
	make6();
	frame[HEADER + 6] = 44;
	CHECK(untouched(100));
}

static void what_is_no_segment_is_left_alone(void)
{
	for (uint32_t len = 1; len < HEADER + 40; len++) {
		make4(0);
		CHECK(untouched(len));
	}
	for (uint32_t len = 1; len < HEADER + 60; len++) {
		make6();
		CHECK(untouched(len));
	}
	make4(40);
	CHECK(untouched(HEADER + 60 + 19));
	make4(0);
	frame[HEADER] = 0x44;
	CHECK(untouched(100));
	make4(0);
	frame[HEADER + 9] = 17;
	CHECK(untouched(100));
}

int main(void)
{
	segments_get_the_pseudo_headers_sum();
	fragments_are_left_alone();
	what_is_no_segment_is_left_alone();
	printf("%u checks\n", checks);
	return 0;
}
