// SPDX-License-Identifier: MIT
/*
 * Checksums and TCP segmentation ("hardware TSO 2" of the 5755 class), for
 * IPv4 and IPv6, with or without a VLAN tag in the frame. Sums are kept in the
 * order of bytes in memory, where the ones' complement does not care.
 */
#include "bcm57xx.h"

#define ETH_IPV4	0x0800
#define ETH_IPV6	0x86dd
#define ETH_VLAN	0x8100
#define PROTO_TCP	6
#define PROTO_UDP	17

#define TCP_FIN		0x01
#define TCP_PSH		0x08
#define TCP_CWR		0x80

#define SEGMENT_MAX	(14 + 4 + 124 + 2047)

/* Where things are in a frame; l4_len is what the IP header says. */
struct layout {
	size_t l3, l4, l4_len;
	unsigned int version, protocol;
	bool fragment;
};

static uint32_t sum_bytes(const uint8_t *data, size_t len)
{
	uint64_t sum = 0;

	for (; len >= 8; data += 8, len -= 8) {
		uint64_t word;

		memcpy(&word, data, 8);
		sum += (uint32_t)word;
		sum += word >> 32;
	}
	for (; len >= 2; data += 2, len -= 2)
		sum += lduw_le_p(data);
	if (len)
		sum += *data;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static bool parse_ipv4(const uint8_t *frame, size_t len, struct layout *at)
{
	const uint8_t *ip = frame + at->l3;
	size_t left = len - at->l3, header, total;

	if (left < 20 || ip[0] >> 4 != 4)
		return false;
	header = (ip[0] & 15) * 4;
	total = lduw_be_p(ip + 2);
	if (header < 20 || total < header || left < header)
		return false;
	at->version = 4;
	at->protocol = ip[9];
	at->fragment = lduw_be_p(ip + 6) & 0x3fff;
	at->l4 = at->l3 + header;
	at->l4_len = total - header;
	return true;
}

static bool parse_ipv6(const uint8_t *frame, size_t len, struct layout *at)
{
	const uint8_t *ip = frame + at->l3;
	size_t left = len - at->l3, header = 40, total;

	if (left < 40 || ip[0] >> 4 != 6)
		return false;
	total = 40 + lduw_be_p(ip + 4);
	at->version = 6;
	at->protocol = ip[6];
	at->fragment = false;
	/* hop-by-hop, routing and destination options */
	while (at->protocol == 0 || at->protocol == 43 || at->protocol == 60) {
		if (left < header + 8)
			return false;
		at->protocol = ip[header];
		header += 8 + ip[header + 1] * 8;
	}
	if (at->protocol == 44)
		at->fragment = true;
	if (total < header || left < header)
		return false;
	at->l4 = at->l3 + header;
	at->l4_len = total - header;
	return true;
}

static bool parse(const uint8_t *frame, size_t len, struct layout *at)
{
	uint32_t type;

	if (len < 14)
		return false;
	at->l3 = 14;
	type = lduw_be_p(frame + 12);
	if (type == ETH_VLAN && len >= 18) {
		type = lduw_be_p(frame + 16);
		at->l3 = 18;
	}
	if (type == ETH_IPV4)
		return parse_ipv4(frame, len, at);
	if (type == ETH_IPV6)
		return parse_ipv6(frame, len, at);
	return false;
}

static bool has_sum(const struct layout *at, size_t len)
{
	size_t needed = at->protocol == PROTO_TCP ? 20 : 8;

	return (at->protocol == PROTO_TCP || at->protocol == PROTO_UDP) &&
		!at->fragment && at->l4_len >= needed &&
		at->l4_len <= len - at->l4;
}

static uint8_t *sum_field(uint8_t *frame, const struct layout *at)
{
	return frame + at->l4 + (at->protocol == PROTO_TCP ? 16 : 6);
}

static uint32_t pseudo_sum(const uint8_t *frame, const struct layout *at,
			   size_t l4_len)
{
	const uint8_t *ip = frame + at->l3;
	uint32_t sum = at->version == 4 ? sum_bytes(ip + 12, 8) :
		sum_bytes(ip + 8, 32);

	return fold(sum + bswap16(l4_len) + bswap16(at->protocol));
}

static void set_ip_sum(uint8_t *frame, const struct layout *at)
{
	uint8_t *ip = frame + at->l3;

	stw_le_p(ip + 10, 0);
	stw_le_p(ip + 10, ~sum_bytes(ip, at->l4 - at->l3));
}

/*
 * Fills in the checksums that @flags of the first send BD ask for. False if
 * the frame has no place for one of them.
 */
bool bcm_insert_checksums(BcmNic *nic, uint8_t *frame, size_t len,
			  uint32_t flags)
{
	struct layout at;
	uint32_t sum, pseudo;
	uint8_t *field;

	if (!parse(frame, len, &at)) {
		bcm_violation(nic, RULE_TX_CSUM,
			      "checksum asked for a frame that is not IP");
		return false;
	}
	if (flags & SEND_IP_CSUM && at.version == 4) {
		set_ip_sum(frame, &at);
		nic->count.ip_csum++;
	}
	if (!(flags & SEND_L4_CSUM))
		return true;
	if (!has_sum(&at, len)) {
		bcm_violation(nic, RULE_TX_CSUM, "checksum asked for protocol "
			      "%u, %zu bytes%s", at.protocol, at.l4_len,
			      at.fragment ? ", a fragment" : "");
		return false;
	}
	field = sum_field(frame, &at);
	pseudo = pseudo_sum(frame, &at, at.l4_len);
	if (!(bcm_reg(nic, MODE_CTRL) & MODE_NO_TX_PSEUDO))
		stw_le_p(field, pseudo);
	else if (lduw_le_p(field) % 0xffff != pseudo % 0xffff)
		bcm_violation(nic, RULE_TX_CSUM, "checksum field does not hold "
			      "the pseudo-header's sum");
	sum = (uint16_t)~sum_bytes(frame + at.l4, at.l4_len);
	if (!sum && at.protocol == PROTO_UDP)
		sum = 0xffff;
	stw_le_p(field, sum);
	nic->count.csum++;
	return true;
}

/* What strict mode expects of a packet that is to be segmented. */
static void check_lso(BcmNic *nic, const uint8_t *packet,
		      const struct layout *at, uint32_t mss, size_t headers)
{
	uint32_t enable = at->version == 4 ? READ_DMA_IPV4_LSO : 0;
	const uint8_t *ip = packet + at->l3;

	if (!(bcm_reg(nic, SEND_DATA_INIT_MODE) & SEND_DATA_LSO) ||
	    (bcm_reg(nic, READ_DMA_MODE) & enable) != enable)
		bcm_violation(nic, RULE_TX_LSO, "segmentation is not enabled");
	if (lduw_le_p(packet + at->l4 + 16))
		bcm_violation(nic, RULE_TX_LSO, "TCP checksum is not 0");
	if (at->version == 4 && lduw_be_p(ip + 2) != mss + headers)
		bcm_violation(nic, RULE_TX_LSO, "IPv4 total length %u is not "
			      "MSS + headers %zu", lduw_be_p(ip + 2),
			      mss + headers);
	if (at->version == 4 && lduw_be_p(ip + 10))
		bcm_violation(nic, RULE_TX_LSO, "IPv4 checksum is not 0");
}

/* Turns the headers' copy in @frame into those of one segment. */
static void segment_headers(uint8_t *frame, const struct layout *at,
			    size_t headers, size_t payload, uint32_t number,
			    uint32_t sequence, bool last)
{
	uint8_t *ip = frame + at->l3, *tcp = frame + at->l4;
	size_t l4_len = at->l3 + headers - at->l4 + payload;

	if (at->version == 4) {
		stw_be_p(ip + 2, headers + payload);
		stw_be_p(ip + 4, lduw_be_p(ip + 4) + number);
		set_ip_sum(frame, at);
	} else {
		stw_be_p(ip + 4, headers - 40 + payload);
	}
	stl_be_p(tcp + 4, ldl_be_p(tcp + 4) + sequence);
	if (!last)
		tcp[13] &= ~(TCP_FIN | TCP_PSH);
	if (number)
		tcp[13] &= ~TCP_CWR;
	stw_le_p(tcp + 16, pseudo_sum(frame, at, l4_len));
	stw_le_p(tcp + 16, ~sum_bytes(tcp, l4_len));
}

/*
 * Sends @packet as TCP segments. @mss_field: MSS in bits 10:0, length of IP
 * and TCP headers in dwords above. False if the packet does not fit that.
 */
bool bcm_segment(BcmNic *nic, uint8_t *packet, size_t len, uint32_t mss_field)
{
	uint32_t mss = mss_field & SEND_MSS_MASK, number = 0;
	size_t headers = mss_field >> SEND_HDR_SHIFT & ~3u, start, sent;
	uint8_t frame[SEGMENT_MAX];
	struct layout at;

	headers &= 0x7c;
	if (!mss || !parse(packet, len, &at) || at.protocol != PROTO_TCP ||
	    at.fragment || len < at.l4 + 20 ||
	    at.l3 + headers != at.l4 + (packet[at.l4 + 12] >> 4) * 4 ||
	    at.l3 + headers >= len) {
		bcm_violation(nic, RULE_TX_LSO, "MSS %u, headers %zu do not fit "
			      "the packet of %zu bytes", mss, headers, len);
		return false;
	}
	if (nic->strict)
		check_lso(nic, packet, &at, mss, headers);
	start = at.l3 + headers;
	nic->count.tso++;
	for (sent = 0; sent < len - start; sent += mss, number++) {
		size_t payload = MIN(mss, len - start - sent);

		memcpy(frame, packet, start);
		memcpy(frame + start, packet + start + sent, payload);
		segment_headers(frame, &at, headers, payload, number, sent,
				sent + payload == len - start);
		nic->count.tso_segments++;
		bcm_send_frame(nic, frame, start + payload);
	}
	return true;
}

/*
 * What the receiver says about a frame's checksums: flags of the return BD,
 * and in *sums its fourth dword, IP sum above TCP/UDP sum.
 */
uint32_t bcm_verify_checksums(BcmNic *nic, const uint8_t *frame, size_t len,
			      uint32_t *sums)
{
	uint32_t flags = 0, sum, ip_sum = 0;
	struct layout at;

	*sums = 0;
	if (!parse(frame, len, &at))
		return 0;
	if (at.version == 4) {
		flags |= RX_IP_CSUM;
		ip_sum = sum_bytes(frame + at.l3, at.l4 - at.l3);
	} else {
		flags |= RX_IPV6;
		if (!(bcm_reg(nic, RX_MODE) & RX_MODE_IPV6_CSUM))
			return flags;
	}
	*sums = (uint32_t)bswap16(ip_sum) << 16;
	if (!has_sum(&at, len))
		return flags;
	if (at.protocol == PROTO_TCP)
		flags |= RX_TCP;
	else if (!lduw_le_p(frame + at.l4 + 6))
		return flags;		/* UDP without a checksum */
	sum = sum_bytes(frame + at.l4, at.l4_len);
	if (!(bcm_reg(nic, MODE_CTRL) & MODE_NO_RX_PSEUDO))
		sum = fold(sum + pseudo_sum(frame, &at, at.l4_len));
	*sums |= bswap16(sum);
	return flags | RX_L4_CSUM;
}
