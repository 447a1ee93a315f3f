/* SPDX-License-Identifier: MIT */
/*
 * Can a domain bring down the core by how it starts, calls and ends others?
 * The core's files run here on made-up address spaces; ASan watches the
 * structs of those that are gone.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* privileged: replaced below */
#define read_cr3 privileged_read_cr3
#define write_cr3 privileged_write_cr3
#include "../../core/x86/regs.h"
#undef read_cr3
#undef write_cr3

static uint64_t cr3;

static uint64_t read_cr3(void)
{
	return cr3;
}

static void write_cr3(uint64_t value)
{
	cr3 = value;
}

size_t strlcpy(char *dst, const char *src, size_t size);

#include "../../core/domain/domain.c"
#undef LOG_PREFIX
#include "../../core/domain/service.c"
#include "../../core/domain/syscall.c"

#define MAPPINGS	64

static unsigned int failed, spaces, copies_left = ~0u;
static bool no_memory;
static uint64_t now = 1000000;
static struct timer *armed;
static struct { const struct domain *d; uint64_t va; } mapping[MAPPINGS];
static uint8_t user_page[PAGE_SIZE];

#define CHECK(c) \
	do { \
		if (!(c)) { \
			printf("line %d: %s\n", __LINE__, #c); \
			failed++; \
		} \
	} while (0)

/* ---- what the core's files call ---- */

size_t strlcpy(char *dst, const char *src, size_t size)
{
	return (size_t)snprintf(dst, size, "%s", src);
}

const struct program domain_table_start[1] = { { "child", NULL, NULL } };
__asm__(".globl domain_table_end\n"
	".set domain_table_end, domain_table_start + 24\n");
_Static_assert(sizeof(struct program) == 24, "domain_table_end");

static int kill_first(struct message *m);
static const struct message_handler kill_handler = {
	.name = "kill_first", .fn = kill_first,
};
const struct message_handler *const table_message_handler_start[1] = {
	&kill_handler,
};
__asm__(".globl table_message_handler_end\n"
	".set table_message_handler_end, table_message_handler_start + 8\n");

void *mem_alloc(size_t size)
{
	return no_memory ? NULL : calloc(1, size);
}

void mem_free(void *p)
{
	free(p);
}

host_phys virt_to_phys(const void *p)
{
	return (uintptr_t)p;
}

uint64_t paging_root(void)
{
	return 1;
}

uint64_t time_us(void)
{
	return now;
}

void timer_arm(struct timer *t, uint64_t deadline)
{
	t->deadline = deadline;
	t->armed = true;
	armed = t;
}

static bool elsewhere;		/* the test plays another CPU */
static unsigned int wakes;

static unsigned int changes;

void domains_changed(void)
{
	changes++;
}

bool on_first_cpu(void)
{
	return !elsewhere;
}

void first_cpu_wake(void)
{
	wakes++;
}

void timer_cancel(struct timer *t)
{
	t->armed = false;
}

void log_msg(enum log_level level __unused, const char *fmt __unused, ...)
{
}

int elf_load(struct domain *d __unused, const void *image __unused,
	     size_t size __unused, uint64_t *entry)
{
	*entry = 0x400000;
	return 0;
}

int space_create(struct domain *d)
{
	d->pml4 = calloc(1, 8);
	spaces++;
	return 0;
}

void space_destroy(struct domain *d)
{
	free(d->pml4);
	d->pml4 = NULL;
	spaces--;
	for (unsigned int i = 0; i < MAPPINGS; i++)
		if (mapping[i].d == d)
			mapping[i].d = NULL;
}

int space_map_foreign(struct domain *d, uint64_t va, host_phys page __unused,
		      bool write __unused)
{
	for (unsigned int i = 0; i < MAPPINGS; i++) {
		if (mapping[i].d)
			continue;
		mapping[i].d = d;
		mapping[i].va = va;
		return 0;
	}
	return -ENOMEM;
}

void space_unmap(struct domain *d, uint64_t va)
{
	for (unsigned int i = 0; i < MAPPINGS; i++)
		if (mapping[i].d == d && mapping[i].va == va)
			mapping[i].d = NULL;
}

void *space_byte(struct domain *d __unused, uint64_t va, bool write __unused,
		 bool own __unused)
{
	return user_page + (va & PAGE_MASK);
}

bool space_fault(struct domain *d __unused, uint64_t va __unused)
{
	return false;
}

int domain_copy_in(struct domain *d __unused, void *dst, const void *user,
		   size_t len)
{
	if (!user)
		return -EFAULT;
	memcpy(dst, user, len);
	return 0;
}

int domain_copy_out(struct domain *d __unused, void *user __unused,
		    const void *src __unused, size_t len __unused)
{
	return copies_left-- ? 0 : -EFAULT;
}

/* ---- */

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

static int64_t call(struct domain *d, enum domain_syscall number, uint64_t a,
		    uint64_t b, uint64_t c, uint64_t e)
{
	struct trap_frame *f = &domain_top(d)->frame;
	uint64_t serial = d->serial;

	f->rax = number;
	f->rdi = a;
	f->rsi = b;
	f->rdx = c;
	f->r10 = e;
	domain_syscall(d);
	return domain_find(serial) ? (int64_t)f->rax : 0;
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

static struct domain *first_domain(void)
{
	struct message m = { .type = MSG_INT };
	struct domain *d;
	int e;

	d = domain_create("child", KIB(64), &e);
	CHECK(d && !domain_start(d, NULL, &m));
	return d;
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
	CHECK(!service_register(&s) && s.domain && s.starts == 1);
	CHECK(!service_register(&absent) && !absent.domain);
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

int main(void)
{
	test_programs_cannot_start_one_another_without_end();
	test_a_program_may_end_the_one_that_waits_for_it();
	test_a_start_that_fails_leaves_no_pages_behind();
	test_another_cpu_signals_and_the_first_wakes();
	test_a_service_comes_back_when_there_is_memory_again();
	printf("%lu domains made, %u failures\n", last_serial, failed);
	return failed != 0;
}
