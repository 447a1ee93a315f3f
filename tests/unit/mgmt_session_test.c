/* SPDX-License-Identifier: MIT */
/*
 * Sessions that netd opens: is every number refused that is not its own, is
 * nothing lost when a queue is full, and does nothing stay behind when netd ends
 * or forgets one? And the restricted role: does it start what tells alone?
 */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/domain/mgmt_session.c"
#include "../../core/domain/tty_session.c"
#include "tty_session_fake.h"

static struct domain *netd;
static uint32_t signals;

void domain_signal(struct domain *d, uint32_t events)
{
	CHECK(d == netd && events == MGMT_EVENT_SHELL);
	signals++;
}

int domain_copy_out(struct domain *d, void *user, const void *src, size_t len)
{
	CHECK(d->serial);
	if (user == unmapped)
		return -EFAULT;
	memcpy(user, src, len);
	return 0;
}

static void new_netd(void)
{
	int e;

	netd = domain_create("netd", 0, &e);
}

static int ask(int operation, struct mgmt_shell *what, void *data,
	       uint32_t len, bool writable)
{
	struct message m = {
		.sender = netd, .type = MSG_BUF, .value = operation,
		.n_bufs = data ? 2 : 1,
		.buf = { { what, sizeof(*what), 1 }, { data, len, writable } },
	};

	return session_message(&m);
}

static uint32_t opened(uint32_t role)
{
	struct mgmt_shell what = { .role = role };

	return ask(MGMT_SHELL_OPEN, &what, NULL, 0, false) ? 0 : what.id;
}

static int types(uint32_t id, const char *text)
{
	struct mgmt_shell what = { .id = id };

	return ask(MGMT_SHELL_WRITE, &what, (void *)text,
		   (uint32_t)strlen(text), false);
}

static int hears(uint32_t id, char *text, uint32_t room)
{
	struct mgmt_shell what = { .id = id };

	return ask(MGMT_SHELL_READ, &what, text, room, true);
}

static int closes(uint32_t id)
{
	struct mgmt_shell what = { .id = id };

	return ask(MGMT_SHELL_CLOSE, &what, NULL, 0, false);
}

static struct domain *shell_of(uint32_t id)
{
	return domain_find(find(netd, id)->tty.shell);
}

static void netd_ends(void)
{
	mgmt_session_service_ended(netd);
	domain_end(netd, 0);
	time_passes(0);
}

static void gone(void)
{
	netd_ends();
	CHECK(domains() == 0);
	time_passes(2 * TIMEOUT_US);
	new_netd();
	CHECK(!armed || !armed->armed);
}

/* ---- tests ---- */

static void what_is_typed_and_said_arrives(void)
{
	uint32_t id = opened(MGMT_SHELL_OPERATE);
	char text[16];

	CHECK(id && domains() == 2);
	CHECK(hears(id, text, sizeof(text)) == 0);
	CHECK(reads_now(shell_of(id), DBGSH_READ) == MESSAGE_PENDING);
	CHECK(signals == 1);
	CHECK(types(id, "ab") == 2 && completed.value == 'a');
	CHECK(reads_now(shell_of(id), DBGSH_READ) == 'b');
	CHECK(writes(shell_of(id), "hello", 5) == 0 && signals == 2);
	CHECK(hears(id, text, 3) == 3 && !memcmp(text, "hel", 3));
	CHECK(hears(id, text, sizeof(text)) == 2 && !memcmp(text, "lo", 2));
	CHECK(hears(id, text, sizeof(text)) == 0);
	CHECK(closes(id) == 0 && closes(id) == -ENOENT && domains() == 1);
	gone();
}

static void nothing_is_lost_when_a_queue_is_full(void)
{
	static char flood[3 * TTY_OUTPUT_SIZE], back[sizeof(flood)];
	char much[2 * TTY_INPUT_SIZE + 1] = { 0 };
	uint32_t id = opened(MGMT_SHELL_OPERATE);
	struct domain *shell = shell_of(id);

	for (size_t i = 0; i < sizeof(flood); i++)
		flood[i] = (char)(i * 7);
	CHECK(writes(shell, flood, sizeof(flood)) == MESSAGE_PENDING);
	CHECK(hears(id, back, sizeof(back)) == sizeof(flood));
	CHECK(!memcmp(flood, back, sizeof(flood)));
	CHECK(completed.serial == shell->serial && completed.value == 0);
	memset(much, DBGSH_INTERRUPT_BYTE, sizeof(much) - 1);
	CHECK(types(id, much) == TTY_INPUT_SIZE);
	CHECK(reads_now(shell, DBGSH_READ) == DBGSH_INTERRUPT_BYTE);
	memset(much, 'x', sizeof(much) - 1);
	CHECK(types(id, much) == TTY_INPUT_SIZE);
	CHECK(types(id, much) == 0);
	gone();
}

static void numbers_that_are_not_its_own_are_refused(void)
{
	uint32_t id = opened(MGMT_SHELL_OPERATE);
	struct mgmt_shell what = { .role = 7 };
	struct domain *first = netd;
	char text[4];

	CHECK(ask(MGMT_SHELL_OPEN, &what, NULL, 0, false) == -EINVAL);
	CHECK(types(0, "x") == -ENOENT && types(id + 1, "x") == -ENOENT);
	what.id = id;
	CHECK(ask(77, &what, text, 4, true) == -EINVAL);
	CHECK(ask(-1, &what, text, 4, true) == -EINVAL);
	CHECK(ask(MGMT_SHELL_READ, &what, text, 4, false) == -EINVAL);
	CHECK(ask(MGMT_SHELL_WRITE, &what, NULL, 0, false) == -EINVAL);
	unmapped = text;
	CHECK(ask(MGMT_SHELL_WRITE, &what, text, 4, true) == -EFAULT);
	unmapped = NULL;
	new_netd();		/* the one of before has not ended: still its */
	CHECK(types(id, "x") == -ENOENT);
	domain_end(netd, 0);
	netd = first;
	CHECK(types(id, "x") == 1);
	gone();
}

static void no_more_than_there_may_be(void)
{
	uint32_t last = 0;

	for (unsigned int i = 0; i < SESSIONS; i++) {
		last = opened(MGMT_SHELL_OPERATE);
		CHECK(last);
	}
	CHECK(!opened(MGMT_SHELL_OPERATE) && domains() == 1 + SESSIONS);
	CHECK(closes(last) == 0);
	CHECK(opened(MGMT_SHELL_OPERATE) > last);
	no_domain = true;
	CHECK(closes(last + 1) == 0 && !opened(MGMT_SHELL_OPERATE));
	no_domain = false;
	CHECK(opened(MGMT_SHELL_OPERATE));
	gone();
}

static void one_that_is_forgotten_ends(void)
{
	uint32_t id = opened(MGMT_SHELL_OPERATE);
	char text[4];

	program_of(shell_of(id));
	time_passes(TIMEOUT_US - 1);
	CHECK(hears(id, text, sizeof(text)) == 0);
	time_passes(TIMEOUT_US - 1);
	CHECK(domains() == 3);
	signals = 0;
	time_passes(2);
	CHECK(domains() == 1 && signals == 1);
	CHECK(hears(id, text, sizeof(text)) == -ENOENT);
	gone();
}

static void the_end_of_the_shell_is_told(void)
{
	uint32_t id = opened(MGMT_SHELL_OPERATE);
	struct domain *shell = shell_of(id);
	char text[4];

	writes(shell, "b", 1);
	signals = 0;
	tty_session_left(shell);
	CHECK(signals == 1);
	domain_end(shell, 0);
	CHECK(types(id, "x") == -EPIPE);
	CHECK(hears(id, text, sizeof(text)) == 1);
	CHECK(hears(id, text, sizeof(text)) == -EPIPE);
	CHECK(closes(id) == 0);
	gone();
}

static void one_that_looks_starts_nothing_that_changes_anything(void)
{
	struct domain *looks, *operates;

	operates = shell_of(opened(MGMT_SHELL_OPERATE));
	looks = shell_of(opened(MGMT_SHELL_LOOK));
	CHECK(tty_session_allows(operates, "echoctl"));
	CHECK(tty_session_allows(looks, "log"));
	CHECK(tty_session_allows(program_of(looks), "net"));
	CHECK(!tty_session_allows(looks, "echoctl"));
	CHECK(!tty_session_allows(looks, "kill"));
	CHECK(!tty_session_allows(looks, "shell"));
	CHECK(!tty_session_allows(program_of(looks), "debug"));
	CHECK(!tty_session_allows(looks, "lo") &&
	      !tty_session_allows(looks, "logs"));
	CHECK(!looks->session->guest && !operates->session->guest);
	CHECK(tty_session_allows(netd, "shell"));
	gone();
}

int main(void)
{
	new_netd();
	what_is_typed_and_said_arrives();
	nothing_is_lost_when_a_queue_is_full();
	numbers_that_are_not_its_own_are_refused();
	no_more_than_there_may_be();
	one_that_is_forgotten_ends();
	the_end_of_the_shell_is_told();
	one_that_looks_starts_nothing_that_changes_anything();
	printf("%u checks\n", checks);
	return 0;
}
