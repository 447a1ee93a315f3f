/* SPDX-License-Identifier: MIT */
/*
 * Reading the IVRS. A unit may be told of by several blocks, of which newer
 * types say more; where its registers are, all of them say alike. Which device
 * is behind which unit is of no interest here: all get the same treatment.
 */
#include "ivrs.h"

#include <errno.h>
#include <string.h>

#define BLOCKS_START	48		/* behind the header and IVinfo */
#define IVHD_TYPE_10	0x10
#define IVHD_TYPE_11	0x11
#define IVHD_TYPE_40	0x40

/* I/O virtualization hardware definition, what all types begin with. */
struct ivhd {
	uint8_t type, flags;
	uint16_t length, device_id, capability;
	uint64_t base;
	uint16_t segment, info;
	uint32_t features;
} __packed;

/* What all blocks begin with. */
struct block {
	uint8_t type, flags;
	uint16_t length;
} __packed;

static bool is_ivhd(uint8_t type)
{
	return type == IVHD_TYPE_10 || type == IVHD_TYPE_11 ||
	       type == IVHD_TYPE_40;
}

/* Enter a unit unless it is there. The number of units, or -ENOSPC. */
static int add(struct ivrs_unit *unit, int n, const struct ivhd *h)
{
	for (int i = 0; i < n; i++)
		if (unit[i].base == h->base)
			return n;
	if (n == IVRS_UNITS)
		return -ENOSPC;
	unit[n] = (struct ivrs_unit){ h->base, h->device_id };
	return n + 1;
}

int ivrs_parse(const struct acpi_header *table, struct ivrs_unit *unit)
{
	const uint8_t *bytes = (const uint8_t *)table;
	uint32_t at = BLOCKS_START;
	int n = 0;

	while (table->length > at) {
		uint32_t left = table->length - at;
		struct block b;
		struct ivhd h;

		if (left < sizeof(b))
			return -EINVAL;
		memcpy(&b, bytes + at, sizeof(b));
		if (b.length < sizeof(b) || b.length > left)
			return -EINVAL;
		if (is_ivhd(b.type)) {
			if (b.length < sizeof(h))
				return -EINVAL;
			memcpy(&h, bytes + at, sizeof(h));
			if (!h.base || (h.base & PAGE_MASK) || h.segment)
				return -EINVAL;
			n = add(unit, n, &h);
			if (n < 0)
				return n;
		}
		at += b.length;
	}
	return n;
}
