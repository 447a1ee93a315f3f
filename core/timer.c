/* SPDX-License-Identifier: MIT */
/*
 * Time and timers, see timer.h and tandem/timer.h. Timers are a sorted list
 * per CPU; the next one's due time, or the guest's longest run, is armed at
 * the deadline source. Arming costs device accesses, so a deadline that is
 * near enough is left alone.
 */
#include "timer.h"

#include "acpi.h"

#include <errno.h>
#define LOG_PREFIX "time: "
#include <tandem/log.h>
#include <tandem/timer.h>

#define PM_TIMER_HZ	3579545
#define CALIBRATE_US	20000
#define PM_POLLS	10000000
/* an armed deadline this much later or earlier than wanted is good enough */
#define LATE_US		500
#define EARLY_US	200
/* one that is over by this much was lost */
#define LOST_US		20000

static uint64_t tsc_start;
static uint64_t us_per_tsc;	/* 32.32 fixed point */
static const struct deadline_source *source;

uint64_t time_us(void)
{
	return (uint64_t)(((unsigned __int128)(rdtsc() - tsc_start) *
			   us_per_tsc) >> 32);
}

void udelay(uint64_t us)
{
	uint64_t end = time_us() + us;

	while (time_us() < end)
		__builtin_ia32_pause();
}

/* TSC ticks in CALIBRATE_US by the ACPI PM timer (24 bits), 0 if it stands. */
static uint64_t calibrate(uint16_t port)
{
	uint32_t ticks = (uint64_t)PM_TIMER_HZ * CALIBRATE_US / 1000000;
	uint32_t start = inl(port) & 0xffffff, elapsed = 0;
	uint64_t tsc = rdtsc();

	for (unsigned int i = 0; i < PM_POLLS && elapsed < ticks; i++)
		elapsed = (inl(port) - start) & 0xffffff;
	if (elapsed < ticks)
		return 0;
	return (rdtsc() - tsc) * ticks / elapsed;
}

int time_init(void)
{
	uint16_t port = acpi_pm_timer_port();
	uint64_t ticks = port ? calibrate(port) : 0;

	tsc_start = rdtsc();
	if (!ticks) {
		/* a guess that only stretches time-outs */
		us_per_tsc = (1ull << 32) / 4000;
		log_error("no ACPI PM timer: TSC taken as 4 GHz");
		return -ENODEV;
	}
	us_per_tsc = ((uint64_t)CALIBRATE_US << 32) / ticks;
	log_info("TSC %lu MHz", ticks / CALIBRATE_US);
	return 0;
}

void timer_arm(struct timer *t, uint64_t deadline)
{
	struct timer **p = &this_cpu()->timers;

	timer_cancel(t);
	t->deadline = deadline;
	t->armed = true;
	while (*p && (*p)->deadline <= deadline)
		p = &(*p)->next;
	t->next = *p;
	*p = t;
}

void timer_cancel(struct timer *t)
{
	struct timer **p = &this_cpu()->timers;

	if (!t->armed)
		return;
	while (*p && *p != t)
		p = &(*p)->next;
	if (*p)
		*p = t->next;
	t->armed = false;
}

void timers_run(struct cpu *cpu)
{
	while (cpu->timers && cpu->timers->deadline <= time_us()) {
		struct timer *t = cpu->timers;

		cpu->timers = t->next;
		t->armed = false;
		t->fn(t);
	}
}

void deadline_source_set(const struct deadline_source *s)
{
	source = s;
}

void deadline_report(void)
{
	if (source)
		log_info("wake-up by %s", source->name);
	else
		log_warn("no wake-up source that the guest does not control: "
			 "services stop when the guest stops");
}

bool deadline_passed(struct cpu *cpu)
{
	if (!source || !source->claim())
		return false;
	cpu->deadline = 0;
	return true;
}

void deadline_late(void)
{
	source->late();
}

void deadline_ensure(struct cpu *cpu, uint64_t within)
{
	uint64_t now = time_us(), want = ~0ull;

	if (within)
		want = now + within;
	if (cpu->timers && cpu->timers->deadline < want)
		want = cpu->timers->deadline;
	if (!source || want == ~0ull)
		return;
	if (cpu->deadline && cpu->deadline <= want + LATE_US &&
	    cpu->deadline + EARLY_US >= want &&
	    now < cpu->deadline + LOST_US)
		return;
	if (want <= now)
		want = now + 1;
	source->arm(want - now);
	cpu->deadline = want;
}
