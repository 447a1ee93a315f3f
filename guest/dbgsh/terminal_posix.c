/* SPDX-License-Identifier: MIT */
/* Terminal, input and time on POSIX systems; see terminal.h. */
#include "terminal.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* ---- input and time ---- */

bool terminal_is_input(void)
{
	return isatty(STDIN_FILENO);
}

int input_read(void *buffer, size_t size, unsigned int timeout_ms)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
	ssize_t n;

	if (poll(&fd, 1, (int)timeout_ms) <= 0)
		return 0;
	n = read(STDIN_FILENO, buffer, size);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	return n > 0 ? (int)n : INPUT_ENDED;
}

uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void sleep_us(unsigned int us)
{
	struct timespec time = {
		.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000l,
	};

	nanosleep(&time, NULL);
}

/* ---- raw mode and back ---- */

static struct termios before, raw;
static volatile sig_atomic_t is_raw, wanted;

static void set_raw(void)
{
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0)
		is_raw = 1;
}

void terminal_restore(void)
{
	if (!is_raw)
		return;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	is_raw = 0;
}

/* Let the signal do what it does without a handler. */
static void default_action(int number)
{
	struct sigaction action = { .sa_handler = SIG_DFL };
	sigset_t set;

	sigaction(number, &action, NULL);
	raise(number);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void on_end(int number)
{
	terminal_restore();
	default_action(number);
}

static void catch(int number, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

/* Raw again, unless another program has the terminal. */
static void raw_again(void)
{
	if (wanted && !is_raw && tcgetpgrp(STDIN_FILENO) == getpgrp())
		set_raw();
}

/* Stopped here, until SIGCONT, or not at all if nobody could continue us. */
static void on_stop(int number)
{
	int saved = errno;

	terminal_restore();
	default_action(number);
	catch(number, on_stop);
	raw_again();
	errno = saved;
}

static void on_continue(int number)
{
	int saved = errno;

	(void)number;
	raw_again();
	errno = saved;
}

int terminal_raw(void)
{
	static const int ends[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGALRM, SIGABRT,
		SIGILL, SIGSEGV, SIGBUS, SIGFPE, SIGUSR1, SIGUSR2,
	};
	size_t i;

	if (!isatty(STDIN_FILENO))
		return 0;
	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return -1;
	raw = before;
	raw.c_lflag &= (tcflag_t)~(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_iflag &= (tcflag_t)~(IXON | ICRNL | INLCR | IGNCR | ISTRIP);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		catch(ends[i], on_end);
	catch(SIGTSTP, on_stop);
	catch(SIGCONT, on_continue);
	atexit(terminal_restore);
	wanted = 1;
	set_raw();
	return is_raw ? 0 : -1;
}
