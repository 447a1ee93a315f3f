/* SPDX-License-Identifier: MIT */
/*
 * Are blocks as long as they say, at both ends, whatever a frame's length, and is
 * a record that is none refused? What they mean is tshark's to judge.
 */
#include "check.h"
#include "pcapng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned int checks;

static uint32_t at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* How many blocks there are in n bytes, all of them whole. */
static unsigned int blocks(const uint8_t *p, size_t n)
{
	unsigned int count = 0;

	while (n) {
		uint32_t len = n >= 12 ? at(p + 4) : 0;

		CHECK(len >= 12 && len % 4 == 0 && len <= n);
		CHECK(at(p + len - 4) == len);
		p += len;
		n -= len;
		count++;
	}
	return count;
}

static void the_head_is_a_section_and_three_interfaces(void)
{
	uint8_t *head = malloc(PCAPNG_HEAD_MAX);
	size_t n = pcapng_head(head, 128);

	CHECK(n <= PCAPNG_HEAD_MAX && blocks(head, n) == 4);
	CHECK(at(head) == 0x0a0d0d0a && at(head + 8) == 0x1a2b3c4d);
	free(head);
}

static void frames_of_any_length_fit(void)
{
	uint8_t *block = malloc(PCAPNG_BLOCK_MAX);

	for (uint32_t kept = 0; kept <= MGMT_CAPTURE_SNAP_MAX; kept++) {
		struct mgmt_capture_record *r = malloc(sizeof(*r) + kept);
		size_t n;

		*r = (struct mgmt_capture_record){
			.len = kept + 3, .kept = (uint16_t)kept, .port = 2,
			.direction = MGMT_CAPTURE_OUT,
		};
		memset(r + 1, 0x5a, kept);
		n = pcapng_frame(block, r, 0x123456789ull);
		CHECK(n && n <= PCAPNG_BLOCK_MAX && blocks(block, n) == 1);
		CHECK(at(block + 8) == 2 && at(block + 12) == 1 &&
		      at(block + 16) == 0x23456789);
		CHECK(at(block + 20) == kept && at(block + 24) == kept + 3);
		CHECK(!kept || block[28 + kept - 1] == 0x5a);
		free(r);
	}
	free(block);
}

static void what_is_no_record_makes_no_block(void)
{
	static uint8_t block[PCAPNG_BLOCK_MAX];
	struct mgmt_capture_record r = { .len = 0, .port = 3 };

	CHECK(!pcapng_frame(block, &r, 0));
	r.port = 0;
	CHECK(pcapng_frame(block, &r, 0));
	r.kept = 1;
	CHECK(!pcapng_frame(block, &r, 0));
	r.len = r.kept = MGMT_CAPTURE_SNAP_MAX + 1;
	CHECK(!pcapng_frame(block, &r, 0));
}

int main(void)
{
	the_head_is_a_section_and_three_interfaces();
	frames_of_any_length_fit();
	what_is_no_record_makes_no_block();
	printf("%u checks\n", checks);
	return 0;
}
