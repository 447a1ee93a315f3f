/* SPDX-License-Identifier: MIT */
/*
 * echoshell: dbgsh's script mode with a shell of its own in place of a VMM,
 * for systems that have none beneath: what it is told, it says, and each
 * command's status is the number of commands so far.
 */
#include "session.h"

#include <stdio.h>
#include <string.h>

#define QUIET_BYTE	0x0e

static char said[8192] = "hello\n";
static size_t at, len = 6;
static int commands;
static bool over;

static void take(int byte)
{
	if (at == len)
		at = len = 0;
	if (byte == QUIET_BYTE || len > sizeof(said) - 16)
		return;
	said[len++] = (char)byte;
	if (byte != '\n')
		return;
	if (len == 5 && memcmp(said, "exit\n", 5) == 0)
		over = true;
	len += (size_t)sprintf(said + len, "\x1e%d\n", ++commands);
}

/* Bytes of a line are only said when the line is complete. */
static int shell(int byte)
{
	if (byte >= 0)
		take(byte);
	if (over)
		return SESSION_OVER;
	if (at < len && said[len - 1] == '\n')
		return (unsigned char)said[at++];
	return SESSION_WANTS_INPUT;
}

int main(void)
{
	struct script script = { 0 };

	return session_script(shell, &script);
}
