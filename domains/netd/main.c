/* SPDX-License-Identifier: MIT */
/*
 * netd: the VMM's TCP/IP stack and its services in one ring-3 program. The
 * core starts it with memory that holds the packet rings (netring.h), and
 * starts it anew when it ends.
 *
 * One thread: frames, lwIP's timers and messages take turns. A message is
 * handled while this program waits, never in the middle of lwIP.
 */
#include <domain/log.h>
#include <domain/syscall.h>
#include <domain/tty.h>
#include <errno.h>
#include <lwip/init.h>
#include <lwip/timeouts.h>
#include <netring.h>
#include <services/netd.h>
#include <services/sntp.h>
#include <stdio.h>
#include <string.h>
#include <tandem/hostname.h>
#include <tandem/kconfig.h>

#include "../../net/stack/lwip/stack.h"

#define NAME_PREFIX	"tandem-"
#define NETBIOS_SERIAL	8u	/* characters, so that 15 are not exceeded */
#define RX_BUDGET	64	/* frames between two looks at all else */

_Static_assert(NETD_KEPT_DHCP_END - NETD_KEPT_DHCP == STACK_DHCP_KEPT,
	       "words kept for DHCP");
_Static_assert(NETD_KEPT_WORDS <= NETRING_KEPT, "words kept for all");

extern const struct netd_service *const netd_services_start[];
extern const struct netd_service *const netd_services_end[];

uint32_t *netd_kept(enum netd_kept which)
{
	return stack_netif_kept() + which;
}

uint16_t netd_echo_port(void)
{
	return stack_netif_echo_port();
}

void netd_syslog(struct netd_syslog *to)
{
	stack_netif_syslog(to);
}

bool netd_mdns(char *name, size_t size)
{
	return stack_netif_name(name, size)->mdns;
}

/* The end of the serial number: NetBIOS has no room for more. */
bool netd_netbios(char *name, size_t size)
{
	char whole[sizeof(((struct netring_config *)0)->name)];
	const struct netring_config *c = stack_netif_name(whole, sizeof(whole));
	size_t len = strlen(whole), prefix = strlen(NAME_PREFIX);
	size_t from = len > prefix + NETBIOS_SERIAL ? len - NETBIOS_SERIAL :
		      len > prefix ? prefix : len;

	snprintf(name, size, NAME_PREFIX "%s", whole + from);
	return c->netbios;
}

void netd_sntp(char *server)
{
	stack_netif_sntp(server);
}

uint64_t netd_time(void)
{
	return stack_time();
}

uint64_t netd_slept(void)
{
	return stack_netif_slept();
}

uint64_t netd_utc(uint64_t us)
{
	return IS_ENABLED(CONFIG_SNTP) ? sntp_utc(us) : 0;
}

bool netd_reaches(const char *address)
{
	return stack_netif_reaches(address);
}

int netd_resolve(const char *name, bool ip6, char text[NETD_IP_MAX])
{
	return stack_dns_resolve(name, ip6, text);
}

void netd_worked_long(void)
{
	stack_netif_enough();
}

void netd_random(void *to, size_t len)
{
	stack_random_bytes(to, len);
}

int netd_random_add(const void *secret, size_t len)
{
	return stack_random_add(secret, len);
}

bool netd_random_of_cpu(void)
{
	return stack_random_of_cpu();
}

int netd_answer(enum netd_question question, void *to, size_t size)
{
	return stack_status(question, to, size);
}

static void start_services(void)
{
	const struct netd_service *const *s;
	int error;

	for (s = netd_services_start; s < netd_services_end; s++) {
		error = (*s)->start();
		if (error < 0)
			domain_log(LOG_ERROR, "service %s did not start: %d",
				   (*s)->name, error);
	}
}

/* Bits that are not the rings' own are for whoever asked the core for them. */
static void tell_services(uint32_t events)
{
	const struct netd_service *const *s;

	events &= ~(NETRING_EVENT_RX | NETRING_EVENT_TX | NETRING_EVENT_CONFIG);
	for (s = netd_services_start; events && s < netd_services_end; s++)
		if ((*s)->events)
			(*s)->events(events);
}

/* Until when there is nothing to do, in VMM time. */
static uint64_t next_timeout(void)
{
	uint32_t ms = sys_timeouts_sleeptime();

	if (ms == SYS_TIMEOUTS_SLEEPTIME_INFINITE)
		return WAIT_FOREVER;
	return sys_time() + (uint64_t)ms * 1000;
}

static _Noreturn void run(void)
{
	bool more;

	for (;;) {
		stack_round_begin();
		stack_netif_follow_config();
		more = stack_netif_receive(RX_BUDGET);
		stack_netif_poll();
		sys_check_timeouts();
		stack_netif_poll();
		stack_netif_flush();
		stack_round_end();
		if (!more && stack_netif_may_sleep())
			tell_services(sys_wait(next_timeout()));
		else
			tell_services(sys_wait(0));	/* lets messages in */
	}
}

MSG_HANDLER(netd_status);

static int resolve(const struct msg_buf *bufs, size_t n)
{
	char name[HOSTNAME_MAX] = "", text[NETD_IP_MAX] = "";
	int result;

	if (n < 2 || bufs[0].len >= sizeof(name) || !bufs[1].writable ||
	    bufs[1].len < sizeof(text))
		return -EINVAL;
	memcpy(name, bufs[0].base, bufs[0].len);
	result = netd_resolve(name, false, text);
	memcpy(bufs[1].base, text, sizeof(text));
	return result;
}

/* NETD_HANDLER: see services/netd.h. */
int netd_status(int type, int value, struct msg_buf *bufs, size_t n)
{
	if (type == MSG_BUF && value == NETD_RESOLVE)
		return resolve(bufs, n);
	if (type != MSG_BUF || n < 1 || !bufs[0].writable)
		return -EINVAL;
	return stack_status(value, bufs[0].base, bufs[0].len);
}

int domain_main(int type, int value, struct msg_buf *bufs, size_t n)
{
	void *shared = (void *)domain_start->shared_base;
	const uint64_t *shared_seed;
	uint64_t seed[5] = { domain_start->seed };
	size_t words;
	int error;

	(void)value, (void)bufs, (void)n;
	if (type == MSG_BUF) {
		printf("netd: a service, not a command\n");
		return 1;
	}
	shared_seed = stack_netif_seed(shared, domain_start->shared_size,
				       &words);
	if (shared_seed)
		memcpy(seed + 1, shared_seed, sizeof(seed) - sizeof(seed[0]));
	error = stack_random_init(seed, sizeof(seed) / sizeof(seed[0]));
	if (error < 0) {
		domain_log(LOG_ERROR, "no random numbers: %d", error);
		return 1;
	}
	lwip_init();
	error = stack_netif_init(shared, domain_start->shared_size);
	if (error < 0) {
		domain_log(LOG_ERROR, "no packet rings: %d", error);
		return 1;
	}
	error = msgregister(NETD_HANDLER, netd_status_entry);
	if (error < 0)
		domain_log(LOG_WARN, "no status: msgregister: %d", error);
	stack_netif_start(netd_kept(NETD_KEPT_DHCP));
	start_services();
	run();
}
