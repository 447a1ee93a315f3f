/* SPDX-License-Identifier: MIT */
/*
 * Terminal, input and time on Windows; see terminal.h. A console delivers
 * events, of which key presses are bytes; a pipe cannot be waited for, only
 * looked at.
 */
#include "terminal.h"

#include <errno.h>
#include <io.h>
#include <stdlib.h>
#include <windows.h>

#define LOOK_MS		10u		/* from one look at a pipe to the next */

#ifndef ENABLE_VIRTUAL_TERMINAL_INPUT
#define ENABLE_VIRTUAL_TERMINAL_INPUT	0x0200
#endif

static DWORD before;
static volatile LONG is_raw;

static HANDLE input(void)
{
	return GetStdHandle(STD_INPUT_HANDLE);
}

bool terminal_is_input(void)
{
	DWORD mode;

	return GetConsoleMode(input(), &mode);
}

void terminal_restore(void)
{
	if (InterlockedExchange(&is_raw, 0))
		SetConsoleMode(input(), before);
}

/* The window is closed, the user logs off, Ctrl-Break: others end us. */
static BOOL WINAPI on_end(DWORD event)
{
	(void)event;
	terminal_restore();
	return FALSE;
}

int terminal_raw(void)
{
	if (!terminal_is_input())
		return 0;
	errno = EIO;
	if (!GetConsoleMode(input(), &before))
		return -1;
	SetConsoleCtrlHandler(on_end, TRUE);
	atexit(terminal_restore);
	is_raw = 1;
	/* Consoles before Windows 10 know no escape sequences. */
	if (SetConsoleMode(input(), ENABLE_VIRTUAL_TERMINAL_INPUT) ||
	    SetConsoleMode(input(), 0))
		return 0;
	is_raw = 0;
	return -1;
}

/* Bytes of the key presses among the console's events. */
static int read_console(char *buffer, size_t size, unsigned int timeout_ms)
{
	INPUT_RECORD record;
	DWORD n = 0;
	size_t len = 0;
	char c;

	if (WaitForSingleObject(input(), timeout_ms) != WAIT_OBJECT_0)
		return 0;
	while (len < size) {
		if (!GetNumberOfConsoleInputEvents(input(), &n))
			return INPUT_ENDED;
		if (n == 0)
			break;
		if (!ReadConsoleInputA(input(), &record, 1, &n))
			return INPUT_ENDED;
		c = record.Event.KeyEvent.uChar.AsciiChar;
		if (record.EventType == KEY_EVENT &&
		    record.Event.KeyEvent.bKeyDown && c)
			buffer[len++] = c;
	}
	return (int)len;
}

/* Does the pipe have something, or has it ended? */
static bool pipe_ready(unsigned int timeout_ms)
{
	uint64_t end = clock_ms() + timeout_ms;
	DWORD waiting;

	for (;;) {
		if (!PeekNamedPipe(input(), NULL, 0, NULL, &waiting, NULL) ||
		    waiting > 0)
			return true;
		if (clock_ms() >= end)
			return false;
		Sleep(LOOK_MS);
	}
}

int input_read(void *buffer, size_t size, unsigned int timeout_ms)
{
	DWORD n;

	if (terminal_is_input())
		return read_console(buffer, size, timeout_ms);
	if (GetFileType(input()) == FILE_TYPE_PIPE && !pipe_ready(timeout_ms))
		return 0;
	if (!ReadFile(input(), buffer, (DWORD)size, &n, NULL) || n == 0)
		return INPUT_ENDED;
	return (int)n;
}

uint64_t clock_ms(void)
{
	return GetTickCount64();
}

void sleep_us(unsigned int us)
{
	Sleep((us + 999) / 1000);
}
