/* SPDX-License-Identifier: MIT */
/*
 * What netd asks to be done to the machine: only where somebody can log in for
 * it, once, a moment later, and with nothing in the log that is no text.
 */
#include "check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "../../core/power.c"

struct cpu cpus[CONFIG_MAX_CPUS];

static unsigned int checks, lines, offs;
static uint64_t now;
static bool may = true, can_off;
static char line[256];
static jmp_buf was_reset;

void log_msg(enum log_level level __unused, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	lines++;
}

uint64_t time_us(void)
{
	return now;
}

void timer_arm(struct timer *t, uint64_t deadline)
{
	t->deadline = deadline;
	t->armed = true;
}

bool identity_may_operate(void)
{
	return may;
}

bool machine_can_off(void)
{
	return can_off;
}

void machine_off(void)
{
	offs++;
}

void machine_reset(void)
{
	longjmp(was_reset, 1);
}

int domain_copy_in(struct domain *d __unused, void *dst, const void *user,
		   size_t len)
{
	if (!user)
		return -EFAULT;
	memcpy(dst, user, len);
	return 0;
}

static int ask(int what, const char *who, uint32_t len)
{
	struct message m = {
		.type = MSG_BUF, .value = what, .n_bufs = 1,
		.buf = { { (void *)who, len, 0 } },
	};

	return power_message(&m);
}

static void fires(void)
{
	CHECK(timer.armed && timer.deadline == now + MGMT_POWER_DELAY_MS * 1000);
	now = timer.deadline;
	timer.armed = false;
	timer.fn(&timer);
}

static void wrong_requests_are_refused(void)
{
	char long_one[MGMT_WHO_MAX + 1] = { 0 };

	CHECK(ask(MGMT_POWER_NMI, "me", 0) == -EINVAL);
	CHECK(ask(MGMT_POWER_NMI, long_one, sizeof(long_one)) == -EINVAL);
	CHECK(ask(MGMT_POWER_NMI, NULL, 2) == -EFAULT);
	CHECK(ask(-1, "me", 2) == -EINVAL);
	CHECK(ask(MGMT_POWER_NMI + 1, "me", 2) == -EINVAL);
	CHECK(!timer.armed && !lines);
}

/* However often it asks, the log has room for others. */
static void nobody_is_no_administrator(void)
{
	may = false;
	for (unsigned int i = 0; i < 100; i++)
		for (int what = MGMT_POWER_RESET; what <= MGMT_POWER_NMI; what++)
			CHECK(ask(what, "me", 2) == -EPERM);
	CHECK(!timer.armed && lines == 16);
	may = true;
	lines = 0;
	for (unsigned int i = 0; i < 100; i++)
		CHECK(ask(MGMT_POWER_OFF, "me", 2) == -ENOTSUP);
	CHECK(!timer.armed && lines == 16);
}

static void what_was_asked_for_happens_once(void)
{
	can_off = true;
	CHECK(ask(MGMT_POWER_NMI, "a\n\x1b[", 4) == 0);
	CHECK(!strcmp(line, "power: NMI for the guest, asked for by a??["));
	CHECK(ask(MGMT_POWER_OFF, "me", 2) == -EBUSY);
	fires();
	CHECK(cpus[0].pending_nmi && !offs);
	CHECK(ask(MGMT_POWER_OFF, "me", 2) == 0);
	fires();
	CHECK(offs == 1 && ask(MGMT_POWER_RESET, "me", 2) == 0);
	if (!setjmp(was_reset)) {
		fires();
		CHECK(false);
	}
	CHECK(offs == 1);
}

int main(void)
{
	wrong_requests_are_refused();
	nobody_is_no_administrator();
	what_was_asked_for_happens_once();
	printf("%u checks\n", checks);
	return 0;
}
