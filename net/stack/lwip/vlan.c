/* SPDX-License-Identifier: MIT */
/*
 * The VMM's VLAN (ip.vlan, IEEE 802.1Q-2018): its tag is taken off frames
 * before anything here looks at them and put into those that are sent, so
 * that nobody else knows of it.
 */
#include "stack.h"

#include <net/vlan.h>
#include <string.h>

uint8_t *stack_vlan_untag(uint16_t vlan, uint8_t *frame, uint16_t *len)
{
	if (net_vlan(frame, *len) != vlan)
		return NULL;
	if (!vlan)
		return frame;
	/* the addresses move up to the type */
	memmove(frame + VLAN_TAG_LEN, frame, ETHERTYPE_OFFSET);
	*len = (uint16_t)(*len - VLAN_TAG_LEN);
	return frame + VLAN_TAG_LEN;
}

void stack_vlan_tag(uint16_t vlan, uint8_t *frame)
{
	memmove(frame, frame + VLAN_TAG_LEN, ETHERTYPE_OFFSET);
	put16(frame + ETHERTYPE_OFFSET, ETHERTYPE_VLAN);
	put16(frame + ETHERTYPE_OFFSET + 2, vlan);
}
