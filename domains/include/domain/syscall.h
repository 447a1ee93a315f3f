/* SPDX-License-Identifier: MIT */
/*
 * System calls of a domain, as core/include/abi/domain.h numbers them. Any
 * context of the domain; errors are negative errno.
 */
#ifndef DOMAIN_SYSCALL_H
#define DOMAIN_SYSCALL_H

#include <abi/domain.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline int64_t domain_syscall(enum domain_syscall number, uint64_t a,
				     uint64_t b, uint64_t c, uint64_t d)
{
	register uint64_t r10 __asm__("r10") = d;
	int64_t result;

	__asm__ volatile("int %[vector]"
			 : "=a"(result)
			 : "a"((uint64_t)number), "D"(a), "S"(b), "d"(c),
			   "r"(r10), [vector] "i"(DOMAIN_SYSCALL_VECTOR)
			 : "memory");
	return result;
}

_Noreturn static inline void exitprocess(int status)
{
	domain_syscall(SYS_EXIT, (uint64_t)(int64_t)status, 0, 0, 0);
	__builtin_trap();
}

/* Make a domain of the built-in program: process descriptor, -ENOENT ... */
static inline int newprocess(const char *name)
{
	return (int)domain_syscall(SYS_NEWPROCESS, (uintptr_t)name,
				   strlen(name), 0, 0);
}

/* Descriptor of the handler that is registered under name, or -ENOENT. */
static inline int msgopen(const char *name)
{
	return (int)domain_syscall(SYS_MSGOPEN, (uintptr_t)name, strlen(name),
				   0, 0);
}

/*
 * Offer a handler; entry is what MSG_HANDLER() made of it. 0, or -EEXIST if
 * the name is taken.
 */
static inline int msgregister(const char *name, void (*entry)(void))
{
	return (int)domain_syscall(SYS_MSGREGISTER, (uintptr_t)name,
				   strlen(name), (uintptr_t)entry, 0);
}

/* The receiver sees desc as 0, 1, 2 ... in the order of these calls. */
static inline int msgsenddesc(int to, int desc)
{
	return (int)domain_syscall(SYS_MSGSENDDESC, (uint64_t)to,
				   (uint64_t)desc, 0, 0);
}

/* The handler's value; to a new process: its exit status. */
static inline int msgsendint(int to, int value)
{
	return (int)domain_syscall(SYS_MSGSENDINT, (uint64_t)to,
				   (uint64_t)(int64_t)value, 0, 0);
}

static inline int msgsendbuf(int to, int value, struct msg_buf *bufs, size_t n)
{
	return (int)domain_syscall(SYS_MSGSENDBUF, (uint64_t)to,
				   (uint64_t)(int64_t)value, (uintptr_t)bufs,
				   n);
}

static inline int msgclose(int desc)
{
	return (int)domain_syscall(SYS_MSGCLOSE, (uint64_t)desc, 0, 0, 0);
}

#define WAIT_FOREVER	(~(uint64_t)0)

/*
 * Sleep until an event, the VMM time deadline_us, or until a handler has run;
 * a deadline in the past only lets handlers run. Returns the event bits.
 */
static inline uint32_t sys_wait(uint64_t deadline_us)
{
	return (uint32_t)domain_syscall(SYS_WAIT, deadline_us, 0, 0, 0);
}

/* Microseconds since the VMM started. */
static inline uint64_t sys_time(void)
{
	return (uint64_t)domain_syscall(SYS_TIME, 0, 0, 0, 0);
}

/* Run the core's notify function of this service. */
static inline void sys_notify(void)
{
	domain_syscall(SYS_NOTIFY, 0, 0, 0, 0);
}

/* One line in the VMM log; level as LOG_LEVEL in Kconfig counts. */
static inline void sys_log(int level, const char *text, size_t len)
{
	domain_syscall(SYS_LOG, (uint64_t)level, (uintptr_t)text, len, 0);
}

/*
 * MSG_HANDLER(fn) makes fn_entry, which the core can enter, of
 *	int fn(int type, int value, struct msg_buf *bufs, size_t n).
 * The value that fn returns is the sender's result. It runs while the domain
 * is in sys_wait() or in a send, and must not wait itself.
 */
#define MSG_HANDLER(fn)							\
	int fn(int type, int value, struct msg_buf *bufs, size_t n);	\
	void fn##_entry(void);						\
	__asm__(".pushsection .text." #fn "_entry, \"ax\", @progbits\n"	\
		".globl " #fn "_entry\n"				\
		".type " #fn "_entry, @function\n"			\
		#fn "_entry:\n"						\
		"	andq	$-16, %rsp\n"				\
		"	call	" #fn "\n"				\
		"	movslq	%eax, %rdi\n"				\
		"	movl	$" MSG_STRING(MSG_RETURN_NUMBER)	\
			", %eax\n"					\
		"	int	$4\n"				\
		"	ud2\n"						\
		".popsection\n")

#define MSG_STRING(x)		MSG_STRING_OF(x)
#define MSG_STRING_OF(x)	#x
#define MSG_RETURN_NUMBER	8	/* an enumerator is no asm operand */

_Static_assert(MSG_RETURN_NUMBER == SYS_MSGRETURN, "MSG_HANDLER");
_Static_assert(DOMAIN_SYSCALL_VECTOR == 4, "MSG_HANDLER");

/* The program, called by the start code; its result is the exit status. */
int domain_main(int type, int value, struct msg_buf *bufs, size_t n);

/* The start block, valid from the first instruction of domain_main() on. */
extern const struct domain_start *domain_start;

#endif
