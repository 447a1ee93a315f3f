/* SPDX-License-Identifier: MIT */
/*
 * Sends the VMM's log to a syslog server, each line as a datagram (RFC 5426),
 * or by TLS (stream.c).
 *
 * The log is read where the core keeps it, from a position that outlives netd:
 * nothing is queued here. What cannot be sent yet, since there is no link, no
 * address or no answer from the server's side, waits in the log itself, the
 * first lines of the boot included. Lines are sent so many a second at most;
 * only what the log overwrites meanwhile is lost, which is counted and told.
 *
 * lwIP drops what waits too long for a neighbour's MAC address. So while that
 * is not known the next line is on trial: it counts as sent when the address
 * is there before lwIP gave up, else it is sent again. By TLS the position is
 * where the server's TCP has acknowledged all, and reading runs ahead of it.
 */
#include "format.h"
#include "stream.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <lwip/dhcp.h>
#include <lwip/netif.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>
#include <services/netd.h>
#include <services/status.h>
#include <services/syslog.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <tandem/kconfig.h>

#define LINES_A_TURN	10u
#define TURN_MS		100u		/* while there is more: 100 lines/s */
#define IDLE_MS		500u
#define TRIAL_US	5500000ull	/* ARP gives up after 5 s, ND after 3 */
#define PATIENCE_US	10000000ull	/* after the start */
#define PAUSE_US	5000000ull	/* until the next trial */
#define NAME_US		300000000ull	/* until a name is asked for again */
#define NAME_AGAIN_US	10000000ull	/* ... after a failure */
#define TOLD_US		60000000ull	/* between two lines about ourselves */

static struct udp_pcb *pcb;
static int log_desc;
static struct syslog_status status;

static uint64_t name_next;		/* VMM time */
static uint64_t told_until, patient_until;
static enum syslog_state told;

static uint64_t position;		/* in the log, of the next line */
static uint64_t lost_until;		/* up to where loss has been counted */
static bool by_tls;
static uint64_t trial;			/* position behind that line, 0: none */
static uint64_t trial_until;		/* VMM time */
static uint32_t sequence;		/* of the last message */
static uint64_t lost_untold;		/* bytes */

static bool is_name;			/* else an address */

/* ---- status ---- */

static void tell(void)
{
	switch (status.state) {
	case SYSLOG_NO_NAME:
		domain_log(LOG_WARN, SYSLOG_OWN "%s: %s: the log waits",
			   status.server, netd_resolve_error(status.error));
		break;
	case SYSLOG_WAITS:
		domain_log(LOG_WARN, SYSLOG_OWN "no way to %s: the log waits",
			   status.address);
		break;
	default:
		domain_log(LOG_INFO, SYSLOG_OWN "the log goes to %s port %u",
			   status.address, status.port);
	}
}

/* What lasts is told once, and not more often than once a minute. */
static void set_state(enum syslog_state state)
{
	uint64_t now = sys_time();

	status.state = state;
	if (state == told || state == SYSLOG_ASKS || now < told_until)
		return;
	/* at first it takes a while for everybody to be there */
	if (state == SYSLOG_WAITS && now < patient_until)
		return;
	told = state;
	told_until = now + TOLD_US;
	tell();
}

MSG_HANDLER(syslog_message);

int syslog_message(int type, int value, struct msg_buf *bufs, size_t n)
{
	(void)value;
	return status_answer(type, bufs, n, &status, sizeof(status));
}

/* ---- the server ---- */

static bool take_address(const char *text)
{
	ip_addr_t address;

	if (!ipaddr_aton(text, &address))
		return false;
	if (!by_tls && udp_connect(pcb, &address, status.port) != ERR_OK)
		return false;
	strlcpy(status.address, text, sizeof(status.address));
	return true;
}

/* Is there an address? That of a name is asked for again now and then. */
static bool find_server(void)
{
	char text[NETD_IP_MAX];
	int error;

	if (!is_name || sys_time() < name_next)
		return status.address[0];
	error = netd_resolve(status.server, true, text);
	if (error == -EAGAIN) {
		if (!status.address[0] && status.state != SYSLOG_NO_NAME)
			set_state(SYSLOG_ASKS);
		return status.address[0];
	}
	name_next = sys_time() + (error ? NAME_AGAIN_US : NAME_US);
	if (!error && take_address(text))
		return true;
	status.error = error;
	if (!status.address[0])
		set_state(SYSLOG_NO_NAME);
	return status.address[0];
}

/* An address that is configured comes before the name (RFC 5424, 6.2.4). */
static const char *host_name(char text[NETD_IP_MAX])
{
	if (dhcp_supplied_address(netif_default) ||
	    ip4_addr_isany_val(*netif_ip4_addr(netif_default)))
		return netif_get_hostname(netif_default);
	return ip4addr_ntoa_r(netif_ip4_addr(netif_default), text, NETD_IP_MAX);
}

static size_t format(const char *line, size_t len,
		     char message[SYSLOG_MESSAGE_MAX])
{
	char host[NETD_IP_MAX];

	return syslog_format(message, host_name(host), sequence + 1,
			     netd_utc(0), line, len);
}

static bool send(const char *line, size_t len)
{
	static char message[SYSLOG_MESSAGE_MAX];
	size_t n = format(line, len, message);
	struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)n, PBUF_RAM);
	err_t error = ERR_MEM;

	if (p) {
		pbuf_take(p, message, (u16_t)n);
		error = udp_send(pcb, p);
		pbuf_free(p);
	}
	if (error != ERR_OK) {
		status.failed++;
		return false;
	}
	return true;
}

/* ---- the log ---- */

static void recall_position(void)
{
	const uint32_t *kept = netd_kept(NETD_KEPT_SYSLOG);

	/* one that cannot be is put right where it is read */
	position = kept[0] | (uint64_t)kept[1] << 32;
}

static void keep(uint64_t to)
{
	uint32_t *kept = netd_kept(NETD_KEPT_SYSLOG);

	kept[0] = (uint32_t)to;
	kept[1] = (uint32_t)(to >> 32);
}

static void move_to(uint64_t to)
{
	position = to;
	if (!by_tls)
		keep(to);
}

/* What was to be sent again may be gone, and have been counted, by then. */
static void lose(uint64_t from, uint64_t to)
{
	if (from < lost_until)
		from = lost_until;
	if (to <= from)
		return;
	status.lost += to - from;
	lost_untold += to - from;
	lost_until = to;
}

/* The log from *from on, which is moved to where the text really begins. */
static int read_log(uint64_t *from, char *text, size_t size)
{
	uint64_t behind = *from;
	struct msg_buf bufs[2] = {
		{ .base = text, .len = (uint32_t)size, .writable = 1 },
		{ .base = &behind, .len = sizeof(behind), .writable = 1 },
	};
	int n = msgsendbuf(log_desc, 0, bufs, 2);

	if (n > 0)
		*from = behind - (uint64_t)n;
	return n;
}

/*
 * The next whole line at position, without its newline. False: there is none
 * yet. What was overwritten, and the rest of its last line, is passed.
 */
static bool next_line(char *text, size_t size, size_t *len)
{
	for (unsigned int tries = 0; tries < LINES_A_TURN; tries++) {
		uint64_t from = position, to;
		int n = read_log(&from, text, size);
		const char *end = n > 0 ? memchr(text, '\n', (size_t)n) : NULL;

		if (from == position && end) {
			*len = (size_t)(end - text);
			return true;
		}
		if (n <= 0 || (from == position && (size_t)n < size))
			return false;
		to = from + (end ? (uint64_t)(end - text) + 1 : (uint64_t)n);
		if (from == 0)
			to = 0;		/* all of it is there */
		lose(position, to);
		move_to(to);
	}
	return false;
}

static void line_is_sent(uint64_t behind)
{
	status.sent++;
	sequence++;
	trial = 0;
	move_to(behind);
	set_state(SYSLOG_SENDS);
}

static size_t loss_text(char *text, size_t size)
{
	uint64_t now = sys_time();

	return (size_t)snprintf(text, size, "[%5u.%06u] warning: netd: "
				SYSLOG_OWN "%lu bytes of the log were "
				"overwritten before they could be sent",
				(unsigned int)(now / 1000000),
				(unsigned int)(now % 1000000),
				(unsigned long)lost_untold);
}

static void tell_loss(void)
{
	char text[128];

	if (!send(text, loss_text(text, sizeof(text))))
		return;
	status.sent++;
	sequence++;
	lost_untold = 0;
}

/* False: it is not known yet whether the line has gone, or will not. */
static bool trial_is_over(void)
{
	bool known = netd_reaches(status.address);
	uint64_t now = sys_time();

	if (now < trial_until) {
		if (known)
			line_is_sent(trial);
		return known;
	}
	set_state(SYSLOG_WAITS);
	if (!known && now < trial_until + PAUSE_US)
		return false;
	trial = 0;		/* lwIP has dropped it: once more */
	return true;
}

/* True: there may be more to send. */
static bool send_next(void)
{
	static char line[SYSLOG_LINE_MAX];
	uint64_t behind;
	bool known;
	size_t len;

	if (trial && !trial_is_over())
		return false;
	if (!next_line(line, sizeof(line), &len))
		return false;
	behind = position + len + 1;
	if (syslog_is_own(line, len)) {
		move_to(behind);
		return true;
	}
	known = netd_reaches(status.address);
	if (known && lost_untold)
		tell_loss();
	if (!send(line, len)) {
		set_state(SYSLOG_WAITS);
		return false;
	}
	if (known) {
		line_is_sent(behind);
		return true;
	}
	trial = behind;
	trial_until = sys_time() + TRIAL_US;
	return false;
}

/* ---- by TLS ---- */

static void arrived(const struct stream_token *t)
{
	status.sent++;
	keep(t->behind);
}

/* The connection broke: go on from the first line that has not arrived. */
static void returned(const struct stream_token *t)
{
	(void)t;
	status.failed++;
	lost_untold += t->loss;
	recall_position();
}

static const struct stream_owner owner = {
	.arrived = arrived, .returned = returned,
};

static bool stream_line(const char *line, size_t len, uint64_t behind,
			uint64_t loss)
{
	static char message[SYSLOG_MESSAGE_MAX];
	const struct stream_token token = { .behind = behind, .loss = loss };

	if (!stream_send(message, format(line, len, message), &token))
		return false;
	sequence++;
	return true;
}

static bool stream_next(void)
{
	static char line[SYSLOG_LINE_MAX];
	uint64_t behind;
	char text[128];
	size_t len;

	if (!next_line(line, sizeof(line), &len))
		return false;
	behind = position + len + 1;
	if (syslog_is_own(line, len)) {
		move_to(behind);
		return true;
	}
	if (lost_untold) {
		if (!stream_line(text, loss_text(text, sizeof(text)), position,
				 lost_untold))
			return false;
		lost_untold = 0;
	}
	if (!stream_line(line, len, behind, 0))
		return false;
	move_to(behind);
	return true;
}

static int start_tls(const struct netd_syslog *s)
{
	int error = stream_start(s, &owner, &status);

	if (!error)
		return 0;
	status.state = SYSLOG_NO_TRUST;
	status.error = error;
	domain_log(LOG_ERROR, SYSLOG_OWN "the log is not sent: %s",
		   syslog_no_trust(error));
	return error;
}

/* ---- turns ---- */

static void turn(void *unused)
{
	bool more = find_server();

	(void)unused;
	if (IS_ENABLED(CONFIG_MGMT) && by_tls) {
		more = more && stream_turn(status.address);
		for (unsigned int i = 0; i < LINES_A_TURN && more; i++)
			more = stream_next();
		sys_timeout(TURN_MS, turn, NULL);
		return;
	}
	for (unsigned int i = 0; i < LINES_A_TURN && more; i++)
		more = send_next();
	sys_timeout(more || trial ? TURN_MS : IDLE_MS, turn, NULL);
}

static int start(void)
{
	int error = msgregister(SYSLOG_HANDLER, syslog_message_entry);
	struct netd_syslog s;

	netd_syslog(&s);
	memcpy(status.server, s.server, sizeof(status.server));
	status.port = s.port;
	by_tls = s.tls;
	status.tls = by_tls;
	if (error < 0 || !status.server[0])
		return error;
	if (IS_ENABLED(CONFIG_MGMT) && by_tls && start_tls(&s))
		return 0;		/* why has been told */
	log_desc = msgopen("log_read");
	if (log_desc < 0)
		return log_desc;
	pcb = by_tls ? NULL : udp_new_ip_type(IPADDR_TYPE_ANY);
	if (!by_tls && !pcb)
		return -ENOMEM;
	is_name = !take_address(status.server);
	recall_position();
	status.state = is_name ? SYSLOG_ASKS : SYSLOG_WAITS;
	patient_until = sys_time() + PATIENCE_US;
	sys_timeout(TURN_MS, turn, NULL);
	return 0;
}

static const struct netd_service syslog_service = {
	.name = "syslog", .start = start,
};

NETD_SERVICE(syslog_service);
