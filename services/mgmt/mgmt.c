/* SPDX-License-Identifier: MIT */
/*
 * The management service: HTTPS on the VMM's own address. It listens only when
 * somebody can log in, by a password or a certificate, and when there are random
 * numbers to make keys of. Once there is an address, the log says where it is
 * and by which fingerprint its certificate is known.
 */
#include "mgmt.h"
#include "places.h"

#include <abi/mgmt_settings.h>
#include <domain/log.h>
#include <domain/syscall.h>
#include <errno.h>
#include <lwip/apps/httpd.h>
#include <lwip/tcp.h>
#include <lwip/timeouts.h>
#include <stdio.h>
#include <string.h>

#define TICK_MS		1000

_Static_assert(sizeof(((struct mgmt_settings *)0)->password) ==
	       MGMT_PASSWORD_MAX, "a hash fits");

struct mgmt_status mgmt_status;
static struct mgmt_settings settings;
static bool serves;		/* somebody can log in */
static bool lent;		/* another server has the identity, too */

const struct mgmt_settings *mgmt_settings(void)
{
	return &settings;
}

unsigned short mgmt_port(void)
{
	return settings.port;
}

void mgmt_random(void *to, size_t len)
{
	netd_random(to, len);
}

/* ---- what mgmtctl asks ---- */

MSG_HANDLER(mgmt_message);

int mgmt_message(int type, int value, struct msg_buf *bufs, size_t n)
{
	(void)value;
	if (type != MSG_BUF || n < 1 || !bufs[0].writable ||
	    bufs[0].len < sizeof(mgmt_status))
		return -EINVAL;
	memcpy(bufs[0].base, &mgmt_status, sizeof(mgmt_status));
	return sizeof(mgmt_status);
}

/* ---- the start ---- */

/*
 * '$' cannot be in a value of Kconfig, so ':' may stand between the parts of a
 * hash.
 */
static void take_hash(char *to, const char *from)
{
	strlcpy(to, from, MGMT_PASSWORD_MAX);
	for (; *to; to++)
		if (*to == ':')
			*to = '$';
}

static int get_settings(struct mgmt_core_settings *core)
{
	struct msg_buf buf = {
		.base = core, .len = sizeof(*core), .writable = 1,
	};
	int desc = msgopen(MGMT_SETTINGS_HANDLER), n;

	if (desc < 0)
		return desc;
	n = msgsendbuf(desc, 0, &buf, 1);
	msgclose(desc);
	if (n != sizeof(*core))
		return n < 0 ? n : -EPROTO;
	core->password[MGMT_PASSWORD_MAX - 1] = '\0';
	core->password_read[MGMT_PASSWORD_MAX - 1] = '\0';
	take_hash(settings.password, core->password);
	take_hash(settings.password_read, core->password_read);
	settings.capture = core->capture;
	mgmt_status.port = core->port;
	places_limits(core->sessions, core->handshakes);
	return 0;
}

/* lwIP's httpd ends netd if it cannot listen: so that is tried before. */
static int try_port(uint16_t port)
{
	struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);
	err_t error;

	if (!pcb)
		return -ENOMEM;
	error = tcp_bind(pcb, IP_ANY_TYPE, port);
	tcp_close(pcb);
	return netd_error(error);
}

static void tell(void)
{
	char text[3 * MGMT_FINGERPRINT + 1] = "";
	bool brackets = strchr(mgmt_status.address, ':');

	for (size_t i = 0; i < MGMT_FINGERPRINT; i++)
		snprintf(text + 3 * i, 4, "%02X%s",
			 mgmt_status.fingerprint[i],
			 i + 1 < MGMT_FINGERPRINT ? ":" : "");
	domain_log(LOG_INFO, "mgmt: https://%s%s%s:%u/, certificate SHA-256 %s",
		   brackets ? "[" : "", mgmt_status.address,
		   brackets ? "]" : "", settings.port, text);
}

static void fail(int error, const char *what)
{
	mgmt_status.state = MGMT_FAILED;
	mgmt_status.error = error;
	domain_log(LOG_ERROR, "mgmt: off: %s: error %d", what, error);
}

static void count_work(uint64_t us)
{
	mgmt_status.handshake_us += us;
	if (us > mgmt_status.handshake_max_us)
		mgmt_status.handshake_max_us = us;
}

static void count_resumed(void)
{
	mgmt_status.resumed++;
}

static void count_delayed(void)
{
	mgmt_status.delayed_handshakes++;
}

static void count_bad_record(void)
{
	mgmt_status.bad_records++;
}

/* There is a certificate now: the port opens. */
static void listen(void)
{
	static struct tls_server tls = {
		.certificate = &certificate, .key = &certificate_key,
		.window = TCP_WND, .worked = count_work,
		.resumed = count_resumed, .bad_record = count_bad_record,
		.delayed = count_delayed,
	};
	int error = try_port(mgmt_status.port);
	struct altcp_pcb *pcb;

	if (error) {
		fail(error, "the port");
		return;
	}
	if (certificate_has_client_ca)
		tls.client_ca = &certificate_client_ca;
	/* without memory for it httpd would end netd: so that is tried before */
	pcb = tls_new(&tls, IPADDR_TYPE_ANY);
	if (!pcb) {
		fail(-ENOMEM, "TLS");
		return;
	}
	altcp_close(pcb);
	gate_server(&tls);
	settings.port = mgmt_status.port;
	httpd_inits(NULL);
	mgmt_status.state = MGMT_RUNS;
}

static void update(bool at_once)
{
	static bool certified;
	int made = certificate_update(at_once);

	if (made > 0)
		certified = true;
	if (certified && serves && mgmt_status.state == MGMT_OFF)
		listen();
	if (made > 0 && mgmt_status.state == MGMT_RUNS)
		tell();
}

static void tick(void *unused)
{
	(void)unused;
	update(false);
	if (mgmt_status.state == MGMT_FAILED && !lent)
		return;
	gate_tick();
	answer_tick();
	sys_timeout(TICK_MS, tick, NULL);
}

/* TLS has some 300 ms of work before its first connection. */
static void begin_ticks(void)
{
	static bool begun;

	if (!begun)
		sys_timeout(TICK_MS / 4, tick, NULL);
	begun = true;
}

/* wanted: also if there is no client CA. As certificate_start(). */
static int start_keys(bool wanted)
{
	static bool has_keys;
	int error;

	if (has_keys)
		return wanted || certificate_has_client_ca ? 0 : 1;
	error = certificate_start(wanted);
	has_keys = !error;
	return error;
}

int tls_identity(mbedtls_x509_crt **own, mbedtls_pk_context **key)
{
	int error = start_keys(true);

	if (error)
		return error;
	*own = &certificate;
	*key = &certificate_key;
	lent = true;
	update(true);
	begin_ticks();
	return 0;
}

static int start(void)
{
	struct mgmt_core_settings core = { 0 };
	int error = msgregister(MGMT_HANDLER, mgmt_message_entry);

	if (error < 0)
		return error;
	error = get_settings(&core);
	if (error || !core.on)
		return error;
	error = start_keys(settings.password[0] || settings.password_read[0]);
	if (error == -ENODEV) {
		mgmt_status.state = MGMT_NO_RANDOM;
		domain_log(LOG_ERROR, "mgmt: off: neither CPU nor firmware has "
			   "a random number generator to make keys of");
	} else if (error < 0) {
		fail(error, "the key");
	}
	if (error)
		return 0;		/* why has been told */
	serves = true;
	begin_ticks();
	return 0;
}

static const struct netd_service mgmt_service = {
	.name = "mgmt", .start = start,
};

NETD_SERVICE(mgmt_service);
