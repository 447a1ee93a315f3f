/* SPDX-License-Identifier: MIT */
/* What the helpers of the cases do. */
#include "cases.h"

#include <abi/ps.h>
#include <abi/version.h>

static int exit_with(struct msg_buf *bufs, size_t n)
{
	return n ? *(int *)bufs[0].base : 0;
}

static int places(struct msg_buf *bufs, size_t n)
{
	static int data;
	struct places *p;

	CHECK(n == 1 && bufs[0].len == sizeof(*p));
	p = bufs[0].base;
	*p = (struct places){
		.code = (uintptr_t)domain_main, .data = (uintptr_t)&data,
		.heap = domain_start->heap_base, .stack = (uintptr_t)&n,
		.buffer = (uintptr_t)p & ~4095ul,
	};
	return 0;
}

/* -1 from line numbers apart: the sum of all that may only be read. */
static int fill(struct msg_buf *bufs, size_t n)
{
	int sum = 0;

	for (size_t i = 0; i < n; i++) {
		uint8_t *p = bufs[i].base;

		if (bufs[i].writable)
			memset(p, 0x5a, bufs[i].len);
		for (size_t k = 0; !bufs[i].writable && k < bufs[i].len; k++)
			sum += p[k];
	}
	return sum;
}

static int write_end(struct msg_buf *bufs, size_t n)
{
	CHECK(n == 1);
	((volatile char *)bufs[0].base)[bufs[0].len - 1] = 1;
	return 0;
}

/* A buffer on loan cannot be lent again. */
static int pass_on(struct msg_buf *bufs, size_t n)
{
	int process = new_role();

	CHECK(n == 1 && process >= 0);
	CHECK(msgsendbuf(process, role_value(ROLE_FILL), bufs, 1) == -EFAULT);
	bufs[0].writable = 0;
	CHECK(msgsendbuf(process, role_value(ROLE_FILL), bufs, 1) == -EFAULT);
	return 0;
}

static int lend(void)
{
	static char secret[64] = "on loan";
	struct msg_buf buf = { .base = secret, .len = sizeof(secret) };

	return msgsendbuf(0, 0, &buf, 1);
}

/* How many more can be started beneath this one; an error of its own kind. */
static int nest(void)
{
	int deeper = start_role(ROLE_NEST, NULL, 0);

	if (deeper == -ENOSPC)
		return 1000;
	return deeper < 1000 ? deeper : deeper + 1;
}

/* Descriptors 0, 1, 2: version, domain_list, domain_counts; no more. */
static int order(void)
{
	static char answer[2048] __attribute__((aligned(8)));
	struct msg_buf buf = {
		.base = answer, .len = sizeof(struct version_info),
		.writable = 1,
	};
	int n = msgsendbuf(0, 0, &buf, 1);

	CHECK(n == sizeof(struct version_info));
	buf.len = sizeof(answer);
	n = msgsendbuf(1, 0, &buf, 1);
	CHECK(n > 0 && n % (int)sizeof(struct ps_entry) == 0);
	CHECK(((struct ps_entry *)answer)->id != 0);
	CHECK(msgsendbuf(2, 0, &buf, 1) == sizeof(struct domain_counts));
	CHECK(msgsendint(3, 0) == -EBADF);
	CHECK(msgopen("version") == 3);
	return 0;
}

static int self(void)
{
	int process = new_role();

	CHECK(process == 1);
	CHECK(msgsenddesc(0, 1) == -EBUSY);
	CHECK(msgsendint(0, role_value(ROLE_EXIT)) == -EINVAL);
	CHECK(msgclose(0) == 0 && msgclose(0) == -EBADF);
	return 0;
}

MSG_HANDLER(faulty);

int faulty(int type, int value, struct msg_buf *bufs, size_t n)
{
	(void)type, (void)value, (void)bufs, (void)n;
	__builtin_trap();
}

static int faulty_handler(void)
{
	CHECK(msgregister("usertests_faulty", faulty_entry) == 0);
	return msgsendint(0, 1);
}

int run_role(enum role role, struct msg_buf *bufs, size_t n)
{
	switch (role) {
	case ROLE_EXIT:		return exit_with(bufs, n);
	case ROLE_PLACES:	return places(bufs, n);
	case ROLE_FILL:		return fill(bufs, n);
	case ROLE_WRITE:	return write_end(bufs, n);
	case ROLE_PASS_ON:	return pass_on(bufs, n);
	case ROLE_LEND:		return lend();
	case ROLE_NEST:		return nest();
	case ROLE_ORDER:	return order();
	case ROLE_SELF:		return self();
	case ROLE_CALL_BACK:	return msgsendint(0, 1);
	case ROLE_FAULTY_HANDLER: return faulty_handler();
	case ROLE_END_IN_SEND:	return msgsendint(0, 2);
	default:		return __LINE__;
	}
}
