// SPDX-License-Identifier: MIT
/*
 * Who else uses, or wants to use, an address of the VMM. With a MAC address that
 * guest and stack share, only the switch can see a conflict between the two:
 * it knows by which port a frame came. What is seen is remembered in a small
 * table, so that a station that keeps at it takes one line in the log, and one
 * that makes up addresses does not fill it.
 */
#define LOG_PREFIX "ippass: "

#include "classify.h"

#include <net/ratelimit.h>
#include <stdio.h>
#include <string.h>
#include <tandem/log.h>
#include <tandem/spinlock.h>

#define CONFLICTS	8
#define QUIET_US	600000000ull	/* until it is news again */

struct conflict {
	uint8_t mac[ETH_ALEN];
	uint8_t ip[16];
	bool ip6;
	enum net_port_id from;
	enum ippass_claim claim;	/* the last one */
	uint64_t count;			/* 0: this place is free */
	uint64_t last;			/* time_us() */
	bool logged;
};

/* "conflicts" in the lock order. Protects all of these. */
static struct spinlock lock;
static struct conflict table[CONFLICTS];
static uint64_t total;
static struct ratelimit limit;

static const char *const port_name[NET_PORTS] = {
	[NET_WIRE] = "on the wire", [NET_GUEST] = "in the guest",
};

static const char *const doing[] = {
	[IPPASS_PROBES] = "asks for it",
	[IPPASS_USES] = "uses it",
	[IPPASS_SENDS] = "sends from it",
};

static bool same(const struct conflict *a, const struct conflict *b)
{
	return a->count && a->ip6 == b->ip6 && a->from == b->from &&
	       !memcmp(a->mac, b->mac, ETH_ALEN) &&
	       !memcmp(a->ip, b->ip, sizeof(a->ip));
}

static void print_ip(const struct conflict *c, char *text, size_t size)
{
	size_t len = 0;

	if (!c->ip6) {
		snprintf(text, size, "%u.%u.%u.%u", c->ip[0], c->ip[1],
			 c->ip[2], c->ip[3]);
		return;
	}
	for (unsigned int i = 0; i < sizeof(c->ip); i += 2)
		len += (size_t)snprintf(text + len, size - len, "%s%02x%02x",
					i ? ":" : "", c->ip[i], c->ip[i + 1]);
}

/* True if there was room for a line. */
static bool report(const struct conflict *c)
{
	const uint8_t *mac = c->mac;
	uint32_t left_out;
	char ip[40];

	if (!ratelimit_ok(&limit, &left_out))
		return false;
	print_ip(c, ip, sizeof(ip));
	log_warn("address conflict: %s is the VMM's, but "
		 "%02x:%02x:%02x:%02x:%02x:%02x %s %s (%u more)", ip, mac[0],
		 mac[1], mac[2], mac[3], mac[4], mac[5], port_name[c->from],
		 doing[c->claim], left_out);
	return true;
}

void ippass_conflict(const struct ippass_headers *h, enum ippass_claim claim,
		     enum net_port_id from, const uint8_t *ip)
{
	struct conflict seen = {
		.ip6 = h->kind == IPPASS_IP6, .from = from, .claim = claim,
		.last = time_us(),
	};
	struct conflict *c = table;

	memcpy(seen.mac, h->sender_mac, ETH_ALEN);
	memcpy(seen.ip, ip, seen.ip6 ? 16 : 4);
	spin_lock(&lock);
	total++;
	for (unsigned int i = 0; i < CONFLICTS; i++) {
		if (same(&table[i], &seen)) {
			c = &table[i];
			seen.count = c->count;
			seen.logged = c->logged &&
				      seen.last - c->last < QUIET_US;
			break;
		}
		if (table[i].last < c->last)	/* free ones are the oldest */
			c = &table[i];
	}
	seen.count++;
	*c = seen;
	if (!c->logged)
		c->logged = report(c);
	spin_unlock(&lock);
}

void ippass_conflicts_describe(struct net_report *r)
{
	uint64_t now = time_us();
	char ip[40], name[16];
	unsigned int n = 0;

	spin_lock(&lock);
	net_report_count(r, "address conflicts", total);
	for (unsigned int i = 0; i < CONFLICTS; i++) {
		const struct conflict *c = &table[i];
		const uint8_t *mac = c->mac;

		if (!c->count)
			continue;
		print_ip(c, ip, sizeof(ip));
		/* in JSON no two entries of a port may have the same name */
		snprintf(name, sizeof(name), "conflict %u", ++n);
		net_report_text(r, name,
				"%s: %02x:%02x:%02x:%02x:%02x:%02x %s %s, "
				"%lu times, last %lu s ago", ip, mac[0], mac[1],
				mac[2], mac[3], mac[4], mac[5],
				port_name[c->from], doing[c->claim], c->count,
				(now - c->last) / 1000000);
	}
	spin_unlock(&lock);
}
