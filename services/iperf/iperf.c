/* SPDX-License-Identifier: MIT */
/*
 * The other end of iperf 2 (Debian's package iperf): how fast is TCP of the
 * VMM, one way? lwIP's own lwiperf does it; this starts it when the command
 * `iperf` asks, and logs what it found.
 *
 * lwiperf is compiled in here, since two of its ways need help: when a
 * connection is reset it closes one that lwIP has freed already, and it has no
 * bound on how many it serves.
 */
#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <lwip/tcp.h>
#include <services/iperf.h>
#include <services/netd.h>
#include <stdbool.h>

#define SESSIONS_MAX	16

static unsigned int sessions;
static void on_error(void *arg, err_t error);

static inline void set_error(struct tcp_pcb *pcb, tcp_err_fn fn)
{
	(tcp_err)(pcb, fn ? on_error : NULL);
}

static void *session_new(size_t size)
{
	void *s = sessions < SESSIONS_MAX ? mem_malloc((mem_size_t)size) : NULL;

	sessions += s != NULL;
	return s;
}

static void session_free(void *s)
{
	sessions--;
	mem_free(s);
}

#define tcp_err(pcb, fn)		set_error(pcb, fn)
#define LWIPERF_ALLOC(type)		session_new(sizeof(type))
#define LWIPERF_FREE(type, item)	session_free(item)
/* NOLINTNEXTLINE(bugprone-suspicious-include): all of it is wanted here */
#include <apps/lwiperf/lwiperf.c>

/* The pcb is gone already: only lwiperf's own state ends. */
static void on_error(void *arg, err_t error)
{
	lwiperf_state_tcp_t *s = arg;

	(void)error;
	lwiperf_list_remove(&s->base);
	session_free(s);
}

static void report(void *arg, enum lwiperf_report_type type,
		   const ip_addr_t *local, u16_t local_port,
		   const ip_addr_t *remote, u16_t remote_port,
		   u32_t bytes, u32_t ms, u32_t kbit)
{
	(void)arg, (void)local, (void)local_port, (void)remote;
	(void)remote_port;
	domain_log(LOG_INFO, "iperf: %u bytes %s in %u ms, %u kbit/s%s", bytes,
		   type == LWIPERF_TCP_DONE_CLIENT ? "sent" : "received", ms,
		   kbit, type > LWIPERF_TCP_DONE_CLIENT ? ", then ended" : "");
}

MSG_HANDLER(iperf_message);

int iperf_message(int type, int value, struct msg_buf *bufs, size_t n)
{
	static bool started;

	(void)bufs, (void)n;
	if (type != MSG_INT || value < 1 || value > 65535)
		return -EINVAL;
	if (started)
		return -EEXIST;
	if (!lwiperf_start_tcp_server(IP_ANY_TYPE, (u16_t)value, report, NULL))
		return -EBUSY;
	started = true;
	domain_log(LOG_INFO, "iperf server on port %d", value);
	return 0;
}

static int start(void)
{
	return msgregister(IPERF_HANDLER, iperf_message_entry);
}

static const struct netd_service iperf_service = {
	.name = "iperf", .start = start,
};

NETD_SERVICE(iperf_service);
