/* SPDX-License-Identifier: MIT */
/*
 * Cases of usertests. Each runs in a program of its own, which may end in any
 * way; the case says which is right. So do its helpers (roles): the same
 * program once more, started with another number.
 */
#ifndef USERTESTS_CASES_H
#define USERTESTS_CASES_H

#include <domain/syscall.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ending {
	RETURNS,		/* 0; else the line of what did not hold */
	IS_ENDED		/* by the core, for what it does */
};

struct test_case {
	const char *name;
	int (*fn)(void);
	enum ending ending;
};

struct test_group {
	const char *file;
	const struct test_case *cases;
	size_t n;
};

#define GROUP(table) \
	{ .file = __FILE__, .cases = (table), \
	  .n = sizeof(table) / sizeof((table)[0]) }

extern const struct test_group argument_cases, instruction_cases, limit_cases,
	memory_cases, message_cases;

/* In a case or role: what must hold. The exit status says which did not. */
#define CHECK(x) \
	do { \
		if (!(x)) \
			return __LINE__; \
	} while (0)

/* What a helper does; its exit status. */
enum role {
	ROLE_EXIT = 1,		/* with the int in buffer 0; without one 0 */
	ROLE_PLACES,		/* struct places into buffer 0 */
	ROLE_FILL,		/* 0x5a into all writable buffers; sum of others */
	ROLE_WRITE,		/* writes to the end of buffer 0 */
	ROLE_PASS_ON,		/* a buffer of its own message */
	ROLE_LEND,		/* a buffer to the handler descriptor 0 leads to */
	ROLE_NEST,		/* starts one more, which does the same */
	ROLE_ORDER,		/* which descriptors it was given */
	ROLE_SELF,		/* has itself as descriptor 0 */
	ROLE_CALL_BACK,		/* sends 1 to descriptor 0, and returns that */
	ROLE_FAULTY_HANDLER,	/* has a handler that ends it */
	ROLE_END_IN_SEND,	/* its callback has it ended */
	ROLES
};

int run_role(enum role role, struct msg_buf *bufs, size_t n);

struct places {
	uintptr_t code, data, heap, stack, buffer;
};

/* Start this program once more as role; its exit status, or an error. */
int start_role(enum role role, struct msg_buf *bufs, size_t n);

/* ... with descriptor desc as its 0. */
int start_role_with(enum role role, int desc);

/* The process, not started; start it by msgsend*(process, role_value(r)). */
int new_role(void);

static inline int role_value(enum role role)
{
	return -(int)role;
}

/* What the core counts; 0 or an error. */
int read_counts(struct domain_counts *c);

/* Whether all that can leak is the same. */
bool same_counts(const struct domain_counts *a, const struct domain_counts *b);

#endif
