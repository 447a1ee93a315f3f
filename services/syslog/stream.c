/* SPDX-License-Identifier: MIT */
/*
 * Syslog messages by TLS over TCP (RFC 5425): octet counting, each message a
 * record of its own. mbedTLS works on lwIP's TCP right here; what callbacks of
 * lwIP find out is noted, and the connection ends in stream_turn() alone.
 *
 * A message has arrived when the server's TCP has acknowledged the last byte of
 * its record. At most FLIGHT_MAX wait for that; what had not arrived when the
 * connection broke is given back to be sent again. So a message may come twice,
 * but none is left out.
 */
#include "stream.h"

#include "format.h"
#include "trust.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <lwip/tcp.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_internal.h>
#include <services/netd.h>
#include <stdio.h>
#include <string.h>

#define FLIGHT_MAX	64u
#define RECORD_MAX	(SYSLOG_MESSAGE_MAX + 8 + 64)	/* count, TLS's own */
#define ANSWER_US	10000000ull	/* for TCP, then for the handshake */
#define SILENCE_US	30000000ull	/* for an acknowledgement */
#define PAUSE_MIN_US	1000000ull	/* between two tries, doubling */
#define PAUSE_MAX_US	60000000ull
#define IDLE_MS		30000		/* then TCP asks whether it is there, */
#define PROBE_MS	10000		/* ... so often */
#define PROBES		3
#define TOLD_BURST	8u		/* lines about the server, at once */
#define TOLD_US		60000000ull	/* ... and one more after that */

/* Of the server's certificates: each is tried as the issuer of those before. */
#define CERTIFICATES_MAX	5120u

struct in_flight {
	uint32_t end;			/* bytes of TCP up to its last */
	struct stream_token token;
};

static const struct stream_owner *owner;
static struct syslog_status *status;

static struct tcp_pcb *pcb;
static mbedtls_ssl_context ssl;
static bool has_ssl, ready;
static const char *broken;		/* why it ends; NULL: it does not */
static bool refused;			/* ... for the certificate's sake */
static struct pbuf *unread;
static u16_t unread_at;			/* in its first buffer */
static bool no_more;			/* the server has closed */

static uint32_t written, acknowledged;	/* bytes of TCP */
static struct in_flight flight[FLIGHT_MAX];
static uint32_t flight_head, flight_tail;

static uint64_t since;			/* of what is waited for; VMM time */
static uint64_t next_try, pause = PAUSE_MIN_US;

static const char *told;		/* why it broke, in the log */
static uint64_t told_until;		/* VMM time; all of the lines */

/* ---- TCP below mbedTLS ---- */

static int put(void *unused, const unsigned char *data, size_t len)
{
	size_t room = pcb ? tcp_sndbuf(pcb) : 0;
	err_t error;

	(void)unused;
	if (!pcb)
		return MBEDTLS_ERR_NET_CONN_RESET;
	if (len > room)
		len = room;
	if (!len)
		return MBEDTLS_ERR_SSL_WANT_WRITE;
	error = tcp_write(pcb, data, (u16_t)len, TCP_WRITE_FLAG_COPY);
	if (error != ERR_OK)
		return error == ERR_MEM ? MBEDTLS_ERR_SSL_WANT_WRITE :
					  MBEDTLS_ERR_NET_SEND_FAILED;
	written += (uint32_t)len;
	return (int)len;
}

static int get(void *unused, unsigned char *to, size_t len)
{
	struct pbuf *first = unread;
	size_t n;

	(void)unused;
	/* a record's body is asked for whole at first: it is that long */
	if (ssl.state == MBEDTLS_SSL_SERVER_CERTIFICATE &&
	    len > CERTIFICATES_MAX)
		return MBEDTLS_ERR_SSL_INVALID_RECORD;
	if (!first)
		return no_more ? 0 : MBEDTLS_ERR_SSL_WANT_READ;
	n = (size_t)(first->len - unread_at);
	if (n > len)
		n = len;
	memcpy(to, (const char *)first->payload + unread_at, n);
	unread_at = (u16_t)(unread_at + n);
	if (unread_at == first->len) {
		unread = first->next;
		first->next = NULL;
		first->tot_len = first->len;
		pbuf_free(first);
		unread_at = 0;
	}
	if (pcb)
		tcp_recved(pcb, (u16_t)n);
	return (int)n;
}

/* ---- TLS ---- */

/* Who makes the connection come and go must not fill the log. */
static bool may_tell(void)
{
	uint64_t now = sys_time();

	if (told_until < now)
		told_until = now;
	if (told_until - now > (TOLD_BURST - 1) * TOLD_US)
		return false;
	told_until += TOLD_US;
	return true;
}

static void is_ready(void)
{
	const char *why = trust_refuses(&ssl);

	if (why) {
		broken = why;
		refused = true;
		return;
	}
	ready = true;
	since = sys_time();
	status->connections++;
	if ((told || status->connections == 1) && may_tell())
		domain_log(LOG_INFO, SYSLOG_OWN "the log goes to %s port %u by "
			   "TLS, %s", status->address, status->port,
			   mbedtls_ssl_get_ciphersuite(&ssl));
	told = NULL;
}

/* The server has nothing to say (RFC 5425, 4.3): what it says is passed. */
static int read_nothing(void)
{
	unsigned char passed[64];
	int n;

	do {
		n = mbedtls_ssl_read(&ssl, passed, sizeof(passed));
	} while (n > 0);
	return n;
}

/* As far as TLS gets with what has come. */
static void go_on(void)
{
	int result = 0;

	if (broken || !has_ssl)
		return;
	if (!ready) {
		result = mbedtls_ssl_handshake(&ssl);
		netd_worked_long();
		if (!result)
			is_ready();
	}
	if (ready)
		result = read_nothing();
	if (pcb)
		tcp_output(pcb);
	if (broken || result == MBEDTLS_ERR_SSL_WANT_READ ||
	    result == MBEDTLS_ERR_SSL_WANT_WRITE)
		return;
	if (ready)
		broken = "has closed the connection";
	else if (result == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE)
		broken = "refuses the TLS handshake";
	else if (result)
		broken = "cannot do the TLS handshake, by TLS 1.2 with ECDHE";
}

/* ---- what lwIP tells ---- */

static err_t on_receive(void *unused, struct tcp_pcb *p, struct pbuf *data,
			err_t error)
{
	(void)unused, (void)p, (void)error;
	if (!data)
		no_more = true;
	else if (unread)
		pbuf_cat(unread, data);
	else
		unread = data;
	go_on();
	return ERR_OK;
}

static err_t on_sent(void *unused, struct tcp_pcb *p, u16_t len)
{
	const struct in_flight *f;

	(void)unused, (void)p;
	acknowledged += len;
	since = sys_time();
	while (flight_tail != flight_head) {
		f = &flight[flight_tail % FLIGHT_MAX];
		if ((int32_t)(acknowledged - f->end) < 0)
			break;
		flight_tail++;
		pause = PAUSE_MIN_US;
		owner->arrived(&f->token);
	}
	go_on();
	return ERR_OK;
}

static err_t on_connected(void *unused, struct tcp_pcb *p, err_t error)
{
	(void)unused, (void)p, (void)error;
	since = sys_time();
	if (mbedtls_ssl_setup(&ssl, trust_config()) ||
	    trust_name(&ssl, status->address)) {
		broken = "waits: no memory for TLS";
		return ERR_OK;
	}
	mbedtls_ssl_set_bio(&ssl, NULL, put, get, NULL);
	has_ssl = true;
	go_on();
	return ERR_OK;
}

static void on_error(void *unused, err_t error)
{
	(void)unused;
	pcb = NULL;
	if (!broken)
		broken = error != ERR_RST ? "does not answer" :
			 ready ? "has reset the connection" :
				 "refuses the connection";
}

/* ---- its life ---- */

static void give_back(void)
{
	while (flight_tail != flight_head)
		owner->returned(&flight[flight_tail++ % FLIGHT_MAX].token);
}

static void end(void)
{
	if (pcb) {
		if (ready)
			mbedtls_ssl_close_notify(&ssl);
		tcp_arg(pcb, NULL);
		tcp_recv(pcb, NULL);
		tcp_sent(pcb, NULL);
		tcp_err(pcb, NULL);
		if (refused || tcp_close(pcb) != ERR_OK)
			tcp_abort(pcb);
		pcb = NULL;
	}
	mbedtls_ssl_free(&ssl);
	if (unread)
		pbuf_free(unread);
	unread = NULL;
	unread_at = 0;
	has_ssl = ready = no_more = refused = false;
	written = acknowledged = 0;
	broken = NULL;
	give_back();
}

/* It has not worked: tell, and wait longer than the last time. */
static void fail(void)
{
	strlcpy(status->why, broken, sizeof(status->why));
	if (refused)
		status->refused++;
	else
		status->broken++;
	if (broken != told && may_tell()) {
		domain_log(refused ? LOG_ERROR : LOG_WARN,
			   SYSLOG_OWN "the server at %s port %u %s: the log "
			   "waits", status->address, status->port, broken);
		told = broken;
	}
	status->state = refused ? SYSLOG_REFUSED : SYSLOG_BROKEN;
	next_try = sys_time() + pause;
	pause = pause * 2 < PAUSE_MAX_US ? pause * 2 : PAUSE_MAX_US;
	end();
}

static bool begin(const char *address)
{
	ip_addr_t to;

	if (!ipaddr_aton(address, &to))
		return false;
	pcb = tcp_new_ip_type(IP_GET_TYPE(&to));
	if (!pcb)
		return false;
	mbedtls_ssl_init(&ssl);
	tcp_recv(pcb, on_receive);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_error);
	tcp_nagle_disable(pcb);
	pcb->so_options |= SOF_KEEPALIVE;
	pcb->keep_idle = IDLE_MS;
	pcb->keep_intvl = PROBE_MS;
	pcb->keep_cnt = PROBES;
	since = sys_time();
	if (tcp_connect(pcb, &to, status->port, on_connected) == ERR_OK)
		return true;
	tcp_abort(pcb);		/* no way there yet; on_error() has run */
	pcb = NULL;
	broken = NULL;
	return false;
}

static bool is_late(void)
{
	uint64_t waited = sys_time() - since;

	if (!ready)
		return waited > ANSWER_US;
	return flight_tail != flight_head && waited > SILENCE_US;
}

bool stream_turn(const char *address)
{
	if (!pcb && !broken) {
		if (sys_time() < next_try)
			return false;
		if (!begin(address)) {
			next_try = sys_time() + PAUSE_MIN_US;
			status->state = SYSLOG_WAITS;
			return false;
		}
		if (status->state != SYSLOG_REFUSED &&
		    status->state != SYSLOG_BROKEN)
			status->state = SYSLOG_CONNECTS;
	}
	if (!broken && is_late())
		broken = ready ? "has stopped taking the log" :
				 "does not answer";
	if (broken) {
		fail();
		return false;
	}
	if (ready)
		status->state = SYSLOG_SENDS;
	return ready;
}

bool stream_send(const char *message, size_t len,
		 const struct stream_token *token)
{
	unsigned char frame[RECORD_MAX];
	size_t n;

	if (!ready || broken || flight_head - flight_tail == FLIGHT_MAX ||
	    len > SYSLOG_MESSAGE_MAX || tcp_sndbuf(pcb) < RECORD_MAX ||
	    tcp_sndqueuelen(pcb) + 4 > TCP_SND_QUEUELEN)
		return false;
	n = (size_t)snprintf((char *)frame, sizeof(frame), "%u ",
			     (unsigned int)len);
	memcpy(frame + n, message, len);
	n += len;
	/* there is room for all of the record: it goes now or never */
	if (mbedtls_ssl_write(&ssl, frame, n) != (int)n) {
		broken = "cannot be written to";
		return false;
	}
	if (flight_tail == flight_head)
		since = sys_time();
	flight[flight_head++ % FLIGHT_MAX] = (struct in_flight){
		.end = written, .token = *token,
	};
	tcp_output(pcb);
	return true;
}

int stream_start(const struct netd_syslog *s, const struct stream_owner *by,
		 struct syslog_status *to)
{
	owner = by;
	status = to;
	return trust_start(s);
}
