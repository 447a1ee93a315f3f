/* SPDX-License-Identifier: MIT */
/*
 * The VLAN that a frame is on (IEEE 802.1Q-2018, 9.6), as the switch and netd
 * tell the VMM's frames from others.
 */
#ifndef NET_VLAN_H
#define NET_VLAN_H

#include <net/bytes.h>
#include <stddef.h>

#define ETHERTYPE_OFFSET	12
#define ETHERTYPE_VLAN		0x8100
#define ETHERTYPE_SERVICE_VLAN	0x88a8
#define VLAN_TAG_LEN		4
#define VLAN_ID_MASK		0x0fff
#define VLAN_ID_RESERVED	0x0fff

/* Untagged: 0. Tagged, but on no VLAN that the VMM could be on: */
#define NET_VLAN_OTHER		0xffff

/*
 * Of a frame of len bytes, at least an Ethernet header: 0, 1 to 4094, or
 * NET_VLAN_OTHER for a priority tag (VLAN 0), the reserved VLAN 4095, a tag cut
 * short, and a tag behind the first.
 */
static inline uint16_t net_vlan(const uint8_t *frame, size_t len)
{
	const uint8_t *tag = frame + ETHERTYPE_OFFSET;
	uint16_t id, type;

	if (get16(tag) != ETHERTYPE_VLAN)
		return 0;
	if (len < ETHERTYPE_OFFSET + VLAN_TAG_LEN + 2)
		return NET_VLAN_OTHER;
	id = get16(tag + 2) & VLAN_ID_MASK;
	type = get16(tag + VLAN_TAG_LEN);
	if (!id || id == VLAN_ID_RESERVED || type == ETHERTYPE_VLAN ||
	    type == ETHERTYPE_SERVICE_VLAN)
		return NET_VLAN_OTHER;
	return id;
}

#endif
