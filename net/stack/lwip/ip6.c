/* SPDX-License-Identifier: MIT */
/*
 * The VMM's IPv6 addresses: a link-local one and, where routers advertise
 * prefixes, one for each by autoconfiguration (RFC 4862). lwIP does the protocol
 * and duplicate address detection; the interface identifier is made here.
 *
 * It cannot be the one that the MAC address gives (RFC 4291, appendix A): that is
 * the guest's, on the same MAC address. So it is a hash of the MAC address and
 * a purpose, opaque and the same at each start, as RFC 7217 wants it, but without a
 * secret and for all prefixes: a server's address is there to be known. When it
 * turns out to be somebody's, the next one is tried.
 */
#include "stack.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <lwip/priv/nd6_priv.h>
#include <lwip/ethip6.h>
#include <lwip/mld6.h>
#include <lwip/netif.h>
#include <lwip/prot/ethernet.h>
#include <mbedtls/sha256.h>
#include <netring.h>
#include <string.h>

#define ATTEMPTS	3	/* RFC 7217, section 7 */
#define LINES		8	/* in the log at once; then one in ... */
#define LINE_US		30000000u

_Static_assert(LWIP_IPV6_NUM_ADDRESSES <= NETRING_IP6_MAX, "room for all");

static struct netif *netif;		/* NULL: no IPv6 */
static uint8_t attempt;
static u8_t last_state[LWIP_IPV6_NUM_ADDRESSES];
static unsigned int duplicates, claims;
static unsigned int lines = LINES;	/* that may be logged now */
static uint64_t lines_since;		/* VMM time */

/* Routers that nobody can trust make addresses come and go. */
static bool may_log(void)
{
	uint64_t more = (sys_time() - lines_since) / LINE_US;

	lines_since += more * LINE_US;
	lines = more >= LINES - lines ? LINES : lines + (unsigned int)more;
	if (!lines)
		return false;
	lines--;
	return true;
}

static void set_link_local(void)
{
	struct {
		char purpose[33];
		uint8_t mac[ETH_HWADDR_LEN], attempt;
	} input = {
		.purpose = "tandem IPv6 interface identifier",
		.attempt = attempt,
	};
	unsigned char hash[32];
	ip6_addr_t a;

	memcpy(input.mac, netif->hwaddr, sizeof(input.mac));
	if (mbedtls_sha256_ret((const unsigned char *)&input, sizeof(input),
			       hash, 0))
		return;
	ip6_addr_set_zero(&a);
	a.addr[0] = PP_HTONL(0xfe800000u);
	memcpy(&a.addr[2], hash, 8);
	ip6_addr_assign_zone(&a, IP6_UNICAST, netif);
	netif_ip6_addr_set(netif, 0, &a);
	netif_ip6_addr_set_state(netif, 0, IP6_ADDR_TENTATIVE);
}

/* Somebody has the i-th address. lwIP does not use it any more. */
static void duplicate(s8_t i)
{
	char text[IP6ADDR_STRLEN_MAX];

	duplicates++;
	ip6addr_ntoa_r(netif_ip6_addr(netif, i), text, sizeof(text));
	if (may_log())
		domain_log(LOG_WARN, "address %s is in use by another station",
			   text);
	if (i || attempt == ATTEMPTS)
		return;
	if (++attempt == ATTEMPTS) {
		domain_log(LOG_ERROR, "no IPv6: %u addresses in a row are in "
			   "use by others", ATTEMPTS);
		return;
	}
	/* those made of the same identifier go; routers make new ones */
	for (s8_t k = LWIP_IPV6_NUM_ADDRESSES - 1; k >= 0; k--)
		netif_ip6_addr_set_state(netif, k, IP6_ADDR_INVALID);
	set_link_local();
}

/*
 * lwIP gives an address up at any neighbour advertisement for it, also one that
 * is in use since duplicate address detection found it free. RFC 4862, 5.4.4
 * leaves that open; one forged frame would take it for good, so it stays.
 */
static void keep(s8_t i, u8_t state)
{
	claims++;
	netif_ip6_addr_set_state(netif, i, state);
}

void stack_ip6_poll(void)
{
	char text[IP6ADDR_STRLEN_MAX];

	for (s8_t i = 0; netif && i < LWIP_IPV6_NUM_ADDRESSES; i++) {
		u8_t before = last_state[i];
		u8_t now = netif_ip6_addr_state(netif, i);

		if (ip6_addr_isduplicated(now) && ip6_addr_isvalid(before)) {
			keep(i, before);
			continue;
		}
		last_state[i] = now;
		if (now == before)
			continue;
		if (ip6_addr_isduplicated(now)) {
			duplicate(i);
		} else if (ip6_addr_ispreferred(now) &&
			   !ip6_addr_isvalid(before) && may_log()) {
			ip6addr_ntoa_r(netif_ip6_addr(netif, i), text,
				       sizeof(text));
			domain_log(LOG_INFO, "address %s", text);
		}
	}
}

static void add_group(struct netring_addresses *a, const uint8_t last4[4])
{
	uint8_t *mac;

	if (a->n_multicast == NETRING_MULTICAST_MAX)
		return;
	mac = a->multicast[a->n_multicast++];
	mac[0] = mac[1] = 0x33;			/* RFC 2464, section 7 */
	memcpy(mac + 2, last4, 4);
}

void stack_ip6_collect(struct netring_addresses *a)
{
	static const uint8_t all_nodes[4] = { 0, 0, 0, 1 };

	if (!netif)
		return;
	for (s8_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
		u8_t state = netif_ip6_addr_state(netif, i);

		if (ip6_addr_isinvalid(state) || ip6_addr_isduplicated(state))
			continue;
		memcpy(a->ip6[a->n_ip6++], netif_ip6_addr(netif, i)->addr, 16);
	}
	add_group(a, all_nodes);
	for (struct mld_group *g = netif_mld6_data(netif); g; g = g->next)
		add_group(a, (const uint8_t *)&g->group_address.addr[3]);
}

void stack_ip6_start(struct netif *n)
{
	if (n->mtu < 1280) {
		domain_log(LOG_WARN, "no IPv6 with an MTU of %u: it needs 1280",
			   n->mtu);
		return;
	}
	netif = n;
	netif->flags |= NETIF_FLAG_MLD6;
	netif->output_ip6 = ethip6_output;
	netif->mtu6 = netif->mtu;
	netif_set_ip6_autoconfig_enabled(netif, 1);
	lines_since = sys_time();
	set_link_local();
}

bool stack_ip6_address(unsigned int i, struct netd_address6 *a)
{
	u8_t state;

	if (!netif || i >= LWIP_IPV6_NUM_ADDRESSES)
		return false;
	memset(a, 0, sizeof(*a));
	state = netif_ip6_addr_state(netif, (s8_t)i);
	if (ip6_addr_isinvalid(state))
		return true;
	ip6addr_ntoa_r(netif_ip6_addr(netif, (s8_t)i), a->address,
		       sizeof(a->address));
	strlcpy(a->state, ip6_addr_isduplicated(state) ? "duplicate" :
			  ip6_addr_istentative(state) ? "tentative" :
			  ip6_addr_ispreferred(state) ? "preferred" :
							"deprecated",
		sizeof(a->state));
	return true;
}

bool stack_ip6_neighbour(unsigned int i, struct netd_neighbour *n)
{
	const struct nd6_neighbor_cache_entry *e = &neighbor_cache[i];

	if (!netif || i >= LWIP_ND6_NUM_NEIGHBORS)
		return false;
	memset(n, 0, sizeof(*n));
	if (e->state == ND6_NO_ENTRY || e->state == ND6_INCOMPLETE)
		return true;
	ip6addr_ntoa_r(&e->next_hop_address, n->address, sizeof(n->address));
	memcpy(n->mac, e->lladdr, sizeof(n->mac));
	return true;
}

static bool mac_is_known(const ip6_addr_t *hop)
{
	for (size_t i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++) {
		const struct nd6_neighbor_cache_entry *e = &neighbor_cache[i];

		if (e->state != ND6_NO_ENTRY && e->state != ND6_INCOMPLETE &&
		    ip6_addr_cmp_zoneless(&e->next_hop_address, hop))
			return true;
	}
	return false;
}

bool stack_ip6_reaches(const char *address)
{
	ip6_addr_t to;

	if (!netif || !ip6addr_aton(address, &to))
		return false;
	for (size_t i = 0; i < LWIP_ND6_NUM_DESTINATIONS; i++) {
		const struct nd6_destination_cache_entry *e =
			&destination_cache[i];

		if (ip6_addr_cmp_zoneless(&e->destination_addr, &to))
			return mac_is_known(&e->next_hop_addr);
	}
	return false;
}

void stack_ip6_counters(stack_counter add, void *to)
{
	if (!netif)
		return;
	add(to, "IPv6 duplicates", duplicates);
	add(to, "IPv6 claims", claims);
}
