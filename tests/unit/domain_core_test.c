/* SPDX-License-Identifier: MIT */
/*
 * Can a domain bring down the core by how it starts, calls and ends others?
 * The core's files run here on made-up address spaces; ASan watches the
 * structs of those that are gone.
 */
#include "domain_core_fake.h"

static unsigned int domains(void)
{
	unsigned int n = 0;

	for (struct domain *d = domain_list; d; d = d->next)
		n++;
	return n;
}

static unsigned int mappings(void)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < MAPPINGS; i++)
		n += mapping[i].d != NULL;
	return n;
}

static int64_t newprocess(struct domain *d)
{
	return call(d, SYS_NEWPROCESS, (uintptr_t)"child", 5, 0, 0);
}

/* The domain that newprocess made last. */
static struct domain *newest(void)
{
	return domain_list;
}

static int kill_first(struct message *m __unused)
{
	struct domain *d = domain_list;

	while (d->next)
		d = d->next;
	domain_kill(d, "by a program of its own");
	return 0;
}

static void test_programs_cannot_start_one_another_without_end(void)
{
	struct domain *first = first_domain(), *d = first;
	unsigned int n = 1;
	int64_t fd;

	while ((fd = newprocess(d)) >= 0 && n < 100) {
		CHECK(call(d, SYS_MSGSENDINT, (uint64_t)fd, 0, 0, 0) == fd ||
		      domain_top(d)->state == ACT_SEND);
		d = newest();
		CHECK(domain_top(d)->state == ACT_RUN);
		n++;
	}
	CHECK(fd == -ENOSPC && n == DOMAIN_LEVELS && domains() == n);
	domain_end(first, 0);
	CHECK(!domains() && !spaces);
}

static void test_a_program_may_end_the_one_that_waits_for_it(void)
{
	struct domain *first = first_domain(), *child;
	int64_t fd = newprocess(first);

	child = newest();
	call(first, SYS_MSGSENDINT, (uint64_t)fd, 0, 0, 0);
	fd = call(child, SYS_MSGOPEN, (uintptr_t)"kill_first", 10, 0, 0);
	CHECK(fd >= 0);
	cr3 = virt_to_phys(child->pml4);
	call(child, SYS_MSGSENDINT, (uint64_t)fd, 0, 0, 0);
	CHECK(!domains() && !spaces && cr3 == paging_root());
}

static void test_a_start_that_fails_leaves_no_pages_behind(void)
{
	struct msg_buf buf = { .base = (void *)0x1000, .len = 10 };
	struct domain *first = first_domain();
	int64_t fd = newprocess(first);

	copies_left = 1;
	CHECK(call(first, SYS_MSGSENDBUF, (uint64_t)fd, 0, (uintptr_t)&buf,
		   1) == -EFAULT);
	copies_left = ~0u;
	CHECK(domain_top(first)->state == ACT_RUN);
	CHECK(newest() != first && domain_top(newest())->state == ACT_NEW);
	CHECK(!mappings());
	/* and can be tried again */
	call(first, SYS_MSGSENDBUF, (uint64_t)fd, 0, (uintptr_t)&buf, 1);
	CHECK(domain_top(newest())->state == ACT_RUN && mappings() == 1);
	domain_end(newest(), 7);
	CHECK(domain_top(first)->state == ACT_RUN &&
	      domain_top(first)->frame.rax == 7 && !mappings());
	domain_end(first, 0);
	CHECK(!domains() && !spaces);
}

static void test_another_cpu_signals_and_the_first_wakes(void)
{
	struct domain *d = first_domain();

	call(d, SYS_WAIT, ~0ull, 0, 0, 0);
	CHECK(domain_top(d)->state == ACT_WAIT);
	elsewhere = true;
	domain_signal(d, 0);
	CHECK(!wakes);
	domain_signal(d, 2);
	domain_signal(d, 4);
	elsewhere = false;
	CHECK(wakes && domain_top(d)->state == ACT_WAIT);
	changes = 0;
	domains_signalled();
	CHECK(changes);
	CHECK(domain_top(d)->state == ACT_RUN && domain_top(d)->frame.rax == 6);
	domains_signalled();
	call(d, SYS_WAIT, ~0ull, 0, 0, 0);
	CHECK(domain_top(d)->state == ACT_WAIT);	/* told once */
	domain_end(d, 0);
}

static void test_a_service_comes_back_when_there_is_memory_again(void)
{
	static struct service s = { .program = "child" };
	static struct service absent = { .program = "absent" };

	CHECK(!services_start());
	service_register(&s);
	CHECK(s.domain && s.starts == 1);
	service_register(&absent);
	CHECK(!absent.domain);
	no_memory = true;
	domain_kill(s.domain, "test");
	for (unsigned int i = 0; i < 5; i++) {
		CHECK(!s.domain && armed && armed->armed);
		if (!armed)
			return;
		now = armed->deadline;
		armed->armed = false;
		armed->fn(armed);
	}
	CHECK(!s.domain && s.starts == 1);
	no_memory = false;
	now = armed->deadline;
	armed->armed = false;
	armed->fn(armed);
	CHECK(s.domain && s.starts == 2 && !absent.restart_at);
	domain_end(s.domain, 0);
}

static void test_a_service_that_keeps_failing_is_given_up_if_so_configured(void)
{
	static struct service s = { .program = "child" };

	service_register(&s);
	CHECK(s.domain != NULL);
	give_up_after = 3;
	for (unsigned int i = 1; i <= 3; i++) {
		domain_end(s.domain, 1);
		CHECK(!!s.restart_at == (i < 3));
		if (i == 3)
			break;
		CHECK(s.restart_at == now + (PAUSE_MIN_MS << (i - 1)) * 1000);
		now = s.restart_at;
		restart_due(armed);
		CHECK(s.domain && s.starts == i + 1);
	}
	now += 100 * STABLE_US;
	restart_due(armed);
	CHECK(!s.domain && s.starts == 3 && logged == LOG_ERROR);
	/* one that ran well in between begins to count anew */
	s.failures = 0;
	start(&s);
	now += STABLE_US / 2;
	domain_end(s.domain, 1);
	now = s.restart_at;
	restart_due(armed);
	now += STABLE_US + 1;
	domain_end(s.domain, 1);
	CHECK(s.failures == 1 && s.pause_ms == PAUSE_MIN_MS);
	now = s.restart_at;
	restart_due(armed);
	give_up_after = 0;
	for (unsigned int i = 0; i < 50; i++) {
		domain_end(s.domain, 1);
		CHECK(s.restart_at && s.pause_ms <= PAUSE_MAX_MS);
		now = s.restart_at;
		restart_due(armed);
		CHECK(s.domain != NULL);
	}
	services = s.next;
	s.domain->service = NULL;
	domain_end(s.domain, 0);
}

static void test_what_a_service_had_is_kept_for_it_while_it_is_down(void)
{
	static struct service s = { .program = "child" };

	CHECK(!services_reserve());
	service_register(&s);
	CHECK(services_reserve() == MARGIN);
	s.domain->pages = 123;
	domain_end(s.domain, 1);
	CHECK(services_reserve() == MARGIN + 123);
	now = s.restart_at;
	restart_due(armed);
	CHECK(s.domain && services_reserve() == MARGIN);
	services = s.next;
	s.domain->service = NULL;
	domain_end(s.domain, 0);
}

/* The first message to what fd is of; to its descriptor of itself, too. */
static void test_programs_not_started_that_hold_one_another_end(void)
{
	struct domain *first = first_domain();
	int64_t a = newprocess(first), b;

	/* itself */
	CHECK(!call(first, SYS_MSGSENDDESC, (uint64_t)a, (uint64_t)a, 0, 0));
	CHECK(domains() == 2);
	CHECK(!call(first, SYS_MSGCLOSE, (uint64_t)a, 0, 0, 0));
	CHECK(domains() == 1);
	/* one another */
	a = newprocess(first);
	b = newprocess(first);
	CHECK(!call(first, SYS_MSGSENDDESC, (uint64_t)a, (uint64_t)b, 0, 0));
	CHECK(!call(first, SYS_MSGSENDDESC, (uint64_t)b, (uint64_t)a, 0, 0));
	CHECK(!call(first, SYS_MSGCLOSE, (uint64_t)a, 0, 0, 0));
	CHECK(domains() == 3);
	CHECK(!call(first, SYS_MSGCLOSE, (uint64_t)b, 0, 0, 0));
	CHECK(domains() == 1);
	/* and with their holder, by its end */
	a = newprocess(first);
	b = newprocess(first);
	CHECK(!call(first, SYS_MSGSENDDESC, (uint64_t)a, (uint64_t)b, 0, 0));
	CHECK(!call(first, SYS_MSGSENDDESC, (uint64_t)b, (uint64_t)a, 0, 0));
	domain_end(first, 0);
	CHECK(!domains() && !spaces);
}

/* Each program is held by the next one: their end must not use up the stack. */
static void test_a_long_chain_of_programs_ends_on_a_short_stack(void)
{
	struct domain *first = first_domain();
	int64_t fd = newprocess(first), next;

	for (unsigned int i = 0; i < DOMAINS_MAX - 2; i++) {
		next = newprocess(first);
		CHECK(!call(first, SYS_MSGSENDDESC, (uint64_t)next,
			    (uint64_t)fd, 0, 0));
		CHECK(!call(first, SYS_MSGCLOSE, (uint64_t)fd, 0, 0, 0));
		fd = next;
	}
	CHECK(domains() == DOMAINS_MAX && newprocess(first) == -ENOSPC);
	deepest = UINTPTR_MAX;
	call(first, SYS_MSGCLOSE, (uint64_t)fd, 0, 0, 0);
	CHECK(domains() == 1 && spaces == 1);
	CHECK((uintptr_t)__builtin_frame_address(0) - deepest < 4096);
	domain_end(first, 0);
}

static void test_handlers_are_where_iret_can_go(void)
{
	struct domain *first = first_domain();

	CHECK(enroll(first, "a", 1ull << 47) == -EFAULT);
	CHECK(enroll(first, "a", 0xffffffff80000000) == -EFAULT);
	CHECK(enroll(first, "a", ~0ull) == -EFAULT);
	CHECK(enroll(first, "a", (1ull << 47) - 1) == 0);
	domain_end(first, 0);
}

static void test_nobody_takes_the_names_of_the_core_or_of_a_service(void)
{
	struct domain *first = first_domain(), *second = first_domain();
	static struct service s = { .program = "child" };
	int64_t fd;

	CHECK(enroll(first, "kill_first", 0x1000) == -EEXIST);
	CHECK(enroll(first, "netd", 0x1000) == 0);
	CHECK(enroll(second, "netd", 0x1000) == -EEXIST);
	service_register(&s);
	CHECK(enroll(s.domain, "kill_first", 0x1000) == -EEXIST);
	CHECK(enroll(s.domain, "netd", 0x1000) == 0);
	fd = open_name(second, "netd");
	CHECK(fd >= 0 && second->desc[fd].serial == s.domain->serial);
	services = s.next;
	s.domain->service = NULL;
	domain_end(s.domain, 0);
	domain_end(first, 0);
	domain_end(second, 0);
}

/* The top of d sends to its descriptor fd. */
static int64_t send_to(struct domain *d, int64_t fd)
{
	return call(d, SYS_MSGSENDINT, (uint64_t)fd, 0, 0, 0);
}

static void test_who_would_wait_for_itself_is_told(void)
{
	struct domain *a = first_domain(), *b = first_domain();
	int64_t self, to_a, to_b;

	a->act[0].frame.rsp = b->act[0].frame.rsp = 0x10000;
	CHECK(!enroll(a, "a", 0x1000) && !enroll(b, "b", 0x1000));
	self = to_a = open_name(a, "a");
	for (unsigned int i = 1; i < DOMAIN_ACTIVATIONS; i++) {
		send_to(a, self);
		CHECK(a->depth == i + 1 && domain_top(a)->state == ACT_RUN);
	}
	CHECK(send_to(a, self) == -EDEADLK);
	CHECK(a->depth == DOMAIN_ACTIVATIONS &&
	      domain_top(a)->state == ACT_RUN);
	while (a->depth > 1)
		call(a, SYS_MSGRETURN, 5, 0, 0, 0);
	CHECK(domain_top(a)->state == ACT_RUN && a->act[0].frame.rax == 5);
	/* over another: a calls b, b calls a, until both are full */
	to_b = open_name(a, "b");
	to_a = open_name(b, "a");
	call(b, SYS_WAIT, ~0ull, 0, 0, 0);
	while (a->depth < DOMAIN_ACTIVATIONS || b->depth < DOMAIN_ACTIVATIONS) {
		struct domain *d = domain_top(a)->state == ACT_RUN ? a : b;

		send_to(d, d == a ? to_b : to_a);
		CHECK(domain_top(d)->state == ACT_SEND);
		if (domain_top(d)->state != ACT_SEND)
			break;
	}
	CHECK(b->depth == DOMAIN_ACTIVATIONS &&
	      a->depth == DOMAIN_ACTIVATIONS);
	CHECK(domain_top(a)->state == ACT_RUN);
	CHECK(send_to(a, to_b) == -EDEADLK);
	CHECK(domain_top(a)->state == ACT_RUN);
	domain_end(a, 0);
	domain_end(b, 0);
	CHECK(!domains() && !spaces);
}

static void test_a_receiver_survives_the_end_of_who_lent_it_a_buffer(void)
{
	struct msg_buf buf = { .base = (void *)0x1000, .len = 10 };
	struct domain *r = first_domain(), *sender = first_domain();
	uint64_t window = r->region[REGION_WINDOW].base + WINDOW_SIZE;
	int64_t fd;

	CHECK(!enroll(r, "r", 0x1000));
	r->act[0].frame.rsp = 0x10000;
	call(r, SYS_WAIT, ~0ull, 0, 0, 0);
	fd = open_name(sender, "r");
	call(sender, SYS_MSGSENDBUF, (uint64_t)fd, 0, (uintptr_t)&buf, 1);
	CHECK(r->depth == 2 && mappings() == 1);
	CHECK(!message_was_lent(r, window));
	domain_end(sender, 0);
	CHECK(!mappings() && r->depth == 2);
	CHECK(message_was_lent(r, window) &&
	      message_was_lent(r, window + WINDOW_SIZE - 1));
	CHECK(!message_was_lent(r, window - 1) &&
	      !message_was_lent(r, window + WINDOW_SIZE));
	call(r, SYS_MSGRETURN, 0, 0, 0, 0);
	CHECK(!message_was_lent(r, window));
	domain_end(r, 0);
	CHECK(!domains() && !spaces);
}

/* A child of first that has started, in *fd its process descriptor. */
static struct domain *started_child(struct domain *first, int64_t *fd)
{
	*fd = newprocess(first);
	send_to(first, *fd);
	CHECK(domain_top(first)->state == ACT_SEND);
	return newest();
}

/* After the end of the child: its starter has the error, and goes on. */
static void starter_was_told(struct domain *first, int64_t fd)
{
	CHECK(domain_top(first)->state == ACT_RUN &&
	      (int64_t)first->act[0].frame.rax == -EPIPE);
	CHECK(send_to(first, fd) == -EPIPE);
	CHECK(!call(first, SYS_MSGCLOSE, (uint64_t)fd, 0, 0, 0));
	CHECK(domains() == 1 && spaces == 1 && !mappings());
}

static void test_a_program_can_be_killed_in_any_state(void)
{
	struct msg_buf buf = { .base = (void *)0x1000, .len = 10 };
	struct domain *first = first_domain(), *child, *busy;
	int64_t fd, to;

	/* not started */
	fd = newprocess(first);
	domain_kill(newest(), "test");
	CHECK(send_to(first, fd) == -EPIPE && domains() == 1);
	CHECK(!call(first, SYS_MSGCLOSE, (uint64_t)fd, 0, 0, 0));
	/* running */
	domain_kill(started_child(first, &fd), "test");
	starter_was_told(first, fd);
	/* waiting, with a time set */
	child = started_child(first, &fd);
	call(child, SYS_WAIT, now + 1000, 0, 0, 0);
	CHECK(child->wait_timer.armed);
	armed = NULL;
	domain_kill(child, "test");
	starter_was_told(first, fd);
	/* in a call of the core that has not answered */
	child = started_child(first, &fd);
	to = open_name(child, "pending");
	send_to(child, to);
	CHECK(domain_top(child)->state == ACT_SEND && !cancelled);
	domain_kill(child, "test");
	CHECK(cancelled == 1);
	starter_was_told(first, fd);
	/* in a call of a handler, which goes on */
	busy = first_domain();
	busy->act[0].frame.rsp = 0x10000;
	CHECK(!enroll(busy, "busy", 0x1000));
	call(busy, SYS_WAIT, ~0ull, 0, 0, 0);
	child = started_child(first, &fd);
	to = open_name(child, "busy");
	call(child, SYS_MSGSENDBUF, (uint64_t)to, 0, (uintptr_t)&buf, 1);
	CHECK(busy->depth == 2 && mappings() == 1);
	domain_kill(child, "test");
	CHECK(busy->depth == 2 && domain_top(busy)->state == ACT_RUN);
	/* waiting for one that is busy; that it is ended, too */
	call(busy, SYS_MSGRETURN, 0, 0, 0, 0);
	CHECK(busy->depth == 1 && domain_top(busy)->state == ACT_RUN);
	child = newprocess(first) >= 0 ? newest() : NULL;
	CHECK(child && !domain_start(child, NULL, &(struct message){ 0 }));
	to = open_name(child, "busy");
	send_to(child, to);
	CHECK(domain_top(child)->state == ACT_QUEUED);
	domain_kill(child, "test");
	message_retry();
	CHECK(busy->depth == 1 && domains() == 2);
	to = open_name(first, "busy");
	send_to(first, to);
	CHECK(domain_top(first)->state == ACT_QUEUED);
	domain_kill(busy, "test");
	message_retry();
	CHECK(domain_top(first)->state == ACT_RUN &&
	      (int64_t)first->act[0].frame.rax == -EPIPE);
	domain_kill(first, "test");
	CHECK(!domains() && !spaces);
}

static void test_who_waits_longest_is_heard_first(void)
{
	struct domain *busy = first_domain(), *sender[4];
	static const unsigned int order[4] = { 2, 0, 3, 1 };

	busy->act[0].frame.rsp = 0x10000;
	CHECK(!enroll(busy, "busy", 0x1000));
	for (unsigned int i = 0; i < 4; i++)
		sender[i] = first_domain();
	for (unsigned int i = 0; i < 4; i++) {
		struct domain *s = sender[order[i]];

		send_to(s, open_name(s, "busy"));
		CHECK(domain_top(s)->state == ACT_QUEUED);
	}
	for (unsigned int i = 0; i < 4; i++) {
		call(busy, SYS_WAIT, 0, 0, 0, 0);
		CHECK(busy->depth == 2 &&
		      busy->act[1].caller == sender[order[i]]->serial);
		call(busy, SYS_MSGRETURN, 0, 0, 0, 0);
		CHECK(domain_top(sender[order[i]])->state == ACT_RUN);
	}
	for (unsigned int i = 0; i < 4; i++)
		domain_end(sender[i], 0);
	domain_end(busy, 0);
	CHECK(!domains() && !spaces);
}

static void test_a_domain_cannot_fill_the_log(void)
{
	struct domain *d = first_domain();
	unsigned int n = 0;

	while (!call(d, SYS_LOG, LOG_WARN, (uintptr_t)"x", 1, 0) && n < 1000)
		n++;
	CHECK(n == LOG_LINES);
	CHECK(call(d, SYS_LOG, LOG_WARN, (uintptr_t)"x", 1, 0) == -EAGAIN);
	now += LOG_LINE_US;
	CHECK(!call(d, SYS_LOG, LOG_WARN, (uintptr_t)"x", 1, 0));
	CHECK(call(d, SYS_LOG, LOG_WARN, (uintptr_t)"x", 1, 0) == -EAGAIN);
	domain_end(d, 0);
}

/* What the program ps is answered; copies of the entries go nowhere. */
static int listed(struct domain *d, int skip, unsigned int room)
{
	struct message m = {
		.sender = d, .type = MSG_BUF, .value = skip, .n_bufs = 1,
		.buf = { { .base = user_page, .writable = 1,
			   .len = room * (uint32_t)sizeof(struct ps_entry) } },
	};

	return list_message(&m);
}

static void test_domains_are_listed_from_anywhere(void)
{
	struct domain *a = first_domain(), *b = first_domain();
	const int one = sizeof(struct ps_entry);

	CHECK(listed(a, 0, 3) == 2 * one && listed(a, 0, 1) == one);
	CHECK(listed(a, 1, 3) == one && listed(a, 2, 3) == 0);
	CHECK(listed(a, 0x7fffffff, 3) == 0);
	CHECK(listed(a, -1, 3) == -EINVAL);
	CHECK(listed(a, -0x7fffffff - 1, 3) == -EINVAL);
	domain_end(a, 0);
	domain_end(b, 0);
}

int main(void)
{
	test_programs_cannot_start_one_another_without_end();
	test_a_program_may_end_the_one_that_waits_for_it();
	test_a_start_that_fails_leaves_no_pages_behind();
	test_another_cpu_signals_and_the_first_wakes();
	test_a_service_comes_back_when_there_is_memory_again();
	services = NULL;
	test_a_service_that_keeps_failing_is_given_up_if_so_configured();
	test_what_a_service_had_is_kept_for_it_while_it_is_down();
	test_programs_not_started_that_hold_one_another_end();
	test_a_long_chain_of_programs_ends_on_a_short_stack();
	test_handlers_are_where_iret_can_go();
	test_nobody_takes_the_names_of_the_core_or_of_a_service();
	test_who_would_wait_for_itself_is_told();
	test_a_receiver_survives_the_end_of_who_lent_it_a_buffer();
	test_a_program_can_be_killed_in_any_state();
	test_who_waits_longest_is_heard_first();
	test_a_domain_cannot_fill_the_log();
	test_domains_are_listed_from_anywhere();
	printf("%lu domains made, %u failures\n", last_serial, failed);
	return failed != 0;
}
