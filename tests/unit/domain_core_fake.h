/* SPDX-License-Identifier: MIT */
/*
 * What domain_core_test.c runs: the core's files on domains, and around them
 * address spaces that are only noted down, a clock and timers that the test
 * moves, and a handler of the core that ends the first domain.
 */
#ifndef UNIT_DOMAIN_CORE_FAKE_H
#define UNIT_DOMAIN_CORE_FAKE_H

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
#include "../../core/domain/ps.c"

struct conf tandem_conf;

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

const struct program domain_table_start[1] = { { .name = "child" } };
__asm__(".globl domain_table_end\n"
	".set domain_table_end, domain_table_start + 32\n");
_Static_assert(sizeof(struct program) == 32, "domain_table_end");

static int kill_first(struct message *m);
static const struct message_handler kill_handler = {
	.name = "kill_first", .fn = kill_first,
};

/* One that does not answer. */
static int pending(struct message *m __unused)
{
	return MESSAGE_PENDING;
}

static unsigned int cancelled;

static void cancel(struct domain *sender __unused)
{
	cancelled++;
}

static const struct message_handler pending_handler = {
	.name = "pending", .fn = pending, .cancel = cancel,
};
static const struct message_handler child_handler = {
	.name = "for_child", .fn = kill_first, .program = "child",
};
static const struct message_handler other_handler = {
	.name = "for_other", .fn = kill_first, .program = "other",
};
static const struct message_handler hidden_handler = {
	.name = "for_nobody", .fn = kill_first, .hidden = true,
};
static const struct message_handler service_handler = {
	.name = "for_service", .fn = kill_first, .service = "child",
};
const struct message_handler *const table_message_handler_start[6] = {
	&kill_handler, &pending_handler, &child_handler, &other_handler,
	&hidden_handler, &service_handler,
};
__asm__(".globl table_message_handler_end\n"
	".set table_message_handler_end, table_message_handler_start + 48\n");

static uint64_t service_that_ended;

void mgmt_session_service_ended(const struct domain *d)
{
	service_that_ended = d->serial;
}

static struct domain *left;

void tty_session_left(const struct domain *d)
{
	left = (struct domain *)d;
}

bool tty_session_allows(const struct domain *d, const char *program __unused)
{
	return !d->session || !d->session->look;
}

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

static enum log_level logged;

void log_msg(enum log_level level, const char *fmt __unused, ...)
{
	logged = level;
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

static uintptr_t deepest;	/* how far down the stack reached */

void space_destroy(struct domain *d)
{
	deepest = MIN(deepest, (uintptr_t)__builtin_frame_address(0));
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

bool region_has(const struct region *r, uint64_t va)
{
	return va >= r->base && va - r->base < r->size;
}

int space_place(struct domain *d, enum region_name r, uint64_t size)
{
	d->region[r] = (struct region){ ((uint64_t)r + 1) << 30, size };
	return 0;
}

uint64_t random64(void)
{
	return now;
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

/* ---- what tests do by system calls ---- */

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

static struct domain *first_domain(void)
{
	struct message m = { .type = MSG_INT };
	struct domain *d;
	int e;

	d = domain_create("child", KIB(64), &e);
	CHECK(d && !domain_start(d, NULL, &m));
	return d;
}

static int64_t open_name(struct domain *d, const char *name)
{
	return call(d, SYS_MSGOPEN, (uintptr_t)name, strlen(name), 0, 0);
}

static int64_t enroll(struct domain *d, const char *name, uint64_t entry)
{
	return call(d, SYS_MSGREGISTER, (uintptr_t)name, strlen(name), entry, 0);
}

#endif
