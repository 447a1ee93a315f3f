/* SPDX-License-Identifier: MIT */
/*
 * What CPUs want of one another: is nothing forgotten, is an NMI sent when and
 * only when it is needed, and is each told from the guest's own? One thread
 * stands for all CPUs; calls across CPUs take two.
 */
#include "check.h"

#include <pthread.h>
#include <setjmp.h>
#include <string.h>

#define this_cpu real_this_cpu
#include "../../core/x86/cpu.h"
#undef this_cpu

static unsigned int checks;
static __thread struct cpu *me;

static struct cpu *this_cpu(void)
{
	return me;
}

#include "../../core/x86/cpus.c"

/* ---- what cpus.c calls ---- */

static uint64_t now;
static unsigned int sent[CONFIG_MAX_CPUS];	/* NMIs, by APIC id / 2 */

uint64_t time_us(void)
{
	return now;
}

void lapic_send_nmi(uint32_t apic_id)
{
	/* claimed as soon as it may come */
	CHECK(cpus[apic_id / 2].kicks || stopper);
	__atomic_fetch_add(&sent[apic_id / 2], 1, __ATOMIC_SEQ_CST);
}

static uint64_t park_us;	/* how long a look at parking takes */
static uint64_t stall_us;	/* ... and the next one more than that */

bool cpu_park_here(void)
{
	__builtin_ia32_pause();
	now += park_us + stall_us;
	stall_us = 0;
	return false;
}

static bool brought_back;
static unsigned int watched;

bool lost_or_awake(const struct cpu *c)
{
	CHECK(c != me);
	return brought_back;
}

void lost_before_panic(void)
{
	CHECK(stopper == me);
}

void lost_watch_first(void)
{
	watched++;
}

static unsigned int errors;

void log_msg(enum log_level level, const char *fmt __unused, ...)
{
	errors += level == LOG_ERROR;
}

static jmp_buf reset;

void machine_reset(void)
{
	longjmp(reset, 1);
}

/* ---- */

/* n NMIs were taken at this moment: how many are the VMM's? */
static uint32_t claim(struct cpu *c, uint32_t n)
{
	c->nmi_taken_at = now;
	return cpu_kicks_claim(c, n);
}

static void fresh(unsigned int n)
{
	memset(cpus, 0, sizeof(cpus));
	memset(sent, 0, sizeof(sent));
	n_cpus = n;
	for (unsigned int i = 0; i < n; i++) {
		cpus[i].index = i;
		cpus[i].apic_id = 2 * i;
		cpus[i].online = true;
	}
	me = &cpus[0];
	now = 1000;
}

static void test_a_request_sends_one_nmi_until_it_is_taken(void)
{
	fresh(3);
	cpu_request(&cpus[1], CPU_REQUEST_NMI);
	cpu_request(&cpus[1], CPU_REQUEST_LOOK);
	CHECK(sent[1] == 1 && !sent[0] && !sent[2]);
	CHECK(cpu_requests_take(&cpus[1]) ==
	      (CPU_REQUEST_NMI | CPU_REQUEST_LOOK));
	CHECK(!cpu_requests_take(&cpus[1]));
	cpu_request(&cpus[1], CPU_REQUEST_LOOK);
	CHECK(sent[1] == 2);
	/* to itself, and to one that is not there: no NMI */
	cpu_request(&cpus[0], CPU_REQUEST_INIT);
	CHECK(!sent[0] && cpu_requests_take(&cpus[0]) == CPU_REQUEST_INIT);
	cpus[2].online = false;
	cpu_request(&cpus[2], CPU_REQUEST_LOOK);
	CHECK(!sent[2]);
}

static void test_no_nmi_is_sent_to_a_cpu_that_may_have_been_reset(void)
{
	fresh(2);
	brought_back = true;
	cpu_request(&cpus[1], CPU_REQUEST_LOOK);
	brought_back = false;
	CHECK(!sent[1] && !cpus[1].kicks);
	CHECK(cpu_requests_take(&cpus[1]) == CPU_REQUEST_LOOK);
}

static void never_called(void *arg __unused)
{
	CHECK(false);
}

/* stood_still: the machine did, for so long, at the first look */
static void test_a_first_cpu_that_takes_no_call_costs_the_machine(
	uint64_t stood_still)
{
	uint64_t start;

	fresh(2);
	me = &cpus[1];
	start = now;
	park_us = STEP_US / 2;
	stall_us = stood_still;
	watched = 0;
	if (!setjmp(reset)) {
		cpu_call_first(never_called, NULL);
		CHECK(false);
	}
	park_us = 0;
	CHECK(now - start - stood_still >= CALL_US - STEP_US &&
	      now - start - stood_still < 2 * CALL_US);
	CHECK(watched && errors == 1);
	cpu_calls_forget();
}

static void test_first_cpu(void)
{
	fresh(2);
	CHECK(on_first_cpu());
	first_cpu_wake();
	CHECK(!sent[0] && cpu_requests_take(&cpus[0]) == CPU_REQUEST_LOOK);
	me = &cpus[1];
	CHECK(!on_first_cpu());
	first_cpu_wake();
	CHECK(sent[0] == 1);
}

static void test_kicks_are_told_from_the_guests_nmis(void)
{
	struct cpu *c = &cpus[1];

	fresh(2);
	CHECK(claim(c, 1) == 0);
	cpu_request(c, CPU_REQUEST_LOOK);
	CHECK(claim(c, 1) == 1);
	CHECK(claim(c, 1) == 0);
	/* two kicks, two NMIs of which one was the guest's */
	cpu_requests_take(c);
	cpu_request(c, CPU_REQUEST_LOOK);
	CHECK(claim(c, 2) == 1);
	/* two kicks that came as one: the other is forgotten in time */
	cpu_requests_take(c);
	cpu_request(c, CPU_REQUEST_LOOK);
	cpu_requests_take(c);
	cpu_request(c, CPU_REQUEST_LOOK);
	CHECK(c->kicks == 2 && claim(c, 1) == 1 && c->kicks == 1);
	now += 2 * KICK_US;
	CHECK(claim(c, 1) == 0 && c->kicks == 0);
	/* a slow one is not, nor one that was taken in time and seen late */
	cpu_requests_take(c);
	cpu_request(c, CPU_REQUEST_LOOK);
	now += KICK_US / 2;
	CHECK(claim(c, 1) == 1);
	cpu_requests_take(c);
	cpu_request(c, CPU_REQUEST_LOOK);
	c->nmi_taken_at = now;
	now += 2 * KICK_US;
	CHECK(cpu_kicks_claim(c, 1) == 1);
}

/* ---- calls ---- */

#define CALLS	2000
#define CALLERS	3

static unsigned int called;

static void count(void *arg)
{
	CHECK(on_first_cpu());
	called++;
	*(unsigned int *)arg += 1;
}

static void *caller(void *arg)
{
	unsigned int mine = 0;

	me = arg;
	for (unsigned int i = 0; i < CALLS; i++) {
		cpu_call_first(count, &mine);
		if (mine != i + 1)
			return arg;
	}
	return NULL;
}

static void test_calls_run_once_each_on_the_first_cpu(void)
{
	pthread_t threads[CALLERS];
	unsigned int mine = 0;
	void *failed;

	fresh(CALLERS + 1);
	cpu_call_first(count, &mine);
	CHECK(mine == 1 && called == 1 && !cpus[0].requests);
	cpu_calls_run();
	CHECK(called == 1);
	for (unsigned int i = 0; i < CALLERS; i++)
		CHECK(!pthread_create(&threads[i], NULL, caller, &cpus[i + 1]));
	while (__atomic_load_n(&called, __ATOMIC_RELAXED) <
	       CALLERS * CALLS + 1)
		if (cpu_requests_take(&cpus[0]) & CPU_REQUEST_CALL)
			cpu_calls_run();
	for (unsigned int i = 0; i < CALLERS; i++) {
		CHECK(!pthread_join(threads[i], &failed));
		CHECK(!failed);
	}
	CHECK(called == CALLERS * CALLS + 1 && !calls);
}

static void forget(void *arg)
{
	count(arg);
	cpu_calls_forget();
}

/* The machine slept inside of a call: none that waited is there any more. */
static void test_calls_of_before_a_sleep_are_forgotten(void)
{
	unsigned int mine = 0;
	struct call second = { .fn = count, .arg = &mine };
	struct call first = { .fn = forget, .arg = &mine, .next = &second };

	fresh(2);
	calls = &first;
	cpu_calls_run();
	CHECK(mine == 1 && !first.done && !second.done && !calls);
}

static void test_stop(void)
{
	fresh(3);
	cpus[1].online = false;
	CHECK(!cpus_stopping());
	cpus_stop_others();
	CHECK(!sent[0] && !sent[1] && sent[2] == 1);
	CHECK(!cpus_stopping());
	me = &cpus[2];
	CHECK(cpus_stopping());
}

int main(void)
{
	test_a_request_sends_one_nmi_until_it_is_taken();
	test_no_nmi_is_sent_to_a_cpu_that_may_have_been_reset();
	test_a_first_cpu_that_takes_no_call_costs_the_machine(0);
	errors = 0;
	test_a_first_cpu_that_takes_no_call_costs_the_machine(10 * CALL_US);
	test_first_cpu();
	test_kicks_are_told_from_the_guests_nmis();
	test_calls_run_once_each_on_the_first_cpu();
	test_calls_of_before_a_sleep_are_forgotten();
	test_stop();
	printf("%u checks\n", checks);
	return 0;
}
