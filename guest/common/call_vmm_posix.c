/* SPDX-License-Identifier: MIT */
/*
 * VMM calls: an instruction that the CPU refuses is a signal on POSIX systems.
 * (Some hypervisors answer by rewriting the instruction, in a page that
 * cannot be written: another signal.)
 */
#include "call_vmm.h"

#include <signal.h>
#include <stddef.h>

static const int signals[] = { SIGILL, SIGSEGV, SIGBUS };

#define N_SIGNALS (sizeof(signals) / sizeof(signals[0]))

call_vmm_jump_t call_vmm_refused;
static struct sigaction before[N_SIGNALS];

static void on_signal(int number)
{
	(void)number;
	siglongjmp(call_vmm_refused, 1);
}

void call_vmm_catch(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	size_t i;

	sigemptyset(&action.sa_mask);
	for (i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i], &action, &before[i]);
}

void call_vmm_release(void)
{
	size_t i;

	for (i = 0; i < N_SIGNALS; i++)
		sigaction(signals[i], &before[i], NULL);
}
