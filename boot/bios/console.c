/* SPDX-License-Identifier: MIT */
/*
 * Lines on the screen by the firmware (INT 10h), and on the first serial port
 * as whoever came before has set it up (PC16550D).
 */
#include "console.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "../../core/x86/regs.h"
#include "bios.h"

#define COM1		0x3f8
#define LINE_STATUS	5
#define  RX_READY	0x01
#define  TX_EMPTY	0x20
#define POLLS		20000	/* more than a character takes at 1200 baud */

#define GET_MODE	0x0f00
#define SET_MODE	0x0000
#define TELETYPE	0x0e00
#define TEXT_80		3
#define TEXT_MONO	7

static void put_serial(char c)
{
	for (unsigned int i = 0; i < POLLS; i++)
		if (inb(COM1 + LINE_STATUS) & TX_EMPTY)
			break;
	outb(COM1, (uint8_t)c);
}

void say_on_serial(const char *text)
{
	/* nothing is there */
	if (inb(COM1 + LINE_STATUS) == 0xff)
		return;
	while (*text)
		put_serial(*text++);
}

char serial_key(void)
{
	uint8_t status = inb(COM1 + LINE_STATUS);

	return status != 0xff && status & RX_READY ? (char)inb(COM1) : 0;
}

static void video(uint32_t eax, uint32_t *result)
{
	struct bios_registers r = { .eax = eax };

	bios_call(0x10, &r);
	if (result)
		*result = r.eax;
}

/* A boot loader may have left a picture. */
static void text_mode(void)
{
	uint32_t mode;

	video(GET_MODE, &mode);
	mode &= 0x7f;
	if (mode != TEXT_80 && mode != TEXT_MONO)
		video(SET_MODE | TEXT_80, NULL);
}

void say(const char *fmt, ...)
{
	char line[253];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 2, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(line) - 3)
		n = (int)sizeof(line) - 3;
	for (int i = 0; i < n; i++)
		if (line[i] < ' ' || line[i] > '~')
			line[i] = '?';
	line[n] = '\r';
	line[n + 1] = '\n';
	line[n + 2] = 0;
	say_on_serial(line);
	text_mode();
	for (const char *c = line; *c; c++)
		video(TELETYPE | (uint8_t)*c, NULL);
}
