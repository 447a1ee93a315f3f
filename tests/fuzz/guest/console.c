/* SPDX-License-Identifier: MIT */
/*
 * The fuzzing guest's words on COM1. The port is set up anew each time: an
 * operation may have done anything to it. No wait is endless.
 */
#include "fuzz.h"

#include <stdarg.h>

#define COM1		0x3f8
#define IER		1
#define FCR		2
#define LCR		3
#define LCR_8N1		3
#define LCR_DLAB	0x80
#define MCR		4
#define LSR		5
#define LSR_EMPTY	0x20
#define WAIT		100000

static int owner;

void console_init(void)
{
	out8(COM1 + LCR, LCR_DLAB);
	out8(COM1, 1);
	out8(COM1 + 1, 0);
	out8(COM1 + LCR, LCR_8N1);
	out8(COM1 + IER, 0);
	out8(COM1 + FCR, 1);
	out8(COM1 + MCR, 3);		/* and no loop-back */
}

static void put(char ch)
{
	for (unsigned int i = 0; i < WAIT; i++)
		if (in8(COM1 + LSR) & LSR_EMPTY)
			break;
	out8(COM1, (uint8_t)ch);
}

static void put_number(uint64_t v, unsigned int base)
{
	char text[24];
	unsigned int n = 0;

	do {
		text[n++] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	while (n)
		put(text[--n]);
}

void say(const char *format, ...)
{
	va_list args;

	for (unsigned int i = 0; i < WAIT; i++)
		if (!__atomic_exchange_n(&owner, 1, __ATOMIC_ACQUIRE))
			break;
	console_init();
	va_start(args, format);
	for (const char *p = format; *p; p++) {
		if (*p != '%') {
			put(*p);
			continue;
		}
		p++;
		if (*p == 's')
			for (const char *s = va_arg(args, const char *); *s;)
				put(*s++);
		else
			put_number(va_arg(args, uint64_t),
				   *p == 'x' ? 16 : 10);
	}
	va_end(args);
	__atomic_store_n(&owner, 0, __ATOMIC_RELEASE);
}
