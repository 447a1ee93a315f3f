/* SPDX-License-Identifier: MIT */
/*
 * Who may open which of the core's handlers and start which program: those for
 * one program in a session, for one service, and sessions that may only look.
 */
#include "domain_core_fake.h"

static int kill_first(struct message *m __unused)
{
	return 0;
}

static void test_some_handlers_are_for_one_program_in_a_session(void)
{
	struct domain *d = first_domain();
	struct tty_session session = { 0 };

	CHECK(open_name(d, "kill_first") >= 0);
	CHECK(open_name(d, "for_nobody") == -ENOENT);
	/* a service is in no session, whatever its name */
	CHECK(open_name(d, "for_child") == -ENOENT);
	d->session = &session;
	CHECK(open_name(d, "for_other") == -ENOENT);
	CHECK(open_name(d, "for_nobody") == -ENOENT);
	/* one that netd opened is of no program in the guest */
	CHECK(open_name(d, "for_child") == -ENOENT);
	session.guest = true;
	CHECK(open_name(d, "for_child") >= 0);
	domain_end(d, 0);
	CHECK(left == d);
}

static int64_t start_name(struct domain *d, const char *name)
{
	return call(d, SYS_NEWPROCESS, (uintptr_t)name, strlen(name), 0, 0);
}

/* The name alone is not enough, nor to be started by the one that may. */
static void test_some_handlers_are_for_one_service(void)
{
	static struct service s = { .program = "child" };
	struct domain *other = first_domain(), *child;
	int64_t fd;

	CHECK(!strcmp(other->name, "child"));
	CHECK(open_name(other, "for_service") == -ENOENT);
	service_register(&s);
	CHECK(open_name(s.domain, "for_service") >= 0);
	fd = start_name(s.domain, "child");
	CHECK(fd >= 0);
	child = domain_find(s.domain->desc[fd].serial);
	CHECK(child && open_name(child, "for_service") == -ENOENT);
	CHECK(enroll(other, "for_service", 0x1000) == -EEXIST);
	s.program = "other";
	CHECK(open_name(s.domain, "for_service") == -ENOENT);
	s.program = "child";
	services = s.next;
	domain_end(other, 0);
	s.domain->service = NULL;
	domain_end(s.domain, 0);
}

static void test_a_session_that_looks_does_not_start_everything(void)
{
	struct tty_session session = { .look = true };
	struct domain *d = first_domain();

	d->session = &session;
	CHECK(start_name(d, "child") == -EPERM);
	session.look = false;
	CHECK(start_name(d, "child") >= 0);
	domain_end(d, 0);
}

int main(void)
{
	ready = true;
	test_some_handlers_are_for_one_program_in_a_session();
	test_some_handlers_are_for_one_service();
	test_a_session_that_looks_does_not_start_everything();
	printf("%lu domains made, %u failures\n", last_serial, failed);
	return failed != 0;
}
