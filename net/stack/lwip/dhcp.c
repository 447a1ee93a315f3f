/* SPDX-License-Identifier: MIT */
/*
 * The VMM's address from a DHCP server (RFC 2131), beside a guest that asks the
 * same server with the same MAC address. lwIP's client does the protocol; this
 * adds what makes two clients on one MAC address possible:
 *
 * - A client identifier of its own (option 61): type 0 and the machine's name,
 *   "tandem-" with the card's MAC address. An opaque identifier (RFC 2132, 9.14)
 *   is all that a server needs to tell two clients apart. Type 255 with a DUID
 *   (RFC 4361) would be, too, but that is what guests send, and theirs may be
 *   made of the same MAC address; this one can be read in a server's list of
 *   leases and written into a reservation by hand.
 * - The broadcast flag, as long as the VMM has no address: an answer to the MAC
 *   address alone would not say which of the two it is for.
 * - A look at each answer of a server before lwIP has it, also those for the
 *   guest. A server that knows clients by their MAC address only gives both the
 *   same address. It is the guest's then: the VMM goes without, says what
 *   to do about it, and goes on asking. It neither declines nor releases such an
 *   address, which would take it from the guest.
 *
 * lwIP counts a lease in minutes; short ones get a clock of their own here.
 */
#include "lwip_hooks.h"
#include "stack.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <lwip/dhcp.h>
#include <lwip/etharp.h>
#include <lwip/netif.h>
#include <lwip/prot/dhcp.h>
#include <lwip/prot/ethernet.h>
#include <lwip/prot/iana.h>
#include <lwip/prot/ip4.h>
#include <lwip/timeouts.h>
#include <netring.h>
#include <string.h>

#define OWN_XIDS	8	/* late answers to these are no guest's */
#define SILENT_TRIES	5	/* about a minute */
#define REPEAT_US	600000000ull	/* until a line is logged again */
#define GUEST_KEEPS_SECONDS	600u
#define TICKS_A_LEASE	60u
#define FOREVER		0xffffffffu
#define UDP_HEADER	8u

/* What outlives netd; addresses in network byte order. */
struct kept {
	uint32_t address;	/* to be asked for again */
	uint32_t xid;
	struct stack_guest_lease guest;
};

_Static_assert(sizeof(struct kept) == STACK_DHCP_KEPT * sizeof(uint32_t),
	       "words kept");

static struct netif *netif;		/* NULL: no DHCP */
static struct dhcp dhcp;
static struct kept *kept;
static uint8_t last_state;
static uint32_t xids[OWN_XIDS], next_xid;

static uint32_t address;		/* leased, 0: none */
static uint32_t lease;			/* seconds */
static uint64_t lease_end;		/* VMM time */
static uint64_t same_address_told;	/* VMM time, 0: never */
static bool silence_told;

static struct {
	unsigned int bound, renewed, lost, declined, refused, guest;
} count;

static uint64_t seconds_now(void)
{
	return sys_time() / 1000000;
}

static const char *ip_text(uint32_t ip, char text[IP4ADDR_STRLEN_MAX])
{
	ip4_addr_t a = { ip };

	return ip4addr_ntoa_r(&a, text, IP4ADDR_STRLEN_MAX);
}

/* ---- what is sent ---- */

static u16_t put_option(u8_t *options, u16_t at, u8_t code, const void *value,
			u8_t len)
{
	if (at + 2u + len >= DHCP_OPTIONS_LEN)
		return at;
	options[at++] = code;
	options[at++] = len;
	memcpy(options + at, value, len);
	return (u16_t)(at + len);
}

static void remember_xid(uint32_t xid)
{
	if (kept->xid == xid)
		return;
	xids[next_xid++ % OWN_XIDS] = kept->xid;
	kept->xid = xid;
}

void stack_dhcp_append(struct netif *n, struct dhcp_msg *msg, u8_t type,
		       u16_t *len)
{
	const char *name = netif_get_hostname(n);
	u8_t id[1 + 32] = { 0 };	/* type 0: neither hardware nor DUID */
	size_t size = strlen(name);

	memcpy(id + 1, name, size);
	*len = put_option(msg->options, *len, DHCP_OPTION_CLIENT_ID, id,
			  (u8_t)(size + 1));
	if (type == DHCP_DISCOVER && kept->address)
		*len = put_option(msg->options, *len, DHCP_OPTION_REQUESTED_IP,
				  &kept->address, 4);
	if (ip4_addr_isany_val(msg->ciaddr))
		msg->flags = PP_HTONS(0x8000);
	remember_xid(msg->xid);
}

/* ---- what servers say ---- */

/* An answer of a server to a client with our MAC address. */
struct answer {
	uint32_t xid, yours, server, lease;
	uint8_t type;		/* DHCP_OFFER, DHCP_ACK, ... */
};

static uint32_t word_at(const uint8_t *p)
{
	uint32_t value;

	memcpy(&value, p, sizeof(value));
	return value;
}

static void read_options(const uint8_t *p, size_t len, struct answer *a)
{
	size_t i = 0, size;

	while (i + 2 <= len && p[i] != DHCP_OPTION_END) {
		if (p[i] == DHCP_OPTION_PAD) {
			i++;
			continue;
		}
		size = p[i + 1];
		if (size > len - i - 2)
			return;
		if (p[i] == DHCP_OPTION_MESSAGE_TYPE && size == 1)
			a->type = p[i + 2];
		else if (p[i] == DHCP_OPTION_SERVER_ID && size == 4)
			a->server = word_at(p + i + 2);
		else if (p[i] == DHCP_OPTION_LEASE_TIME && size == 4)
			a->lease = lwip_ntohl(word_at(p + i + 2));
		i += 2 + size;
	}
}

/* False: the frame is no such answer. */
static bool read_answer(const uint8_t *frame, size_t len, struct answer *a)
{
	const uint8_t *ip = frame + SIZEOF_ETH_HDR, *udp;
	const struct dhcp_msg *msg;
	size_t header, left;

	if (len < SIZEOF_ETH_HDR + IP_HLEN + UDP_HEADER + DHCP_OPTIONS_OFS ||
	    frame[12] != 0x08 || frame[13] != 0x00 || ip[0] >> 4 != 4 ||
	    ip[9] != IP_PROTO_UDP || (ip[6] & 0x1f) || ip[7])
		return false;
	header = (ip[0] & 0xfu) * 4;
	left = len - SIZEOF_ETH_HDR;
	if (header < IP_HLEN || left < header + UDP_HEADER + DHCP_OPTIONS_OFS)
		return false;
	udp = ip + header;
	if (udp[2] || udp[3] != LWIP_IANA_PORT_DHCP_CLIENT)
		return false;
	msg = (const void *)(udp + UDP_HEADER);
	if (msg->op != DHCP_BOOTREPLY ||
	    memcmp(msg->chaddr, netif->hwaddr, ETH_HWADDR_LEN))
		return false;
	memset(a, 0, sizeof(*a));
	memcpy(&a->xid, &msg->xid, sizeof(a->xid));
	memcpy(&a->yours, &msg->yiaddr, sizeof(a->yours));
	read_options(udp + UDP_HEADER + DHCP_OPTIONS_OFS,
		     left - header - UDP_HEADER - DHCP_OPTIONS_OFS, a);
	return true;
}

static bool is_ours(uint32_t xid)
{
	if (xid == kept->xid)
		return true;
	for (unsigned int i = 0; i < OWN_XIDS && i < next_xid; i++)
		if (xids[i] == xid)
			return true;
	return false;
}

static bool can_be_a_station(uint32_t ip)
{
	const uint8_t *b = (const uint8_t *)&ip;

	return b[0] != 0 && b[0] != 127 && b[0] < 224;
}

static bool is_guests(uint32_t ip)
{
	return stack_guest_lease_is(&kept->guest, ip, seconds_now());
}

static void tell_same_address(const struct answer *a)
{
	char ip[IP4ADDR_STRLEN_MAX], server[IP4ADDR_STRLEN_MAX];
	uint64_t now = sys_time();

	if (same_address_told && now - same_address_told < REPEAT_US)
		return;
	same_address_told = now;
	domain_log(LOG_ERROR, "DHCP server %s gives %s to the guest and to "
		   "the VMM: it goes by MAC address only; the guest keeps it",
		   ip_text(a->server, server), ip_text(a->yours, ip));
	domain_log(LOG_ERROR, "for an address of the VMM's: set ip.mac=own, or "
		   "a static one");
}

/* Ask anew, and neither release nor decline what we have or were offered. */
static void give_way(const struct answer *a)
{
	tell_same_address(a);
	count.refused++;
	address = kept->address = 0;
	stack_dns_forget();
	netif_set_addr(netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4);
	dhcp_start(netif);
	last_state = dhcp.state;
}

/* The guest has a lease; if it is on our address, that one is gone for us. */
static void guest_has_lease(const struct answer *a)
{
	count.guest++;
	stack_guest_lease_seen(&kept->guest, a->yours, a->lease,
			       seconds_now());
	if (a->yours == address ||
	    a->yours == ip4_addr_get_u32(&dhcp.offered_ip_addr))
		give_way(a);
}

/*
 * The guest's answer to lwIP's probe for the address it was given (RFC 2131,
 * 4.4.1): the guest goes on with an address that it once got from the server.
 * One that it has of itself is declined as any other station's.
 */
static bool guest_answers_probe(const uint8_t *frame, size_t len)
{
	const struct etharp_hdr *arp = (const void *)(frame + SIZEOF_ETH_HDR);
	struct answer a = { .yours = kept->guest.address };
	uint32_t sender;

	if (dhcp.state != DHCP_STATE_CHECKING || !kept->guest.address ||
	    len < SIZEOF_ETH_HDR + SIZEOF_ETHARP_HDR ||
	    frame[12] != 0x08 || frame[13] != 0x06 ||
	    memcmp(&arp->shwaddr, netif->hwaddr, ETH_HWADDR_LEN))
		return false;
	memcpy(&sender, &arp->sipaddr, sizeof(sender));
	if (sender != kept->guest.address ||
	    sender != ip4_addr_get_u32(&dhcp.offered_ip_addr))
		return false;
	a.server = ip4_addr_get_u32(ip_2_ip4(&dhcp.server_ip_addr));
	stack_guest_lease_seen(&kept->guest, sender, GUEST_KEEPS_SECONDS,
			       seconds_now());
	give_way(&a);
	return true;
}

bool stack_dhcp_look(const uint8_t *frame, size_t len)
{
	struct answer a;

	if (!netif)
		return true;
	if (guest_answers_probe(frame, len))
		return false;
	if (!read_answer(frame, len, &a) ||
	    (a.type != DHCP_OFFER && a.type != DHCP_ACK))
		return true;
	if (!is_ours(a.xid)) {
		if (a.type == DHCP_ACK && can_be_a_station(a.yours))
			guest_has_lease(&a);
		return true;
	}
	if (can_be_a_station(a.yours) && !is_guests(a.yours))
		return true;
	if (is_guests(a.yours))
		tell_same_address(&a);
	count.refused++;
	return false;
}

/* ---- the lease ---- */

static uint32_t min32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Seconds between two looks at the lease. */
static uint32_t tick_seconds(void)
{
	uint32_t tick = min32(lease / TICKS_A_LEASE, DHCP_COARSE_TIMER_SECS);

	return tick ? tick : 1;
}

static void tick(void *unused)
{
	(void)unused;
	dhcp_coarse_tmr();
	sys_timeout(tick_seconds() * 1000, tick, NULL);
}

/*
 * lwIP has rounded the times to minutes, and cut them to 16 bits each. Count in
 * ticks of this lease instead, and see that renewing comes before the end.
 */
static void set_clock(void)
{
	uint32_t one = tick_seconds(), t1 = dhcp.offered_t1_renew,
		 t2 = dhcp.offered_t2_rebind;
	uint32_t whole = min32(lease, 0xffff * DHCP_COARSE_TIMER_SECS);

	sys_untimeout(tick, NULL);
	if (lease == FOREVER) {
		dhcp.t0_timeout = 0;
		return;
	}
	if (t2 >= whole)
		t2 = whole - whole / 8;
	if (t1 >= t2)
		t1 = whole / 2;
	dhcp.t0_timeout = (u16_t)LWIP_MAX(whole / one, 3);
	dhcp.t2_timeout = (u16_t)LWIP_MAX(t2 / one, 2);
	dhcp.t1_timeout = (u16_t)LWIP_MAX(t1 / one, 1);
	dhcp.t2_rebind_time = dhcp.t2_timeout;
	dhcp.t1_renew_time = dhcp.t1_timeout;
	if (one < DHCP_COARSE_TIMER_SECS)
		sys_timeout(one * 1000, tick, NULL);
}

static unsigned int prefix_length(uint32_t mask)
{
	unsigned int bits = 0;

	for (mask = lwip_ntohl(mask); mask & 0x80000000u; mask <<= 1)
		bits++;
	return bits;
}

static void bound(void)
{
	uint32_t now = ip4_addr_get_u32(netif_ip4_addr(netif));
	bool same = now == address && dhcp.offered_t0_lease == lease;
	char ip[IP4ADDR_STRLEN_MAX], server[IP4ADDR_STRLEN_MAX];

	lease = dhcp.offered_t0_lease;
	lease_end = lease == FOREVER ? UINT64_MAX :
				       sys_time() + lease * 1000000ull;
	address = kept->address = now;
	silence_told = false;
	set_clock();
	if (same) {
		count.renewed++;
		return;
	}
	count.bound++;
	domain_log(LOG_INFO, "address %s/%u from %s, for %u s",
		   ip_text(now, ip), prefix_length(ip4_addr_get_u32(
			   netif_ip4_netmask(netif))),
		   ip_text(ip4_addr_get_u32(ip_2_ip4(&dhcp.server_ip_addr)),
			   server), lease);
}

static void lost(void)
{
	uint64_t rounding = 2000000ull * tick_seconds();
	char ip[IP4ADDR_STRLEN_MAX];

	domain_log(LOG_WARN, "address %s is gone: its lease %s; asking anew",
		   ip_text(address, ip), sys_time() + rounding >= lease_end ?
		   "ran out and no server answered" : "was refused (NAK)");
	count.lost++;
	address = 0;
	stack_dns_forget();
	sys_untimeout(tick, NULL);
}

/* Some other station answered for the address that the server had left. */
static void declined(void)
{
	char ip[IP4ADDR_STRLEN_MAX];

	/* the first and then ever more rarely, so as not to fill the log */
	if ((count.declined & (count.declined + 1)) == 0)
		domain_log(LOG_WARN, "address %s from the DHCP server is in "
			   "use by another station: declined",
			   ip_text(ip4_addr_get_u32(&dhcp.offered_ip_addr),
				   ip));
	count.declined++;
}

/*
 * lwIP keeps an address beyond its lease if the link was down meanwhile and no
 * server has answered since.
 */
static void check_end(void)
{
	if (address && sys_time() >= lease_end && !dhcp_supplied_address(netif))
		netif_set_addr(netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4,
			       IP4_ADDR_ANY4);
	if (address && ip4_addr_isany_val(*netif_ip4_addr(netif)))
		lost();
}

void stack_dhcp_poll(void)
{
	uint8_t before = last_state;

	if (!netif)
		return;
	check_end();
	last_state = dhcp.state;
	if (dhcp.state == DHCP_STATE_BOUND && before != DHCP_STATE_BOUND)
		bound();
	if (dhcp.state == DHCP_STATE_BACKING_OFF &&
	    before == DHCP_STATE_CHECKING)
		declined();
	if (dhcp.state == DHCP_STATE_SELECTING && dhcp.tries > SILENT_TRIES &&
	    !silence_told) {
		silence_told = true;
		domain_log(LOG_WARN, "no DHCP server gives an address; asking "
			   "every minute");
	}
}

/* ---- set-up and status ---- */

void stack_dhcp_start(struct netif *n, uint32_t *words)
{
	netif = n;
	kept = (struct kept *)words;
	if (!can_be_a_station(kept->address))
		kept->address = 0;
	dhcp_set_struct(netif, &dhcp);
	if (dhcp_start(netif) != ERR_OK)
		domain_log(LOG_ERROR, "DHCP cannot start");
	last_state = dhcp.state;
}

static const char *state_name(void)
{
	static const char *const name[] = {
		[DHCP_STATE_OFF] = "off",
		[DHCP_STATE_REQUESTING] = "requesting",
		[DHCP_STATE_INIT] = "waits for the link",
		[DHCP_STATE_REBOOTING] = "asks for it again",
		[DHCP_STATE_REBINDING] = "rebinding",
		[DHCP_STATE_RENEWING] = "renewing",
		[DHCP_STATE_SELECTING] = "looks for a server",
		[DHCP_STATE_CHECKING] = "checking",
		[DHCP_STATE_BOUND] = "bound",
		[DHCP_STATE_BACKING_OFF] = "backing off",
	};

	return dhcp.state < sizeof(name) / sizeof(name[0]) && name[dhcp.state] ?
		name[dhcp.state] : "?";
}

void stack_dhcp_interface(struct netd_interface *i)
{
	uint64_t now = sys_time();

	if (!netif)
		return;
	strlcpy(i->dhcp, state_name(), sizeof(i->dhcp));
	if (!address)
		return;
	i->lease_server = ip4_addr_get_u32(ip_2_ip4(&dhcp.server_ip_addr));
	i->lease_s = i->lease_left_s = lease;
	if (lease != FOREVER)
		i->lease_left_s = now >= lease_end ? 0 :
				  (uint32_t)((lease_end - now) / 1000000);
}

void stack_dhcp_counters(stack_counter add, void *to)
{
	if (!netif)
		return;
	add(to, "DHCP bound", count.bound);
	add(to, "DHCP renewed", count.renewed);
	add(to, "DHCP lost", count.lost);
	add(to, "DHCP declined", count.declined);
	add(to, "DHCP refused", count.refused);
	add(to, "DHCP of the guest", count.guest);
}
