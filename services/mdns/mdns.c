/* SPDX-License-Identifier: MIT */
/*
 * The VMM's name on the link, tandem-SERIAL.local, and what it offers there, by
 * lwIP's responder (RFC 6762, RFC 6763).
 *
 * lwIP's mdns.c is compiled in here, since it needs help: it reads messages
 * without bounds on the work they are (guard.c looks first), answers senders that
 * are not on the link, never gets over its probes where there is no IPv6, says all
 * at once in a message that may be too small for it, and says no goodbye. A
 * response that is against the name later on has it probed for again (RFC 6762,
 * section 9).
 */
#include "guard.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <lwip/igmp.h>
#include <lwip/netif.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <services/echo.h>
#include <services/mdns.h>
#include <services/mgmt.h>
#include <services/netd.h>
#include <services/status.h>
#include <stdio.h>
#include <string.h>
#include <tandem/kconfig.h>

/* NOLINTNEXTLINE(bugprone-suspicious-include): all of it is wanted here */
#include <apps/mdns/mdns.c>

#define HOST_TTL	120u	/* seconds; RFC 6762, section 10 */
#define SERVICE_TTL	4500u
#define TICK_MS		250u
#define NAMES		9u	/* tandem-X, tandem-X-2 ... */
#define AGAIN_US	10000000ull	/* between two times to probe */

static struct mdns_status status;
static char base[MDNS_NAME_MAX];
static char logged[MDNS_NAME_MAX];	/* the name that the log has */
static unsigned int attempt;
static uint64_t probed_at;

/* Services by the slot that lwIP gave them; -1: not told. */
static struct told {
	const char *type;
	enum mdns_sd_proto protocol;
	uint16_t port;
	s8_t slot;
} told[] = {
	{ "_https", DNSSD_PROTO_TCP, 0, -1 },
	{ "_echo", DNSSD_PROTO_TCP, 0, -1 },
	{ "_echo", DNSSD_PROTO_UDP, 0, -1 },
};

#define SERVICES	(sizeof(told) / sizeof(told[0]))

_Static_assert(SERVICES <= MDNS_MAX_SERVICES, "room for all services");

/* What the addresses were when they were announced. */
static struct {
	ip4_addr_t ip4;
	bool link;
#if LWIP_IPV6
	u8_t valid[LWIP_IPV6_NUM_ADDRESSES];
#endif
} last;

static struct mdns_host *host(void)
{
	return NETIF_TO_HOST(netif_default);
}

/* ---- what comes ---- */

/* A message to the link, from the link (RFC 6762, section 11). */
static bool is_near(const ip_addr_t *from)
{
	struct netif *n = netif_default;

#if LWIP_IPV6
	if (IP_IS_V6(from)) {
		if (ip6_addr_islinklocal(ip_2_ip6(from)))
			return true;
		for (s8_t i = 1; i < LWIP_IPV6_NUM_ADDRESSES; i++)
			if (ip6_addr_isvalid(netif_ip6_addr_state(n, i)) &&
			    ip6_addr_netcmp(ip_2_ip6(from),
					    netif_ip6_addr(n, i)))
				return true;
		return false;
	}
#endif
	return ip4_addr_netcmp(ip_2_ip4(from), netif_ip4_addr(n),
			       netif_ip4_netmask(n));
}

/* Does a response say that our name is somebody else's? */
static bool is_against_us(struct pbuf *p)
{
	struct mdns_domain ours;
	struct mdns_packet m = { .pbuf = p, .parse_offset = SIZEOF_DNS_HDR };
	struct mdns_question q;
	struct mdns_answer a;
	struct dns_hdr h;
	bool same;

	pbuf_copy_partial(p, &h, SIZEOF_DNS_HDR, 0);
	if (!(h.flags1 & DNS_FLAG1_RESPONSE) ||
	    mdns_build_host_domain(&ours, host()) != ERR_OK)
		return false;
	m.questions_left = lwip_ntohs(h.numquestions);
	m.answers_left = lwip_ntohs(h.numanswers);
	while (m.questions_left)
		if (mdns_read_question(&m, &q) != ERR_OK)
			return false;
	while (m.answers_left) {
		if (mdns_read_answer(&m, &a) != ERR_OK)
			return false;
		if (a.info.type != DNS_RRTYPE_A || !a.ttl ||
		    !mdns_domain_eq(&a.info.domain, &ours))
			continue;
		same = a.rd_length == 4 &&
		       !pbuf_memcmp(p, a.rd_offset,
				    netif_ip4_addr(netif_default), 4);
		if (!same)
			return true;
	}
	return false;
}

static void probe_again(void)
{
	if (sys_time() - probed_at < AGAIN_US)
		return;
	probed_at = sys_time();
	status.conflicts++;
	status.state = MDNS_PROBES;
	mdns_resp_restart(netif_default);
}

static void receive(void *arg, struct udp_pcb *pcb, struct pbuf *p,
		    const ip_addr_t *from, u16_t port)
{
	static uint8_t copy[GUARD_MESSAGE_MAX];
	enum guard_verdict verdict = GUARD_MALFORMED;
	u16_t len = p->tot_len;

	if (len <= sizeof(copy)) {
		pbuf_copy_partial(p, copy, len, 0);
		verdict = guard_look(copy, len, port != LWIP_IANA_PORT_MDNS);
	}
	if (verdict == GUARD_PASS && !is_near(from))
		verdict = GUARD_IGNORE;
	status.malformed += verdict == GUARD_MALFORMED;
	status.ignored += verdict == GUARD_IGNORE;
	if (verdict != GUARD_PASS) {
		pbuf_free(p);
		return;
	}
	status.messages++;
	if (status.state == MDNS_ANSWERS && is_against_us(p))
		probe_again();
	mdns_recv(arg, pcb, p, from, port);
}

/* ---- the name ---- */

static void name_text(char to[MDNS_NAME_MAX])
{
	if (attempt == 0)
		strlcpy(to, base, MDNS_NAME_MAX);
	else
		snprintf(to, MDNS_NAME_MAX, "%s-%u", base, attempt + 1);
}

static void announce_all(void);

/* lwIP has asked for the name: nobody has it, or somebody does. */
static void name_result(struct netif *n, u8_t result)
{
	char taken[MDNS_NAME_MAX];

	if (result == MDNS_PROBING_SUCCESSFUL) {
		/* it is asked for again with each service that begins */
		if (strcmp(logged, status.name) != 0)
			domain_log(LOG_INFO, "mdns: the VMM is %s.local",
				   status.name);
		strlcpy(logged, status.name, sizeof(logged));
		status.state = MDNS_ANSWERS;
		announce_all();
		return;
	}
	status.conflicts++;
	strlcpy(taken, status.name, sizeof(taken));
	if (++attempt == NAMES) {
		status.state = MDNS_NO_NAME;
		host()->probing_state = MDNS_PROBING_NOT_STARTED;
		domain_log(LOG_ERROR, "mdns: others have %s.local and all like "
			   "it: the VMM has no name there", base);
		return;
	}
	name_text(status.name);
	domain_log(LOG_WARN, "mdns: somebody else is %s.local: the VMM tries "
		   "%s.local", taken, status.name);
	mdns_resp_rename_netif(n, status.name);
}

/* ---- what goes ---- */

static void send_some(const ip_addr_t *to, u8_t host_replies, u8_t v6,
		      unsigned int service)
{
	struct mdns_outpacket out = {
		.netif = netif_default,
		.cache_flush = 1,
		.host_replies = host_replies,
		.host_reverse_v6_replies = v6,
		.dest_port = LWIP_IANA_PORT_MDNS,
		.dest_addr = *to,
	};

	if (service < SERVICES && told[service].slot >= 0)
		out.serv_replies[told[service].slot] =
			REPLY_SERVICE_TYPE_PTR | REPLY_SERVICE_NAME_PTR |
			REPLY_SERVICE_SRV | REPLY_SERVICE_TXT;
	mdns_send_outpacket(&out, DNS_FLAG1_RESPONSE | DNS_FLAG1_AUTHORATIVE);
}

/* Calls for both protocols, as far as there are addresses. */
static void send_both(u8_t host_replies, u8_t v6, unsigned int service)
{
	if (!ip4_addr_isany_val(*netif_ip4_addr(netif_default)))
		send_some(IP4_ADDR_ANY, host_replies, v6, service);
#if LWIP_IPV6
	if (ip6_addr_isvalid(netif_ip6_addr_state(netif_default, 0)))
		send_some(IP6_ADDR_ANY, host_replies, v6, service);
#endif
}

/* In messages of their own, so that each has room. */
static void announce_all(void)
{
	send_both(REPLY_HOST_A | REPLY_HOST_PTR_V4, 0, SERVICES);
#if LWIP_IPV6
	for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++)
		if (ip6_addr_isvalid(netif_ip6_addr_state(netif_default, i)))
			send_both(REPLY_HOST_AAAA | REPLY_HOST_PTR_V6,
				  (u8_t)(1 << i), SERVICES);
#endif
	for (unsigned int i = 0; i < SERVICES; i++)
		if (told[i].slot >= 0)
			send_both(0, 0, i);
}

/* ---- services ---- */

/* lwIP wants a TXT record of at least one, maybe empty, string. */
static void no_text(struct mdns_service *service, void *unused)
{
	(void)unused;
	mdns_resp_add_service_txtitem(service, "", 0);
}

static void take_back(unsigned int i)
{
	struct mdns_service *s = host()->services[told[i].slot];

	s->dns_ttl = 0;			/* goodbye (RFC 6762, 10.1) */
	if (status.state == MDNS_ANSWERS)
		send_both(0, 0, i);
	mdns_resp_del_service(netif_default, told[i].slot);
	told[i].slot = -1;
}

static void tell(unsigned int i, uint16_t port)
{
	struct told *t = &told[i];

	if (t->port == port)
		return;
	if (t->slot >= 0)
		take_back(i);
	t->port = port;
	if (!port)
		return;
	t->slot = mdns_resp_add_service(netif_default, base, t->type,
					t->protocol, port, SERVICE_TTL,
					no_text, NULL);
	status.state = MDNS_PROBES;
}

#ifdef CONFIG_ECHO
/* echo.c's message handler, which is in this program */
int echo_message(int type, int value, struct msg_buf *bufs, size_t n);

static void ask_echo(struct echo_servers *s)
{
	struct msg_buf b = { .base = s, .len = sizeof(*s), .writable = 1 };

	if (echo_message(MSG_BUF, ECHO_SERVERS, &b, 1))
		memset(s, 0, sizeof(*s));
}
#else
static void ask_echo(struct echo_servers *s)
{
	(void)s;
}
#endif

#ifdef CONFIG_MGMT
extern struct mgmt_status mgmt_status;

static uint16_t https_port(void)
{
	return mgmt_status.state == MGMT_RUNS ? mgmt_status.port : 0;
}
#else
static uint16_t https_port(void)
{
	return 0;
}
#endif

static void tell_services(void)
{
	struct echo_servers echo = { 0 };

	ask_echo(&echo);
	status.https = https_port();
	status.echo_tcp = echo.tcp.port;
	status.echo_udp = echo.udp.port;
	tell(0, status.https);
	tell(1, status.echo_tcp);
	tell(2, status.echo_udp);
}

/* ---- time ---- */

static bool addresses_changed(void)
{
	struct netif *n = netif_default;
	bool changed = !ip4_addr_cmp(netif_ip4_addr(n), &last.ip4);

	ip4_addr_copy(last.ip4, *netif_ip4_addr(n));
#if LWIP_IPV6
	for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
		u8_t valid = ip6_addr_isvalid(netif_ip6_addr_state(n, i)) != 0;

		changed |= valid != last.valid[i];
		last.valid[i] = valid;
	}
#endif
	return changed;
}

/*
 * lwIP counts a probe only if it also went by IPv6, which may be off, or not have
 * an address for long: by IPv4 is enough.
 */
static void count_probe(void)
{
#if LWIP_IPV6
	struct mdns_host *h = host();

	if (h->probing_state == MDNS_PROBING_ONGOING &&
	    !ip4_addr_isany_val(*netif_ip4_addr(netif_default)) &&
	    !ip6_addr_isvalid(netif_ip6_addr_state(netif_default, 0)))
		h->probes_sent++;
#endif
}

static void tick(void *unused)
{
	bool link = netif_is_link_up(netif_default);
	bool changed = addresses_changed();

	(void)unused;
	sys_timeout(TICK_MS, tick, NULL);
	if (status.state == MDNS_NO_NAME)
		return;
	tell_services();
	if (link && !last.link) {
		status.state = MDNS_PROBES;
		mdns_resp_restart(netif_default);
	}
	last.link = link;
	if (!link)
		return;
	count_probe();
	if (changed && status.state == MDNS_ANSWERS)
		announce_all();
}

/* ---- the start ---- */

MSG_HANDLER(mdns_message);

int mdns_message(int type, int value, struct msg_buf *bufs, size_t n)
{
	(void)value;
	return status_answer(type, bufs, n, &status, sizeof(status));
}

static int start(void)
{
	int error = msgregister(MDNS_HANDLER, mdns_message_entry);

	if (error < 0 || !netd_mdns(base, sizeof(base)))
		return error;
	mdns_resp_init();
	udp_recv(mdns_pcb, receive, NULL);
	mdns_resp_register_name_result_cb(name_result);
	name_text(status.name);
	if (mdns_resp_add_netif(netif_default, status.name, HOST_TTL) != ERR_OK)
		return -ENOMEM;
	status.state = MDNS_PROBES;
	sys_timeout(TICK_MS, tick, NULL);
	return 0;
}

static const struct netd_service mdns_service = {
	.name = "mdns", .start = start,
};

NETD_SERVICE(mdns_service);
