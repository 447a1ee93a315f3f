/* SPDX-License-Identifier: MIT */
/*
 * Does each client of the VMM call dbgsh get its own session, and does one that
 * is killed leave anything behind? Domains here are structs that do nothing;
 * the test plays the shell and the program that it runs.
 */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* this_cpu() looks at the VMM's stack: replaced below */
#include "../../core/x86/cpus.h"
#define this_cpu() NULL
#include "../../core/domain/dbgsh.c"
#include "../../core/domain/tty_session.c"

/* asked for debug only, which has tests of its own */
void guest_paging_of(const struct vcpu *v, struct guest_paging *p)
{
	memset(p, 0, sizeof(*p));
}

struct conf tandem_conf = { .number[CONF_DBGSH] = 1 };

#include "tty_session_fake.h"

static void (*play)(void);	/* what domains do when they run */

void domains_run(struct cpu *cpu __unused)
{
	if (play)
		play();
}

void cpu_call_first(void (*fn)(void *), void *arg)
{
	fn(arg);
}

/* ---- the parts that the test plays ---- */

static int client_calls(uint64_t cr3, uint32_t number, int byte)
{
	struct vmmcall_args a = {
		.rbx = (uint32_t)byte, .cr3 = cr3,
		.rcx = number ? DBGSH_CLIENT_MAGIC : 0x1234, .rdx = number,
	};

	return (int)dbgsh(&a);
}

static int call_by(uint64_t cr3, int byte)
{
	return client_calls(cr3, 0, byte);
}

static struct session *session_at(uint64_t cr3)
{
	for (unsigned int i = 0; i < SESSIONS; i++)
		if (sessions[i].used && sessions[i].cr3 == cr3)
			return &sessions[i];
	return NULL;
}

static struct domain *shell_of(uint64_t cr3)
{
	return session_at(cr3) ? domain_find(session_at(cr3)->tty.shell) : NULL;
}

static void all_gone(void)
{
	time_passes(2 * TIMEOUT_US);
	CHECK(domains() == 0);
	CHECK(!armed->armed);
}

/* ---- tests ---- */

static void two_clients_have_a_session_each(void)
{
	CHECK(call_by(0x1000, -1) == -1);
	CHECK(call_by(0x2000, -1) == -1);
	CHECK(domains() == 2 && shell_of(0x1000) != shell_of(0x2000));
	CHECK(reads_now(shell_of(0x1000), DBGSH_READ) == MESSAGE_PENDING);
	CHECK(writes(shell_of(0x2000), "two", 3) == 0);
	CHECK(call_by(0x1000, -1) == 0);
	CHECK(call_by(0x2000, -1) == 't' && call_by(0x2000, 'x') == 'w');
	CHECK(completed.serial == 0);
	/* the low bits of CR3 are flags, or a PCID */
	CHECK(call_by(0x1018, 'a') == -1);
	CHECK(completed.serial == shell_of(0x1000)->serial &&
	      completed.value == 'a');
	CHECK(reads_now(shell_of(0x2000), DBGSH_READ) == 'x');
	all_gone();
}

static void what_is_typed_ahead_waits(void)
{
	CHECK(call_by(0x1000, 'a') == -1);
	for (int i = 0; i < 2 * TTY_INPUT_SIZE; i++)
		CHECK(call_by(0x1000, 'b') == -1);
	CHECK(reads_now(shell_of(0x1000), DBGSH_READ_NOW) == 'a');
	for (int i = 1; i < TTY_INPUT_SIZE; i++)
		CHECK(reads_now(shell_of(0x1000), DBGSH_READ) == 'b');
	CHECK(reads_now(shell_of(0x1000), DBGSH_READ_NOW) == -EAGAIN);
	CHECK(call_by(0x1000, -1) == -1);	/* it did not wait */
	all_gone();
}

static void a_shell_that_reads_has_not_hung(void)
{
	call_by(0x1000, -1);
	shell_of(0x1000)->run_us = 999999;
	reads_now(shell_of(0x1000), DBGSH_READ);
	CHECK(shell_of(0x1000)->run_us == 0);
	all_gone();
}

static void a_writer_is_told_that_its_text_is_not_there(void)
{
	static const char flood[TTY_OUTPUT_SIZE + 64];
	struct domain *shell;

	call_by(0x1000, -1);
	shell = shell_of(0x1000);
	unmapped = flood;
	CHECK(writes(shell, flood, 1) == -EFAULT);
	/* also when most of it was said by then */
	unmapped = flood + TTY_OUTPUT_SIZE;
	CHECK(writes(shell, flood, sizeof(flood)) == MESSAGE_PENDING);
	CHECK(call_by(0x1000, -1) == '?');
	completed.value = 0;
	CHECK(call_by(0x1000, -1) == '?');
	CHECK(completed.serial == shell->serial && completed.value == -EFAULT);
	unmapped = NULL;
	all_gone();
}

static void interrupt_ends_what_does_not_read(void)
{
	static const char flood[TTY_OUTPUT_SIZE + 1];
	struct domain *shell, *program;

	call_by(0x1000, -1);
	shell = shell_of(0x1000);
	program = program_of(shell);
	program_of(program);
	CHECK(writes(program, flood, sizeof(flood)) == MESSAGE_PENDING);
	CHECK(call_by(0x1000, 'q') == '?');
	completed.serial = 0;
	CHECK(call_by(0x1000, 3) == -1);	/* and what it said is lost */
	CHECK(domains() == 1 && shell_of(0x1000) == shell);
	CHECK(completed.serial == shell->serial &&
	      completed.value == -ECANCELED);
	CHECK(reads_now(shell, DBGSH_READ_NOW) == -EAGAIN);
	CHECK(writes(shell, "^C", 2) == 0);
	CHECK(call_by(0x1000, -1) == '^');
	all_gone();
}

static void interrupt_is_a_byte_for_those_who_read(void)
{
	struct domain *shell, *program;

	call_by(0x1000, -1);
	shell = shell_of(0x1000);
	call_by(0x1000, 'x');
	call_by(0x1000, 3);			/* the shell is busy, alone */
	CHECK(reads_now(shell, DBGSH_READ) == 3);
	CHECK(reads_now(shell, DBGSH_READ_NOW) == -EAGAIN);
	program = program_of(shell);
	CHECK(reads_now(program, DBGSH_READ) == MESSAGE_PENDING);
	CHECK(call_by(0x1000, 3) == -1);
	CHECK(domains() == 2 && completed.serial == program->serial &&
	      completed.value == 3);
	all_gone();
}

static void interrupt_before_the_first_message_ends_the_program(void)
{
	struct domain *shell, *program;
	int e;

	call_by(0x1000, -1);
	shell = shell_of(0x1000);
	program = domain_create("program", 0, &e);
	program->session = shell->session;
	call_by(0x2000, -1);
	call_by(0x1000, 3);
	CHECK(domains() == 2 && shell_of(0x1000) && shell_of(0x2000));
	all_gone();
}

static void a_killed_client_leaves_nothing_behind(void)
{
	call_by(0x1000, -1);
	program_of(shell_of(0x1000));
	time_passes(TIMEOUT_US / 2);
	call_by(0x2000, 'x');
	CHECK(domains() == 3);
	time_passes(TIMEOUT_US / 2 + 20000);
	CHECK(domains() == 1 && shell_of(0x2000) && !shell_of(0x1000));
	/* whoever calls keeps its session */
	for (int i = 0; i < 10; i++) {
		time_passes(TIMEOUT_US / 2);
		CHECK(call_by(0x2000, 'x') == -1);
	}
	CHECK(domains() == 1);
	all_gone();
}

static void a_client_is_not_given_the_session_of_one_that_was_killed(void)
{
	struct domain *old;
	uint64_t serial;

	client_calls(0x1000, 77, -1);
	old = shell_of(0x1000);
	serial = old->serial;
	program_of(old);
	writes(old, "secret", 6);
	CHECK(client_calls(0x1000, 77, -1) == 's');
	time_passes(TIMEOUT_US - 1000000);	/* it may be stopped */
	CHECK(client_calls(0x1000, 77, -1) == 'e');
	CHECK(client_calls(0x1000, 78, -1) == -1);
	CHECK(domains() == 1 && shell_of(0x1000)->serial != serial);
	serial = shell_of(0x1000)->serial;
	CHECK(call_by(0x1000, -1) == -1);	/* of another make */
	CHECK(domains() == 1 && shell_of(0x1000)->serial != serial);
	all_gone();
}

static void clients_without_a_number_are_told_by_their_silence(void)
{
	uint64_t serial;

	if (TIMEOUT_US <= FRESH_US)
		return;
	call_by(0x1000, -1);
	serial = shell_of(0x1000)->serial;
	reads_now(shell_of(0x1000), DBGSH_READ);
	CHECK(call_by(0x1000, -1) == 0);
	time_passes(FRESH_US);			/* the user thinks */
	CHECK(call_by(0x1000, 'x') == -1);
	CHECK(shell_of(0x1000)->serial == serial);
	time_passes(FRESH_US - 1);
	call_by(0x1000, -1);
	CHECK(shell_of(0x1000)->serial == serial);
	time_passes(FRESH_US);
	call_by(0x1000, -1);
	CHECK(domains() == 1 && shell_of(0x1000)->serial != serial);
	all_gone();
}

/* What a caller hears until its session is over. */
static const char *heard(uint64_t cr3)
{
	static char text[200];
	size_t n = 0;
	int c;

	while ((c = call_by(cr3, -1)) != SESSION_OVER) {
		CHECK(c > 0 && c < 256 && n < sizeof(text) - 1);
		text[n++] = (char)c;
	}
	text[n] = '\0';
	return text;
}

static void one_that_is_refused_does_not_disturb_the_others(void)
{
	for (unsigned int i = 1; i <= SESSIONS; i++)
		call_by(i << 12, -1);
	CHECK(domains() == SESSIONS);
	CHECK(call_by(0x90000, -1) == 'a');
	CHECK(call_by(0x91000, -1) == 'a');
	for (unsigned int i = 1; i <= SESSIONS; i++)
		CHECK(call_by(i << 12, 'x') == -1);
	CHECK(call_by(0x90000, -1) == 'l');
	CHECK(strncmp(heard(0x90000), "l sessions", 10) == 0);
	CHECK(strncmp(heard(0x91000), "ll sessions", 11) == 0);
	/* more at once than there is room for: over at once */
	for (unsigned int i = 0; i < REFUSALS; i++)
		CHECK(call_by(0xa0000 + (i << 12), -1) == 'a');
	CHECK(call_by(0xb0000, -1) == SESSION_OVER);
	time_passes(SILENT_US);
	/* now the longest silent gives way */
	for (unsigned int i = 2; i <= SESSIONS; i++)
		call_by(i << 12, 'x');
	CHECK(call_by(0xb0000, -1) == -1);
	CHECK(domains() == SESSIONS && !shell_of(0x1000));
	all_gone();

	no_domain = true;
	CHECK(strcmp(heard(0x1000), "no memory for a shell\n") == 0);
	no_domain = false;
	CHECK(call_by(0x1000, -1) == -1 && domains() == 1);
	all_gone();
}

static void shell_ends(void)
{
	struct domain *d = domain_list;

	play = NULL;
	domain_end(d, 0);
}

static void the_end_of_the_shell_is_told_once(void)
{
	call_by(0x1000, -1);
	writes(shell_of(0x1000), "b", 1);
	play = shell_ends;
	CHECK(call_by(0x1000, -1) == 'b');
	CHECK(call_by(0x1000, -1) == SESSION_OVER);
	CHECK(domains() == 0);
	CHECK(call_by(0x1000, -1) == -1 && domains() == 1);
	all_gone();
}

int main(void)
{
	two_clients_have_a_session_each();
	what_is_typed_ahead_waits();
	a_shell_that_reads_has_not_hung();
	a_writer_is_told_that_its_text_is_not_there();
	interrupt_ends_what_does_not_read();
	interrupt_is_a_byte_for_those_who_read();
	interrupt_before_the_first_message_ends_the_program();
	a_killed_client_leaves_nothing_behind();
	a_client_is_not_given_the_session_of_one_that_was_killed();
	clients_without_a_number_are_told_by_their_silence();
	one_that_is_refused_does_not_disturb_the_others();
	the_end_of_the_shell_is_told_once();
	printf("%u checks\n", checks);
	return 0;
}
