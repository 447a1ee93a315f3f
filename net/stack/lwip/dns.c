/* SPDX-License-Identifier: MIT */
/*
 * Addresses of names: lwIP's DNS client (RFC 1035; ports and identifiers as RFC
 * 5452 wants them), whose servers are configured or told by DHCP. It calls back
 * when it is done; who asks here comes again instead, so an answer is kept until
 * it was asked for once more.
 */
#include "stack.h"

#include <domain/syscall.h>
#include <errno.h>
#include <lwip/dns.h>
#include <netring.h>
#include <string.h>
#include <tandem/hostname.h>
#include <tandem/kconfig.h>

#define KEPT_US		5000000ull	/* an answer nobody came for */
/* no server was there, if lwIP gave up this late; see failed() */
#define SILENCE_US	6000000ull

static struct lookup {
	enum { FREE, ASKED, DONE } state;
	char name[HOSTNAME_MAX];
	uint8_t type;			/* LWIP_DNS_ADDRTYPE_* */
	uint64_t since;			/* ASKED or DONE, VMM time */
	int error;			/* of DONE; 0: address */
	ip_addr_t address;
} lookups[DNS_TABLE_SIZE];

static uint32_t configured[NETRING_DNS_MAX];

_Static_assert(NETRING_DNS_MAX == DNS_MAX_SERVERS, "servers");

/* ---- servers ---- */

static uint32_t server(uint8_t i)
{
	const ip_addr_t *a = dns_getserver(i);

	return IP_IS_V4(a) ? ip4_addr_get_u32(ip_2_ip4(a)) : 0;
}

static void set_server(uint8_t i, uint32_t address)
{
	ip_addr_t a = IPADDR4_INIT(address);

	if (server(i) != address)
		dns_setserver(i, &a);
}

static bool can_be_asked(uint32_t address)
{
	const uint8_t *b = (const uint8_t *)&address;

	return b[0] != 0 && b[0] != 127 && b[0] < 224;
}

void stack_dns_set(const uint32_t *servers)
{
	memcpy(configured, servers, sizeof(configured));
	stack_dns_poll();
}

void stack_dns_forget(void)
{
	for (uint8_t i = 0; i < DNS_MAX_SERVERS; i++)
		set_server(i, configured[i]);
}

void stack_dns_poll(void)
{
	if (configured[0])
		stack_dns_forget();
	for (uint8_t i = 0; i < DNS_MAX_SERVERS; i++)
		if (!can_be_asked(server(i)))
			set_server(i, 0);
	if (!server(0)) {		/* lwIP asks none without a first */
		set_server(0, server(1));
		set_server(1, 0);
	}
}

void stack_dns_interface(struct netd_interface *i)
{
	i->dns[0] = server(0);
	i->dns[1] = server(1);
	i->dns_by_dhcp = i->dns[0] && !configured[0];
}

/* ---- names ---- */

/*
 * lwIP does not tell why. It asks each server for 6 to 7 s before it gives up,
 * and an answer that there is none comes sooner.
 */
static int failed(const struct lookup *l)
{
	unsigned int servers = server(1) ? 2 : 1;

	if (!server(0))
		return -ENODEV;
	return sys_time() - l->since >= servers * SILENCE_US ? -ETIMEDOUT :
							       -ENOENT;
}

static void found(const char *name, const ip_addr_t *address, void *arg)
{
	struct lookup *l = arg;

	(void)name;
	l->error = address ? 0 : failed(l);
	if (address)
		l->address = *address;
	l->state = DONE;
	l->since = sys_time();
}

static struct lookup *find(const char *name, uint8_t type)
{
	for (size_t i = 0; i < DNS_TABLE_SIZE; i++)
		if (lookups[i].state != FREE && lookups[i].type == type &&
		    !strcmp(lookups[i].name, name))
			return &lookups[i];
	return NULL;
}

static struct lookup *find_free(void)
{
	for (size_t i = 0; i < DNS_TABLE_SIZE; i++) {
		struct lookup *l = &lookups[i];

		if (l->state == DONE && sys_time() - l->since > KEPT_US)
			l->state = FREE;
		if (l->state == FREE)
			return l;
	}
	return NULL;
}

/* As stack_dns_resolve(); the address in l. */
static int ask(struct lookup *l)
{
	switch (dns_gethostbyname_addrtype(l->name, &l->address, found, l,
					   l->type)) {
	case ERR_OK:
		return 0;		/* known from before */
	case ERR_INPROGRESS:
		l->state = ASKED;
		l->since = sys_time();
		return -EAGAIN;
	case ERR_VAL:
		return -ENODEV;
	case ERR_ARG:
		return -EINVAL;
	default:
		return -EBUSY;
	}
}

int stack_dns_resolve(const char *name, bool ip6, char text[NETD_IP_MAX])
{
	uint8_t type = IS_ENABLED(CONFIG_IPV6) && ip6 ?
		       LWIP_DNS_ADDRTYPE_DEFAULT : LWIP_DNS_ADDRTYPE_IPV4;
	struct lookup *l = find(name, type);
	int error;

	if (l && l->state == ASKED)
		return -EAGAIN;
	if (l) {
		l->state = FREE;
		error = l->error;
	} else {
		if (!hostname_valid(name, strlen(name)))
			return -EINVAL;
		l = find_free();
		if (!l)
			return -EBUSY;
		strlcpy(l->name, name, sizeof(l->name));
		l->type = type;
		error = ask(l);
	}
	if (!error)
		ipaddr_ntoa_r(&l->address, text, NETD_IP_MAX);
	return error;
}
