/* SPDX-License-Identifier: MIT */
/* pcapng, see pcapng.h. All numbers are little-endian, blocks multiples of 4. */
#include "pcapng.h"

#include <string.h>

#define SECTION_HEADER		0x0a0d0d0au
#define   BYTE_ORDER		0x1a2b3c4du
#define   VERSION		1u	/* 1.0: the major number comes first */
#define INTERFACE		1u
#define   LINKTYPE_ETHERNET	1u
#define ENHANCED_PACKET		6u

#define OPTION_END		0u
#define OPTION_IF_NAME		2u
#define OPTION_IF_TSRESOL	9u
#define   MICROSECONDS		6u	/* 10 to the minus sixth */
#define OPTION_USERAPPL		4u
#define OPTION_EPB_FLAGS	2u
#define   INBOUND		1u
#define   OUTBOUND		2u

#define PORTS			3u

static uint8_t *put(uint8_t *to, uint32_t v)
{
	memcpy(to, &v, sizeof(v));
	return to + sizeof(v);
}

static uint8_t *put_bytes(uint8_t *to, const void *data, size_t len)
{
	memcpy(to, data, len);
	memset(to + len, 0, -len % 4);
	return to + len + -len % 4;
}

static uint8_t *put_option(uint8_t *to, uint32_t code, const void *data,
			   size_t len)
{
	to = put(to, code | (uint32_t)len << 16);
	return put_bytes(to, data, len);
}

/* Block at from ends at to: its length goes to both of its ends. */
static uint8_t *end_block(uint8_t *from, uint8_t *to)
{
	uint32_t len = (uint32_t)(to + sizeof(len) - from);

	put(from + 4, len);
	return put(to, len);
}

static uint8_t *put_section(uint8_t *to)
{
	static const char name[] = "Tandem";
	uint8_t *from = to;

	to = put(put(to, SECTION_HEADER), 0);
	to = put(put(to, BYTE_ORDER), VERSION);
	to = put(put(to, ~0u), ~0u);		/* length not known */
	to = put_option(to, OPTION_USERAPPL, name, strlen(name));
	return end_block(from, put(to, OPTION_END));
}

static uint8_t *put_interface(uint8_t *to, const char *name, uint32_t snap)
{
	const uint8_t resolution = MICROSECONDS;
	uint8_t *from = to;

	to = put(put(to, INTERFACE), 0);
	to = put(put(to, LINKTYPE_ETHERNET), snap);
	to = put_option(to, OPTION_IF_NAME, name, strlen(name));
	to = put_option(to, OPTION_IF_TSRESOL, &resolution, 1);
	return end_block(from, put(to, OPTION_END));
}

size_t pcapng_head(uint8_t to[PCAPNG_HEAD_MAX], uint32_t snap)
{
	static const char *const names[PORTS] = { "wire", "guest", "stack" };
	uint8_t *at = put_section(to);

	for (unsigned int i = 0; i < PORTS; i++)
		at = put_interface(at, names[i], snap);
	return (size_t)(at - to);
}

size_t pcapng_frame(uint8_t to[PCAPNG_BLOCK_MAX],
		    const struct mgmt_capture_record *r, uint64_t us)
{
	uint32_t flags = r->direction == MGMT_CAPTURE_IN ? INBOUND : OUTBOUND;
	uint8_t *at = to;

	if (r->port >= PORTS || r->kept > MGMT_CAPTURE_SNAP_MAX ||
	    r->kept > r->len)
		return 0;
	at = put(put(at, ENHANCED_PACKET), 0);
	at = put(at, r->port);
	at = put(put(at, (uint32_t)(us >> 32)), (uint32_t)us);
	at = put(put(at, r->kept), r->len);
	at = put_bytes(at, r + 1, r->kept);
	at = put_option(at, OPTION_EPB_FLAGS, &flags, sizeof(flags));
	at = end_block(to, put(at, OPTION_END));
	return (size_t)(at - to);
}
