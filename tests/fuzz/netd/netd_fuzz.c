/* SPDX-License-Identifier: MIT */
/*
 * Fuzz target: can anything that comes from the wire, in any order and at any
 * time, make netd (lwIP with our options, DHCP, DNS, IPv6, the echo service,
 * syslog, SNTP) leave its memory, run into an assertion, send what is no frame, lose or
 * double a slot, or stand still?
 *
 * An input is how netd is configured, and then steps. Those that send make frames
 * that fit what netd sent before, with as much of them wrong as the input says.
 */
#include "peer.h"

#include "../fuzz.h"

#include <services/echo.h>
#include <services/netd.h>
#include <services/sntp.h>
#include <services/syslog.h>
#include <stdlib.h>

#define STEPS_MAX	400u
#define SECOND		1000000u

static struct fuzz_input in;
static struct peer_frame frame, last;
static unsigned int steps;

/* Bits of a frame's first byte. */
#define PEER		0x03u		/* who sends */
#define SIX		0x04u		/* IPv6 */
#define UNCHECKED	0x08u		/* the card did not check it */
#define SPOILED		0x10u		/* one byte is changed */
#define CUT		0x20u		/* the end is missing */
#define TO_ALL		0x40u		/* to a group or to broadcast */

static void deliver(struct peer_frame *f, uint8_t how)
{
	static const uint8_t all6[16] = { 0xff, 2, [15] = 1 };

	if (how & TO_ALL && f->bytes[f->ip] >> 4 == 4 && f->len > f->ip + 20)
		memset(f->bytes + f->ip + 16, 0xff, 4);
	if (how & TO_ALL && f->bytes[f->ip] >> 4 == 6 && f->len > f->ip + 40)
		memcpy(f->bytes + f->ip + 24, all6, 16);
	peer_finish(f);
	if (how & TO_ALL)
		memset(f->bytes, 0xff, 6);
	if (how & SPOILED)
		f->bytes[fuzz_word(&in) % f->len] ^= fuzz_byte(&in);
	if (how & CUT)
		f->len = fuzz_byte(&in) % (f->len + 1);
	if (f->len > 1518)
		f->len = 1518;
	if (f->len < 14)
		return;
	last = *f;
	host_deliver(f->bytes, f->len,
		     how & UNCHECKED ? 0 : NETRING_CSUM_VALID);
}

/* As many bytes of the input as it says, and zeros to a length it says. */
static void add_data(struct peer_frame *f)
{
	unsigned int n = fuzz_byte(&in), fill = fuzz_byte(&in) * 8u;

	while (n-- && in.left)
		peer_add8(f, fuzz_byte(&in));
	while (fill--)
		peer_add8(f, 'x');
}

static void add_options(struct peer_frame *f, unsigned int most)
{
	unsigned int n = fuzz_byte(&in) % (most + 1);

	while (n--)
		peer_add8(f, fuzz_byte(&in));
}

/* ---- frames ---- */

static void raw_frame(void)
{
	uint8_t how = fuzz_byte(&in);

	peer_ethernet(&frame, how & PEER, how & SIX ? 0x86dd : 0x0800);
	add_data(&frame);
	host_deliver(frame.bytes, frame.len < 1518 ? frame.len : 1518,
		     how & UNCHECKED ? 0 : NETRING_CSUM_VALID);
}

static void raw_packet(void)
{
	uint8_t how = fuzz_byte(&in);

	peer_ip(&frame, how & PEER, how & SIX, fuzz_byte(&in));
	add_data(&frame);
	deliver(&frame, how);
}

static void tcp_segment(void)
{
	uint8_t how = fuzz_byte(&in), which = fuzz_byte(&in);
	struct peer_flow *flow = &peer_seen.flow[which % FLOWS];
	uint8_t flags = fuzz_byte(&in);
	int32_t scale = which & 0x80 ? 1000003 : which & 0x40 ? 1 : 0;
	size_t tcp;

	if (!flow->used || (flags & (TCP_SYN | TCP_ACK)) == TCP_SYN)
		*flow = (struct peer_flow){
			.used = true, .ip6 = how & SIX, .peer = how & PEER,
			.port = (uint16_t)(1024 + (which & 0x1f)),
			.netd_port = which & 0x20 ? fuzz_word(&in) : 7,
			.next = 1000, .netd_next = flow->netd_next,
		};
	peer_ip(&frame, flow->peer, flow->ip6, 6);
	tcp = frame.len;
	peer_add16(&frame, flow->port);
	peer_add16(&frame, flow->netd_port);
	peer_add32(&frame, flow->next +
		   (uint32_t)((int8_t)fuzz_byte(&in) * scale));
	peer_add32(&frame, flow->netd_next +
		   (uint32_t)((int8_t)fuzz_byte(&in) * scale));
	peer_add16(&frame, 0x5000u | flags);
	peer_add16(&frame, fuzz_byte(&in) * 0x101u);
	peer_add32(&frame, 0);
	add_options(&frame, 40);
	while ((frame.len - tcp) & 3)
		peer_add8(&frame, 0);
	frame.bytes[tcp + 12] = (uint8_t)((frame.len - tcp) << 2);
	add_data(&frame);
	deliver(&frame, how);
}

static void udp_header(uint16_t from, uint16_t to)
{
	peer_add16(&frame, from);
	peer_add16(&frame, to);
	peer_add32(&frame, 0);
}

static void udp_datagram(void)
{
	static const uint16_t known[] = { 7, 53, 67, 68, 123, 514, 5353, 5355 };
	uint8_t how = fuzz_byte(&in), ports = fuzz_byte(&in);

	peer_ip(&frame, how & PEER, how & SIX, 17);
	udp_header(ports & 0x80 ? known[ports & 7] : (uint16_t)(2000 + ports),
		   ports & 0x40 ? known[ports >> 3 & 7] :
		   ports & 0x20 ? peer_seen.dns_port : fuzz_word(&in));
	add_data(&frame);
	deliver(&frame, how);
}

static void arp(void)
{
	uint8_t how = fuzz_byte(&in), who = fuzz_byte(&in), ip[4] = { 0 };

	peer_ethernet(&frame, how & PEER, 0x0806);
	peer_add32(&frame, 0x00010800);
	peer_add16(&frame, 0x0604);
	peer_add16(&frame, who & 1 ? 2 : 1);
	peer_add(&frame, who & 2 ? host_area->config.mac : frame.bytes + 6, 6);
	if (who & 4)
		peer_netd_ip4(ip);
	else if (!(who & 8))
		peer_ip4(who >> 6, ip);
	else
		fuzz_bytes(&in, ip, 4);
	peer_add(&frame, ip, 4);
	peer_add(&frame, host_area->config.mac, 6);
	if (who & 16)
		peer_ip4(who >> 6, ip);
	else if (who & 32)
		fuzz_bytes(&in, ip, 4);
	else
		peer_netd_ip4(ip);
	peer_add(&frame, ip, 4);
	if (how & SPOILED)
		frame.bytes[fuzz_byte(&in) % frame.len] = fuzz_byte(&in);
	if (how & CUT)
		frame.len -= fuzz_byte(&in) % 28;
	host_deliver(frame.bytes, frame.len, 0);
}

/* Echo, errors about what netd sent, neighbour discovery, groups. */
static void icmp(void)
{
	uint8_t how = fuzz_byte(&in), type = fuzz_byte(&in), ip[16];
	bool ip6 = how & SIX;

	peer_ip(&frame, how & PEER, ip6, ip6 ? 58 : 1);
	peer_add8(&frame, type);
	peer_add8(&frame, fuzz_byte(&in));
	peer_add16(&frame, 0);
	peer_add32(&frame, fuzz_long(&in));
	if (how & 0x80) {
		/* what netd itself has sent */
		if (ip6)
			peer_add(&frame, peer_seen.ip6, peer_seen.ip6_len);
		else
			peer_add(&frame, peer_seen.ip4, peer_seen.ip4_len);
	} else if (type == 135 || type == 136) {
		if (fuzz_byte(&in) & 1)
			peer_netd_ip6(fuzz_byte(&in), ip);
		else
			peer_ip6(fuzz_byte(&in), ip);
		peer_add(&frame, ip, 16);
	}
	add_data(&frame);
	deliver(&frame, how);
}

/* A router's options: prefixes and others. */
static void router(void)
{
	static const uint8_t all[16] = { 0xff, 2, [15] = 1 };
	static const uint8_t prefix[16] = { 0x20, 1, 0xd, 0xb8 };
	uint8_t how = fuzz_byte(&in), more = fuzz_byte(&in) % 6;

	peer_ip(&frame, how & 1, true, 58);
	memcpy(frame.bytes + frame.ip + 24, all, 16);
	peer_add32(&frame, 134u << 24);
	peer_add8(&frame, 64);
	peer_add8(&frame, fuzz_byte(&in));
	peer_add16(&frame, fuzz_word(&in));
	peer_add32(&frame, fuzz_byte(&in) * 1000u);
	peer_add32(&frame, fuzz_byte(&in) * 100u);
	while (more--) {
		uint8_t type = fuzz_byte(&in);

		peer_add8(&frame, type & 7);
		peer_add8(&frame, type & 0x80 ? fuzz_byte(&in) :
				  (type & 7) == 3 ? 4 : 1);
		switch (type & 7) {
		case 3:
			peer_add16(&frame, 64u << 8 | fuzz_byte(&in));
			peer_add32(&frame, fuzz_byte(&in) * 50u);
			peer_add32(&frame, fuzz_byte(&in) * 50u);
			peer_add32(&frame, 0);
			peer_add(&frame, prefix, 15);
			peer_add8(&frame, fuzz_byte(&in) & 1);
			break;
		default:
			peer_add16(&frame, 0);
			peer_add32(&frame, fuzz_word(&in));
		}
	}
	deliver(&frame, how & (SPOILED | CUT | UNCHECKED));
}

static void dhcp_answer(void)
{
	uint8_t how = fuzz_byte(&in), type = fuzz_byte(&in), ip[4];
	size_t start;

	peer_ip(&frame, 0, false, 17);
	memset(frame.bytes + frame.ip + 16, 0xff, 4);
	udp_header(67, 68);
	start = frame.len;
	peer_add32(&frame, 0x02010600);
	peer_add32(&frame, peer_seen.dhcp_id + (type >> 7));
	peer_add32(&frame, 0);
	peer_add32(&frame, 0);
	peer_add32(&frame, 0x0a000200u | fuzz_byte(&in));	/* yiaddr */
	peer_add32(&frame, 0x0a000202);
	peer_add32(&frame, 0);
	peer_add(&frame, host_area->config.mac, 6);
	while (frame.len < start + 44)
		peer_add8(&frame, 0);
	/* the two fields that options may be in, too (RFC 2132, 9.3) */
	add_options(&frame, 64);
	while (frame.len < start + 108)
		peer_add8(&frame, 0);
	add_options(&frame, 128);
	while (frame.len < start + 236)
		peer_add8(&frame, 0);
	peer_add32(&frame, 0x63825363);
	if (type & 0x70) {
		peer_add16(&frame, 0x3501);
		peer_add8(&frame, type & 15);
		peer_ip4(0, ip);
		peer_add16(&frame, 0x3604);
		peer_add(&frame, ip, 4);
		peer_add16(&frame, 0x3304);
		peer_add32(&frame, (uint32_t)fuzz_byte(&in) << (type >> 4 & 3) * 8);
		peer_add16(&frame, 0x0104);
		peer_add32(&frame, 0xffffff00);
	}
	add_options(&frame, 250);
	if (type & 0x40)
		peer_add8(&frame, 255);
	deliver(&frame, how & (SPOILED | CUT | UNCHECKED));
}

static void dns_answer(void)
{
	uint8_t how = fuzz_byte(&in);

	if (!peer_seen.dns_question_len)
		return;
	peer_ip(&frame, how & 0x80 ? how & PEER : 1, false, 17);
	udp_header(53, peer_seen.dns_port);
	peer_add16(&frame, (unsigned int)(peer_seen.dns_id + (how >> 7)));
	peer_add16(&frame, how & SIX ? fuzz_word(&in) : 0x8180);
	peer_add16(&frame, 1);
	peer_add16(&frame, fuzz_byte(&in));
	peer_add32(&frame, fuzz_byte(&in));
	peer_add(&frame, peer_seen.dns_question, peer_seen.dns_question_len);
	add_data(&frame);
	deliver(&frame, how & (SPOILED | CUT | UNCHECKED));
}

/* What a time server says; seldom of this century. */
static void time_answer(void)
{
	uint8_t how = fuzz_byte(&in), kind = fuzz_byte(&in);
	size_t start;

	peer_ip(&frame, kind & 4 ? how & PEER : 1, false, 17);
	udp_header(123, peer_seen.sntp_port);
	start = frame.len;
	peer_add8(&frame, kind & 8 ? fuzz_byte(&in) : 0x24);
	peer_add8(&frame, kind & 16 ? fuzz_byte(&in) : 2);
	while (frame.len < start + 24)
		peer_add8(&frame, 0);
	peer_add(&frame, peer_seen.sntp_nonce, 8);
	peer_add32(&frame, 0);
	peer_add32(&frame, 0);
	peer_add32(&frame, kind & 1 ? fuzz_long(&in) :
		   0xee000000u + fuzz_byte(&in) * 100u);
	peer_add32(&frame, fuzz_long(&in));
	deliver(&frame, how & (SPOILED | CUT | UNCHECKED));
}

/* A part of what was sent last. */
static void fragment(void)
{
	uint8_t how = fuzz_byte(&in), id = fuzz_byte(&in);
	unsigned int offset = fuzz_byte(&in), len = fuzz_byte(&in) * 8u;
	bool more = id & 0x80;
	uint8_t protocol = how & 0x80 ? 17 : how & SIX ? 58 : 1;

	peer_ip(&frame, how & PEER, how & SIX, how & SIX ? 44 : protocol);
	if (how & SIX) {
		peer_add8(&frame, protocol);
		peer_add8(&frame, 0);
		peer_add16(&frame, offset << 3 | more);
		peer_add32(&frame, id & 15);
	} else {
		frame.bytes[frame.ip + 5] = id & 15;
		frame.bytes[frame.ip + 6] = (uint8_t)(offset >> 8 | more << 5);
		frame.bytes[frame.ip + 7] = (uint8_t)offset;
	}
	if (id & 0x40 && last.len > last.payload)
		peer_add(&frame, last.bytes + last.payload,
			 last.len - last.payload);
	while (len--)
		peer_add8(&frame, 7);
	deliver(&frame, how & ~TO_ALL);
}

static void again(void)
{
	if (last.len)
		host_deliver(last.bytes, last.len, NETRING_CSUM_VALID);
}

/* Extension headers before something. */
static void headers6(void)
{
	uint8_t how = fuzz_byte(&in), n = fuzz_byte(&in) % 8;
	static const uint8_t kinds[] = { 0, 60, 43, 44, 59, 51, 58, 17 };

	peer_ip(&frame, how & PEER, true, kinds[fuzz_byte(&in) & 7]);
	while (n--) {
		peer_add8(&frame, kinds[fuzz_byte(&in) & 7]);
		peer_add8(&frame, fuzz_byte(&in) & 3);
		peer_add16(&frame, fuzz_word(&in));
		peer_add32(&frame, fuzz_long(&in));
	}
	add_data(&frame);
	deliver(&frame, how);
}

/* ---- other things ---- */

static void time_passes(void)
{
	uint8_t how = fuzz_byte(&in);

	host_time += (uint64_t)((how & 15) + 1) << (how >> 4) * 2;
	host_time += how >= 0xf0 ? SECOND << (how & 7) : 0;
}

static void transmit_slots(void)
{
	uint8_t how = fuzz_byte(&in);

	host_tx_held = how & 1;
	host_give_tx(how & 1 ? how >> 2 : HOST_TX_SLOTS);
}

static uint8_t change;

static void change_config(struct netring_config *c)
{
	c->link = change & 1;
	if (change & 2)
		c->mac[5] ^= 1;
	if (change & 4)
		c->mtu = (uint16_t)(576 + (change >> 3) * 32);
}

static void configure(void)
{
	change = fuzz_byte(&in);
	host_configure(change_config);
}

static void echo_message(void)
{
	static uint8_t answer[sizeof(struct echo_servers) +
			      sizeof(struct echo_client_state)];
	struct echo_request r = { 0 };
	uint8_t operation = fuzz_byte(&in), pattern[4] = "abc", ip[4];

	r.protocol = operation >> 4 & 3;
	r.port = operation & 0x40 ? fuzz_word(&in) : 7;
	peer_ip4(operation >> 6, ip);
	r.address = (uint32_t)ip[0] << 24 | (uint32_t)ip[1] << 16 |
		    (uint32_t)ip[2] << 8 | ip[3];
	r.total = r.datagram = fuzz_word(&in);
	switch (operation & 15) {
	case ECHO_CLIENT_STATE:
	case ECHO_SERVERS:
		host_send(ECHO_HANDLER, operation & 15, answer, sizeof(answer),
			  NULL, 0);
		break;
	default:
		host_send(ECHO_HANDLER, operation & 15, &r, sizeof(r),
			  pattern, operation & 0x80 ? 3 : 0);
	}
}

static void status_message(void)
{
	static uint8_t answer[NETD_ANSWER_MAX];
	uint8_t question = fuzz_byte(&in);
	char name[] = "a.example";

	if (question & 0x20) {
		host_send(SNTP_HANDLER, 0, answer, sizeof(answer), NULL, 0);
	} else if (question & 0x80) {
		name[0] = (char)('a' + (question & 3));
		host_send(NETD_HANDLER, NETD_RESOLVE, name,
			  (uint32_t)strlen(name), answer, sizeof(answer));
	} else if (question & 0x40) {
		host_send(SYSLOG_HANDLER, 0, answer, sizeof(answer), NULL, 0);
	} else {
		int n = host_send(NETD_HANDLER, question % NETD_QUESTIONS,
				  answer, sizeof(answer), NULL, 0);

		MUST(n >= 0 && n <= NETD_ANSWER_MAX);
	}
}

static void no_memory(void)
{
	host_malloc_left = fuzz_byte(&in) & 31;
}

static void (*const kinds[])(void) = {
	tcp_segment, time_passes, udp_datagram, raw_packet, raw_frame, arp,
	icmp, router, dhcp_answer, dns_answer, fragment, again, headers6,
	transmit_slots, configure, echo_message, status_message, no_memory,
	time_answer,
};

#define KINDS	(sizeof(kinds) / sizeof(kinds[0]))

static bool step(uint64_t deadline __attribute__((unused)))
{
	if (!in.left || steps++ == STEPS_MAX)
		return false;
	kinds[fuzz_byte(&in) % KINDS]();
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct netring_config *c;
	uint8_t how;

	in = (struct fuzz_input){ data, size };
	steps = 0;
	last.len = 0;
	how = fuzz_byte(&in);
	host_prepare();
	peer_reset();
	c = &host_area->config;
	c->echo_autostart = 1;
	c->ipv6 = !(how & 1);
	c->dhcp = !!(how & 2);
	if (c->dhcp)
		c->ip_address = c->ip_netmask = c->ip_gateway = 0;
	c->vlan = how & 4 ? 5 : 0;
	if (how & 8)
		c->dns[0] = 0x0302000a;
	if (how & 16)
		strcpy(c->syslog, how & 8 ? "log.example" : "10.0.2.3");
	c->syslog_port = 514;
	c->mdns = !(how & 64);
	c->netbios = 1;
	strcpy(c->name, "tandem-1");
	if (how & 32)
		strcpy(c->sntp, how & 8 ? "time.example" : "10.0.2.3");
	host_run(step, peer_look);
	return 0;
}

/*
 * Steps by their places above: 0 TCP, 1 time, 2 UDP, 5 ARP, 6 ICMP, 7 router,
 * 8 DHCP, 9 DNS, 10 fragment, 15 echo, 16 status, 18 time.
 */
#define ARP_ANSWER	"\5\0\1"
#define MUCH_TIME	"\1\xf1"
#define SYN		"\0\0\0\2\0\0\x40\0\0\0"
#define SYN_BIG		"\0\0\0\2\0\0\xff\4\2\4\5\xb4\0\0"
#define ACKS		"\0\0\0\x10\0\0\x40\0\0\0"
#define DATA		"\0\0\0\x18\0\0\x40\0\4abcd\x10"
#define OUT_OF_ORDER	"\0\0\x40\x18\x20\0\x40\0\0\x20"
#define FIN		"\0\0\0\x11\0\0\x40\0\0\0"
#define LEASE(type)	"\x08\0" type "\x32\0\0\x40\x04\x03\x04\x0a\0\2\2"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_SEED("\0" ARP_ANSWER SYN ACKS DATA DATA OUT_OF_ORDER DATA FIN ACKS
		  MUCH_TIME ACKS),
	FUZZ_SEED("\0" ARP_ANSWER SYN_BIG ACKS OUT_OF_ORDER OUT_OF_ORDER
		  MUCH_TIME "\0\0\0\x14\0\0\x40\0\0\0"),
	/* TCP by IPv6, after a neighbour's solicitation and a router */
	FUZZ_SEED("\0" MUCH_TIME MUCH_TIME
		  "\6\4\x87\0\0\0\0\0\1\0\x08\1\1\x52\x54\0\1\0\0\0"
		  "\7\0\1\0\0\x10\x10\0\0\3\xc0\xff\xff\0" MUCH_TIME
		  "\0\4\1\2\0\0\x40\0\0\0" "\0\4\1\x18\0\0\x40\0\4abcd\0"),
	/* UDP echo, whole and in two parts */
	FUZZ_SEED("\0" ARP_ANSWER "\17\x10\0\0" "\2\0\x40\3abc\0"
		  "\x0a\x80\x81\0\2" "\x0a\x80\1\2\2" "\x0b"),
	FUZZ_SEED("\0" ARP_ANSWER "\6\0\x08\0\1\0\1\0\4ping\x10"
		  "\6\x80\3\3\0\0\0\0\0\0" "\6\4\x80\0\1\0\1\0\4ping\0"),
	/* DHCP: an offer, an acknowledgement, time for the lease */
	FUZZ_SEED("\2" MUCH_TIME LEASE("\x52") MUCH_TIME LEASE("\x55")
		  MUCH_TIME MUCH_TIME "\1\xf6\1\xf6" LEASE("\x55")
		  LEASE("\x56")),
	/* a name, its address, and the log to it */
	FUZZ_SEED("\x18" "\1\xf0" ARP_ANSWER "\5\1\x41" "\1\xf1"
		  "\x09\0\1\0\x10\xc0\x0c\0\1\0\1\0\0\1\0\0\4\x0a\0\2\3\0"
		  "\1\xf2\1\xf0\1\xf0"),
	FUZZ_SEED("\x08" "\1\xf0" "\5\1\x41" "\x10\x80" "\1\xc1"
		  "\x09\0\2\0\x18\xc0\x0c\0\5\0\1\0\0\1\0\0\2\xc0\x0c"
		  "\xc0\x0c\0\1\0\1\0\0\0" "\x10\x80" "\x10\0\x10\1\x10\2"
		  "\x10\3\x10\4\x10\x40"),
	/* the client of the echo service */
	FUZZ_SEED("\0" ARP_ANSWER "\x0f\2\x40\0" "\0\0\x03\x12\0\0\x40\0\0\0"
		  "\x0f\x83\x04\0" "\0\0\3\x18\0\0\x40\0\4abca\0"
		  "\x0f\4\0\0"),
	/* a time server that jumps */
	FUZZ_SEED("\x20" ARP_ANSWER "\1\xf0" "\5\1\x41" "\1\xf0"
		  "\x12\0\0\1\0\0\0\x80" "\1\xf4" "\x12\0\0\xff\0\0\0\0"
		  "\1\xf4" "\x12\0\1\0\0\0\0\0\0\0\0" "\x10\x20"),
	/* on a VLAN; starved of slots and memory */
	FUZZ_SEED("\4" ARP_ANSWER SYN ACKS "\x0d\1" DATA DATA DATA "\x11\2"
		  DATA MUCH_TIME "\x0d\0" MUCH_TIME),
	FUZZ_SEED("\0\x0c\0\3\0\1\0\1\0\0\0\0\0\1\0\1\0\0\0\0\6\0\0\0\0\0\0\0"
		  "\x08\x80\0\0\0\0\0\0\0\0"),
	{ NULL, 0 },
};
