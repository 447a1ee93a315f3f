/* SPDX-License-Identifier: MIT */
/*
 * The system calls as functions of a fuzz target (host.c), in the place of
 * domains/include/domain/syscall.h. A handler's entry takes its message from
 * host_message.
 */
#ifndef DOMAIN_SYSCALL_H
#define DOMAIN_SYSCALL_H

#include <abi/domain.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WAIT_FOREVER	(~(uint64_t)0)

_Noreturn void exitprocess(int status);
int msgopen(const char *name);
int msgregister(const char *name, void (*entry)(void));
int msgsendbuf(int to, int value, struct msg_buf *bufs, size_t n);
int msgclose(int desc);
uint32_t sys_wait(uint64_t deadline_us);
uint64_t sys_time(void);
void sys_notify(void);

extern struct host_message {
	int type, value, result;
	struct msg_buf *bufs;
	size_t n;
} host_message;

#define MSG_HANDLER(fn)							\
	int fn(int type, int value, struct msg_buf *bufs, size_t n);	\
	static void fn##_entry(void)					\
	{								\
		host_message.result = fn(host_message.type,		\
					 host_message.value,		\
					 host_message.bufs,		\
					 host_message.n);		\
	}								\
	_Static_assert(1, "")

int domain_main(int type, int value, struct msg_buf *bufs, size_t n);

extern const struct domain_start *domain_start;

#endif
