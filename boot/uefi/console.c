/* SPDX-License-Identifier: MIT */
/*
 * Lines on the firmware's console (UEFI 2.10, 12.4). The loader says one line
 * per outcome, so there is no more to it than that.
 */
#include "console.h"

#include <stdarg.h>
#include <stdio.h>

static SIMPLE_TEXT_OUTPUT_INTERFACE *out;
static char reason[200];

void console_init(EFI_SYSTEM_TABLE *system_table)
{
	out = system_table->ConOut;
}

void say(const char *fmt, ...)
{
	char line[251];
	CHAR16 wide[sizeof(line) + 2];
	unsigned int i;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (i = 0; line[i]; i++)
		wide[i] = line[i] >= ' ' && line[i] <= '~' ? line[i] : '?';
	wide[i++] = '\r';
	wide[i++] = '\n';
	wide[i] = 0;
	if (out)
		out->OutputString(out, wide);
}

void refused(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
}

const char *refusal(void)
{
	return reason;
}
