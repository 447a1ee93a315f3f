/* SPDX-License-Identifier: MIT */
/*
 * Services: programs that the core starts and keeps running. One that ends is
 * started again after a pause that doubles while it keeps failing.
 */
#include "domain.h"

#include <errno.h>
#include <string.h>
#define LOG_PREFIX "service: "
#include <tandem/init.h>
#include <tandem/log.h>
#include <tandem/mem.h>

#define PAUSE_MIN_MS	100
#define PAUSE_MAX_MS	5000
#define STABLE_US	10000000ull

static struct service *services;
static struct timer restart_timer;
static bool ready;

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
	if (time_us() - s->started_at > STABLE_US || !s->pause_ms)
		s->pause_ms = PAUSE_MIN_MS;
	else
		s->pause_ms = MIN(s->pause_ms * 2, PAUSE_MAX_MS);
	s->restart_at = time_us() + s->pause_ms * 1000ull;
	arm();
}

static void start(struct service *s)
{
	struct message m = { .type = MSG_INT };
	int e;

	s->restart_at = 0;
	s->started_at = time_us();
	s->domain = domain_create(s->program, s->memory ? s->memory :
				  KIB(CONFIG_DOMAIN_MEMORY_KIB), &e);
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
	if (s->ended)
		s->ended(s, d);
	try_later(s);
}

int service_register(struct service *s)
{
	s->next = services;
	services = s;
	if (ready)
		start(s);
	return 0;
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
