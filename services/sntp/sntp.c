/* SPDX-License-Identifier: MIT */
/*
 * The time of day by lwIP's SNTP client (RFC 4330), from one server. Its
 * questions have a random transmit timestamp, which the answer has to bring back,
 * in the place of a time: that tells nobody anything, and nobody who cannot read
 * them can forge an answer. What is believed is clock.c's affair.
 */
#include "clock.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <domain/utc.h>
#include <errno.h>
#include <lwip/apps/sntp.h>
#include <lwip/netif.h>
#include <lwip/timeouts.h>
#include <lwip_hooks.h>
#include <services/netd.h>
#include <services/sntp.h>
#include <services/status.h>
#include <string.h>

#define LOOK_MS		500u		/* until there is a way to ask */
#define USUAL_MS	1024000u	/* between questions */
#define SUSPECT_MS	16000u		/* ... while an answer is not believed */
#define TOLD_US		600000000ull	/* between two lines about a refusal */

static struct sntp_clock clock;
static struct sntp_status status;
static uint64_t sent;				/* with_sleep() */
static uint64_t set_at, told_until;		/* VMM time */

/* VMM time and what was slept: it goes on as UTC does. */
static uint64_t with_sleep(uint64_t us)
{
	return us + netd_slept() * 1000000;
}

/* ---- what lwIP calls (lwipopts.h) ---- */

void stack_sntp_nonce(s32_t *seconds, u32_t *fraction)
{
	*seconds = (s32_t)LWIP_RAND();
	*fraction = LWIP_RAND();
	sent = with_sleep(sys_time());
	status.asked++;
}

static const char *reason(enum sntp_verdict verdict)
{
	switch (verdict) {
	case SNTP_ABSURD:	return "cannot be";
	case SNTP_LATE:		return "was on its way for too long";
	default:		return "is far from the one before";
	}
}

static void tell_refused(enum sntp_verdict verdict)
{
	if (sys_time() < told_until)
		return;
	told_until = sys_time() + TOLD_US;
	domain_log(LOG_WARN, "sntp: the time that %s tells %s: not taken",
		   status.server, reason(verdict));
}

void stack_sntp_answer(s32_t seconds, u32_t fraction)
{
	bool first = !clock.known;
	enum sntp_verdict verdict = sntp_clock_answer(&clock, seconds, fraction,
						      sent,
						with_sleep(sys_time()));
	char text[UTC_TEXT];

	if (verdict != SNTP_TAKEN && verdict != SNTP_STEPPED) {
		status.refused++;
		tell_refused(verdict);
		return;
	}
	status.taken++;
	set_at = sys_time();
	if (!first && verdict == SNTP_TAKEN)
		return;
	utc_text(sntp_utc(set_at), text);
	domain_log(first ? LOG_INFO : LOG_WARN, "sntp: %s %s, by %s",
		   first ? "it is" : "the clock is moved to", text,
		   status.server);
}

u32_t stack_sntp_delay(void)
{
	return clock.suspects || !clock.known ? SUSPECT_MS : USUAL_MS;
}

/* ---- the service ---- */

uint64_t sntp_utc(uint64_t us)
{
	return sntp_clock_utc(&clock, with_sleep(us));
}

MSG_HANDLER(sntp_message);

int sntp_message(int type, int value, struct msg_buf *bufs, size_t n)
{
	uint64_t now = sys_time();

	(void)value;
	status.utc = sntp_utc(now);
	status.age = clock.known ? now - set_at : 0;
	return status_answer(type, bufs, n, &status, sizeof(status));
}

/* lwIP's first question is lost, and half a minute, without an address. */
static void begin(void *unused)
{
	(void)unused;
	if (netif_is_link_up(netif_default) &&
	    !ip4_addr_isany_val(*netif_ip4_addr(netif_default)))
		sntp_init();
	else
		sys_timeout(LOOK_MS, begin, NULL);
}

static int start(void)
{
	int error = msgregister(SNTP_HANDLER, sntp_message_entry);

	netd_sntp(status.server);
	if (error < 0 || !status.server[0])
		return error;
	sntp_setoperatingmode(SNTP_OPMODE_POLL);
	sntp_setservername(0, status.server);
	sys_timeout(LOOK_MS, begin, NULL);
	return 0;
}

static const struct netd_service sntp_service = {
	.name = "sntp", .start = start,
};

NETD_SERVICE(sntp_service);
