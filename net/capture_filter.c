// SPDX-License-Identifier: MIT
/*
 * Which frames a capture is about: a look at fixed offsets of a private copy of
 * a frame's headers. What is not there, or cut, does not fit what asks for it.
 */
#include <net/bytes.h>
#include <net/capture.h>

#include <abi/mgmt.h>
#include <string.h>

#define ETHERTYPE_IP4	0x0800
#define ETHERTYPE_IP6	0x86dd
#define ETHERTYPE_VLAN	0x8100
#define ETHERTYPE_QINQ	0x88a8
#define IP4_HEADER	20
#define IP6_HEADER	40
#define IP4_OFFSET	0x1fff
#define PROTOCOL_TCP	6
#define PROTOCOL_UDP	17

/* What the headers say; port 0: there is none. */
struct facts {
	uint8_t address_len;
	const uint8_t *source, *target;
	uint8_t protocol;
	uint16_t port[2];
};

/* Behind the MAC addresses and up to two tags; 0 if it is cut. */
static uint32_t payload_at(const uint8_t *head, uint32_t len, uint16_t *type)
{
	uint32_t at = 2 * ETH_ALEN;

	for (unsigned int tags = 0; at + 2 <= len; tags++) {
		*type = get16(head + at);
		if (tags == 2 || (*type != ETHERTYPE_VLAN &&
				  *type != ETHERTYPE_QINQ))
			return at + 2;
		at += 4;
	}
	return 0;
}

static void read_ports(struct facts *f, const uint8_t *p, uint32_t len)
{
	if ((f->protocol != PROTOCOL_TCP && f->protocol != PROTOCOL_UDP) ||
	    len < 4)
		return;
	f->port[0] = get16(p);
	f->port[1] = get16(p + 2);
}

static void read_ip4(struct facts *f, const uint8_t *p, uint32_t len)
{
	uint32_t header;

	if (len < IP4_HEADER || p[0] >> 4 != 4)
		return;
	f->address_len = 4;
	f->protocol = p[9];
	f->source = p + 12;
	f->target = p + 16;
	header = (p[0] & 15) * 4u;
	if (header >= IP4_HEADER && header <= len &&
	    !(get16(p + 6) & IP4_OFFSET))
		read_ports(f, p + header, len - header);
}

static void read_ip6(struct facts *f, const uint8_t *p, uint32_t len)
{
	if (len < IP6_HEADER || p[0] >> 4 != 6)
		return;
	f->address_len = 16;
	f->protocol = p[6];
	f->source = p + 8;
	f->target = p + 24;
	read_ports(f, p + IP6_HEADER, len - IP6_HEADER);
}

static bool has_port(const struct facts *f, uint16_t port)
{
	return f->port[0] == port || f->port[1] == port;
}

bool net_capture_wants(const struct mgmt_capture_filter *c, const uint8_t *head,
		       uint32_t len)
{
	struct facts f = { 0 };
	uint16_t type = 0;
	uint32_t at = payload_at(head, len, &type);

	if (at && type == ETHERTYPE_IP4)
		read_ip4(&f, head + at, len - at);
	if (at && type == ETHERTYPE_IP6)
		read_ip6(&f, head + at, len - at);
	if (c->without_tcp && f.protocol == PROTOCOL_TCP &&
	    has_port(&f, c->without_tcp))
		return false;
	if (c->protocol && f.protocol != c->protocol)
		return false;
	if (c->port && !has_port(&f, c->port))
		return false;
	if (!c->address_len)
		return true;
	return f.address_len == c->address_len &&
	       (!memcmp(f.source, c->address, f.address_len) ||
		!memcmp(f.target, c->address, f.address_len));
}
