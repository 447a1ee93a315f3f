/* SPDX-License-Identifier: MIT */
/*
 * Services: programs that the core starts and keeps running. One that ends is
 * started again after a pause that doubles while it keeps failing, and given
 * up after CONFIG_SERVICE_FAILURES times in a row if that is not 0.
 */
#include "domain.h"

#include <errno.h>
#include <string.h>
#define LOG_PREFIX "service: "
#include <tandem/init.h>
#include <tandem/kconfig.h>
#include <tandem/log.h>
#include <tandem/mem.h>

#define PAUSE_MIN_MS	100
#define PAUSE_MAX_MS	5000
#define STABLE_US	10000000ull
/* pages that services may take when other domains have all they may have */
#define MARGIN		64

static struct service *services;
static struct timer restart_timer;
static bool ready, starting;
static unsigned int give_up_after = CONFIG_SERVICE_FAILURES;

static void arm(void)
{
	uint64_t first = ~0ull;

	for (struct service *s = services; s; s = s->next)
		if (s->restart_at)
			first = MIN(first, s->restart_at);
	if (first != ~0ull)
		timer_arm(&restart_timer, first);
}

/* Start s after a pause that doubles while it keeps failing. */
static void try_later(struct service *s)
{
	if (time_us() - s->started_at > STABLE_US || !s->pause_ms) {
		s->pause_ms = PAUSE_MIN_MS;
		s->failures = 0;
	} else {
		s->pause_ms = MIN(s->pause_ms * 2, PAUSE_MAX_MS);
	}
	s->failures++;
	if (give_up_after && s->failures >= give_up_after) {
		log_error("%s has failed %u times in a row: given up",
			  s->program, s->failures);
		return;
	}
	s->restart_at = time_us() + s->pause_ms * 1000ull;
	arm();
}

static void start(struct service *s)
{
	struct message m = { .type = MSG_INT };
	int e;

	s->restart_at = 0;
	s->started_at = time_us();
	starting = true;
	s->domain = domain_create(s->program, s->memory ? s->memory :
				  KIB(CONFIG_DOMAIN_MEMORY_KIB), &e);
	starting = false;
	if (!s->domain) {
		log_error("%s cannot start: error %d", s->program, e);
		/* memory comes back, a program that is not built in does not */
		if (e == -ENOMEM)
			try_later(s);
		return;
	}
	s->starts++;
	s->domain->service = s;
	if (s->started)
		s->started(s, s->domain);
	e = domain_start(s->domain, NULL, &m);
	if (e < 0) {
		log_error("%s cannot start: error %d", s->program, e);
		domain_end(s->domain, e);
	}
}

static void restart_due(struct timer *t __unused)
{
	uint64_t now = time_us();

	for (struct service *s = services; s; s = s->next)
		if (s->restart_at && s->restart_at <= now) {
			log_info("%s started again", s->program);
			start(s);
		}
	arm();
}

void service_ended(struct domain *d)
{
	struct service *s = d->service;

	d->service = NULL;
	s->domain = NULL;
	if (IS_ENABLED(CONFIG_MGMT))
		mgmt_session_service_ended(d);
	s->pages = d->pages;
	if (s->ended)
		s->ended(s, d);
	try_later(s);
}

size_t services_reserve(void)
{
	size_t n = services ? MARGIN : 0;

	for (struct service *s = services; s; s = s->next)
		if (s->restart_at)
			n += s->pages;
	return starting ? 0 : n;
}

void service_register(struct service *s)
{
	s->next = services;
	services = s;
	if (ready)
		start(s);
}

static int services_start(void)
{
	restart_timer.fn = restart_due;
	ready = true;
	for (struct service *s = services; s; s = s->next)
		if (!s->domain)
			start(s);
	return 0;
}
INITCALL(INIT_SERVICE, services_start);
