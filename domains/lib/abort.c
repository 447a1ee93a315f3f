/* SPDX-License-Identifier: MIT */
/* The end of a program that found its own state broken. */
#include <domain/syscall.h>
#include <stdlib.h>

_Noreturn void abort(void)
{
	static const char text[] = "abort";

	sys_log(0, text, sizeof(text) - 1);
	exitprocess(EXIT_FAILURE);
}
