/* SPDX-License-Identifier: MIT */
/* What lwIP needs of a system: time, and where its messages go. */
#include "stack.h"

#include <domain/log.h>
#include <domain/syscall.h>
#include <lwip/opt.h>
#include <lwip/sys.h>
#include <stdarg.h>
#include <stdio.h>

/* Of the present round; 0 between two of them, where time passes. */
static uint64_t round_time;

void stack_round_begin(void)
{
	round_time = sys_time();
}

void stack_round_end(void)
{
	round_time = 0;
}

uint64_t stack_time(void)
{
	return round_time ? round_time : sys_time();
}

/*
 * From anywhere on, since TCP's timestamps tell it to everybody: since when this
 * machine runs is not theirs to know (RFC 7323, 7.1).
 */
u32_t sys_now(void)
{
	static u32_t start;

	while (!start)
		stack_random_bytes(&start, sizeof(start));
	return start + (u32_t)(stack_time() / 1000);
}

void stack_diagnostic(const char *fmt, ...)
{
	char text[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	domain_log(LOG_INFO, "lwip: %s", text);
}

/*
 * lwIP found its own state broken: nothing in it can be trusted any more, so
 * this netd ends and the core starts another.
 */
_Noreturn void stack_assertion(const char *text, const char *file, int line)
{
	const char *name = strrchr(file, '/');

	domain_log(LOG_ERROR, "lwip: %s:%d: %s", name ? name + 1 : file, line,
		   text);
	exitprocess(1);
}
