/* SPDX-License-Identifier: MIT */
/*
 * What a service in netd builds on: it registers itself by NETD_SERVICE() and
 * then works through lwIP's raw API and message handlers, all in one thread.
 */
#ifndef SERVICES_NETD_H
#define SERVICES_NETD_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tandem/hostname.h>

/*
 * What netd's handler "netd" tells of itself: MSG_BUF, value one of these, a
 * writable buffer for one struct (interface) or as many as fit. The answer is
 * the length. Addresses are in network byte order or as text.
 */
#define NETD_HANDLER		"netd"

/* No answer is longer; what does not fit a buffer is left out unsaid. */
#define NETD_ANSWER_MAX		65536

enum netd_question {
	NETD_INTERFACE,		/* struct netd_interface */
	NETD_ADDRESSES6,	/* struct netd_address6 */
	NETD_COUNTERS,		/* struct netd_counter, in a fixed order */
	NETD_NEIGHBOURS,	/* struct netd_neighbour */
	NETD_CONNECTIONS,	/* struct netd_connection */
	NETD_QUESTIONS,
	/*
	 * Not a list: bufs[0] a name, bufs[1] writable, NETD_IP_MAX bytes for
	 * its IPv4 address as text. As netd_resolve().
	 */
	NETD_RESOLVE
};

struct netd_interface {
	uint32_t address, netmask, gateway;	/* 0: none */
	uint16_t mtu;
	uint8_t link;				/* 1: up */
	uint8_t mac[6];
	uint8_t dns_by_dhcp;			/* 1; 0: as configured */
	uint16_t vlan;				/* 0: untagged */
	uint32_t dns[2];			/* servers; 0: none */
	uint32_t heap_used_kib, heap_kib;
	/* of the lease, where there is one */
	uint32_t lease_server, lease_s, lease_left_s;	/* ~0: for ever */
	char dhcp[24];				/* its state; "": not used */
};

#define NETD_IP_MAX	48			/* an address as text */

struct netd_address6 {
	char address[NETD_IP_MAX];
	char state[16];			/* preferred, tentative ... (RFC 4862) */
};

struct netd_counter {
	uint64_t value;
	char name[24];
};

/* One whose MAC address is known. */
struct netd_neighbour {
	char address[NETD_IP_MAX];
	uint8_t mac[6];
	uint8_t pad[2];
};

#define NETD_TCP	6	/* IP's numbers of protocols */
#define NETD_UDP	17

struct netd_connection {
	char local[NETD_IP_MAX], remote[NETD_IP_MAX];	/* "": any */
	uint16_t local_port, remote_port;
	uint8_t protocol;		/* NETD_TCP, NETD_UDP */
	uint8_t pad[3];
	uint32_t unsent;		/* TCP: bytes accepted, not acknowledged */
	char state[16];			/* as RFC 9293 calls it; UDP: "" */
};

struct netd_service {
	const char *name;
	/* After the stack is up. Below 0: logged, the others still start. */
	int (*start)(void);
	/* The core has set event bits beside those of netring.h. May be NULL. */
	void (*events)(uint32_t events);
};

#define NETD_SERVICE(service) \
	static const struct netd_service *const netd_service_##service \
		__attribute__((section("netd_services"), used)) = &(service)

/* Words that outlive netd, by owner; at most NETRING_KEPT of them. */
enum netd_kept {
	NETD_KEPT_ECHO,		/* echo.c */
	NETD_KEPT_ECHO_UDP,
	NETD_KEPT_DHCP,		/* net/stack/lwip/dhcp.c: 4 words */
	NETD_KEPT_DHCP_END = NETD_KEPT_DHCP + 4,
	NETD_KEPT_SYSLOG = NETD_KEPT_DHCP_END,	/* syslog.c: 2 words */
	NETD_KEPT_ECHO_TLS = NETD_KEPT_SYSLOG + 2,	/* echo.c */
	NETD_KEPT_WORDS,
};

/* What NETD_HANDLER answers to question, for services in netd itself. */
int netd_answer(enum netd_question question, void *to, size_t size);

/*
 * A word that the next netd finds as this one left it, 0 at first. An earlier
 * life may have ended while it ran wild: what is read must be checked. From
 * start() on.
 */
uint32_t *netd_kept(enum netd_kept which);

/* Where the echo server listens from the start; 0: it does not. */
uint16_t netd_echo_port(void);

/* Where the log goes, and how. */
struct netd_syslog {
	char server[HOSTNAME_MAX];	/* "": nowhere */
	uint16_t port;
	bool tls;
	bool pinned;			/* to the certificate of this digest: */
	uint8_t fingerprint[32];	/* ... SHA-256 */
};

void netd_syslog(struct netd_syslog *to);

/*
 * The machine's name for people, of less than size characters. False: it is not
 * to be told by mDNS, or by NetBIOS.
 */
bool netd_mdns(char *name, size_t size);
bool netd_netbios(char *name, size_t size);

/* Who knows the time, HOSTNAME_MAX characters; "": nobody. */
void netd_sntp(char *server);

/* Seconds that the machine has slept so far, in which VMM time stood still. */
uint64_t netd_slept(void);

/*
 * VMM time in us, as sys_time() but without a system call: while netd handles
 * frames and timers, when it began to do so.
 */
uint64_t netd_time(void);

/*
 * UTC, in us since 1970, at this VMM time (us), which may be past; 0: it is not
 * known (yet).
 */
uint64_t netd_utc(uint64_t us);

/*
 * Would a packet to that address, as text, leave now, the next hop's MAC address
 * being known?
 */
bool netd_reaches(const char *address);

/*
 * The address of a name, as text; ip6: or an IPv6 address, if it has no other.
 * Does not wait: 0, or -EAGAIN, ask again with the same; -ENOENT: the servers
 * know no address of it, -ETIMEDOUT: none answered (after 7 s each), -ENODEV:
 * there is no server, -EINVAL: no name, -EBUSY: too many are being asked for.
 */
int netd_resolve(const char *name, bool ip6, char text[NETD_IP_MAX]);

/* The same in words, for a person who is shown the name before. */
static inline const char *netd_resolve_error(int error)
{
	switch (error) {
	case -ENOENT:	return "the DNS servers know no address of it";
	case -ETIMEDOUT:	return "no DNS server answers";
	case -ENODEV:	return "the VMM has no DNS server";
	case -EINVAL:	return "no name of a host";
	case -EBUSY:	return "too many names are being asked for";
	default:	return "it cannot be asked for";
	}
}

/*
 * Called while a frame is received, which took some 10 ms or more: what else has
 * come waits until netd has looked at all the rest, and has let the core know
 * that it is alive.
 */
void netd_worked_long(void);

/* len bytes of netd's generator (CTR_DRBG); it ends netd if it fails. */
void netd_random(void *to, size_t len);

/* Mixes in what is secret. 0 or -EIO. */
int netd_random_add(const void *secret, size_t len);

/* Was the generator seeded by one of the CPU's (RDSEED, RDRAND)? */
bool netd_random_of_cpu(void);

/*
 * What lwIP's error (err_t) is as a negative errno; 0 for ERR_OK.
 */
int netd_error(int lwip_error);

#endif
