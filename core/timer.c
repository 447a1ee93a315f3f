/* SPDX-License-Identifier: MIT */
/*
 * Time and timers, see timer.h and tandem/timer.h. Timers are a sorted list,
 * which the first CPU works off; the next one's due time, or the guest's
 * longest run there, is armed at the deadline source. Arming costs device
 * accesses, so a deadline that is near enough is left alone.
 */
#include "timer.h"

#include "acpi.h"
#include "x86/cpus.h"

#include <errno.h>
#define LOG_PREFIX "time: "
#include <tandem/log.h>
#include <tandem/spinlock.h>
#include <tandem/timer.h>

#define PM_TIMER_HZ	3579545
#define CALIBRATE_US	20000
#define PM_POLLS	10000000
/* an armed deadline this much later or earlier than wanted is good enough */
#define LATE_US		500
#define EARLY_US	200
#define LATE_MAX_US	10000	/* tandem/timer.h promises that */
/* one that is over by this much was lost */
#define LOST_US		20000

static uint64_t tsc_start, tsc_stopped;
static uint64_t us_per_tsc;	/* 32.32 fixed point */
static const struct deadline_source *source;
static struct timer *timers;
static struct spinlock lock;
/* timers that fired, and of these more than LATE_MAX_US after their time */
static struct {
	uint64_t fired, late;
} timer_count;
/* when the source's NMI is due, 0: not armed */
static uint64_t armed;

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

void time_stop(void)
{
	tsc_stopped = rdtsc();
}

void time_continue(void)
{
	/* wraps below 0 where the TSC began anew */
	tsc_start += rdtsc() - tsc_stopped;
	armed = 0;
}

/* The lock is held. */
static void take_out(struct timer *t)
{
	struct timer **p = &timers;

	if (!t->armed)
		return;
	while (*p && *p != t)
		p = &(*p)->next;
	if (*p)
		*p = t->next;
	t->armed = false;
}

/* Does the first CPU come back in time for that by itself? */
static bool is_covered(uint64_t deadline)
{
	uint64_t a = __atomic_load_n(&armed, __ATOMIC_SEQ_CST);

	return a && a <= deadline + LATE_US && time_us() < a + LOST_US;
}

void timer_arm(struct timer *t, uint64_t deadline)
{
	struct timer **p = &timers;
	bool first;

	spin_lock(&lock);
	take_out(t);
	t->deadline = deadline;
	t->armed = true;
	while (*p && (*p)->deadline <= deadline)
		p = &(*p)->next;
	t->next = *p;
	*p = t;
	first = timers == t;
	spin_unlock(&lock);
	if (first && !on_first_cpu() && !is_covered(deadline))
		first_cpu_wake();
}

void timer_cancel(struct timer *t)
{
	spin_lock(&lock);
	take_out(t);
	spin_unlock(&lock);
}

/* The first one that is due, out of the list. */
static struct timer *next_due(void)
{
	uint64_t now = time_us();
	struct timer *t;

	spin_lock(&lock);
	t = timers;
	if (t && t->deadline <= now) {
		take_out(t);
		timer_count.fired++;
		timer_count.late += now - t->deadline > LATE_MAX_US;
	} else {
		t = NULL;
	}
	spin_unlock(&lock);
	return t;
}

void timers_run(void)
{
	struct timer *t;

	if (!__atomic_load_n(&timers, __ATOMIC_RELAXED))
		return;
	while ((t = next_due()))
		t->fn(t);
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

bool deadline_passed(void)
{
	if (!source || !source->claim())
		return false;
	__atomic_store_n(&armed, 0, __ATOMIC_SEQ_CST);
	return true;
}

void deadline_late(void)
{
	source->late();
}

void deadline_lost(void)
{
	__atomic_store_n(&armed, 0, __ATOMIC_SEQ_CST);
}

/* When the next timer is due, all ones if there is none. */
static uint64_t next_timer(void)
{
	uint64_t due = ~0ull;

	if (!__atomic_load_n(&timers, __ATOMIC_SEQ_CST))
		return due;
	spin_lock(&lock);
	if (timers)
		due = timers->deadline;
	spin_unlock(&lock);
	return due;
}

void deadline_ensure(uint64_t within)
{
	uint64_t now = time_us(), want = next_timer();

	if (within)
		want = MIN(want, now + within);
	if (!source || want == ~0ull)
		return;
	if (armed && armed <= want + LATE_US && armed + EARLY_US >= want &&
	    now < armed + LOST_US)
		return;
	if (want <= now)
		want = now + 1;
	source->arm(want - now);
	__atomic_store_n(&armed, want, __ATOMIC_SEQ_CST);
}
