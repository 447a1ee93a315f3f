// SPDX-License-Identifier: MIT
/*
 * Does netd take the tag of its VLAN off, put the same one on, and leave every
 * other frame alone, whatever the bytes and wherever they end?
 */
#include "../../net/stack/lwip/stack.h"
#include "check.h"

#include <net/vlan.h>
#include <stdlib.h>
#include <string.h>

#define VLAN		5
#define FRAME		64

static unsigned int checks;
static uint8_t frame[FRAME];

/* A frame whose bytes differ from one another, with this type. */
static void make(uint16_t type)
{
	for (unsigned int i = 0; i < FRAME; i++)
		frame[i] = (uint8_t)i;
	put16(frame + ETHERTYPE_OFFSET, type);
}

static void what_is_tagged_is_untagged_as_it_was(void)
{
	uint8_t room[VLAN_TAG_LEN + FRAME];
	uint16_t len = sizeof(room);

	make(0x800);
	memcpy(room + VLAN_TAG_LEN, frame, FRAME);
	stack_vlan_tag(VLAN, room);
	CHECK(!memcmp(room, frame, 12) &&
	      !memcmp(room + 12, "\x81\0\0\5\x8\0", 6));
	CHECK(net_vlan(room, len) == VLAN);
	CHECK(!stack_vlan_untag(0, room, &len) && len == sizeof(room));
	CHECK(!stack_vlan_untag(VLAN + 1, room, &len));
	CHECK(stack_vlan_untag(VLAN, room, &len) == room + VLAN_TAG_LEN);
	CHECK(len == FRAME && !memcmp(room + VLAN_TAG_LEN, frame, FRAME));
}

static void each_vlan_is_found_at_any_priority(void)
{
	for (uint32_t tci = 0; tci < 0x10000; tci++) {
		uint16_t id = tci & 0xfff, found;

		make(ETHERTYPE_VLAN);
		put16(frame + 14, (uint16_t)tci);
		put16(frame + 16, 0x86dd);
		found = net_vlan(frame, FRAME);
		CHECK(found == (id && id < 4095 ? id : NET_VLAN_OTHER));
	}
}

static void no_other_frame_is_taken(void)
{
	uint16_t len = FRAME;

	make(0x800);
	CHECK(!stack_vlan_untag(VLAN, frame, &len));
	CHECK(stack_vlan_untag(0, frame, &len) == frame && len == FRAME);
	make(ETHERTYPE_SERVICE_VLAN);
	CHECK(!stack_vlan_untag(VLAN, frame, &len));
	make(ETHERTYPE_VLAN);
	put16(frame + 14, VLAN);
	put16(frame + 16, ETHERTYPE_VLAN);	/* two tags */
	CHECK(!stack_vlan_untag(VLAN, frame, &len));
	put16(frame + 16, ETHERTYPE_SERVICE_VLAN);
	CHECK(!stack_vlan_untag(VLAN, frame, &len));
	put16(frame + 16, 0x800);
	for (len = 14; len <= FRAME; len++) {
		uint16_t left = len;
		uint8_t *copy = malloc(len), *p;

		memcpy(copy, frame, len);
		p = stack_vlan_untag(VLAN, copy, &left);
		CHECK(len < 18 ? !p : p == copy + 4 && left == len - 4);
		free(copy);
	}
}

int main(void)
{
	what_is_tagged_is_untagged_as_it_was();
	each_vlan_is_found_at_any_priority();
	no_other_frame_is_taken();
	printf("%u checks\n", checks);
	return 0;
}
