/* SPDX-License-Identifier: MIT */
/*
 * The binary interface between the core and a protection domain: system calls
 * (docs/domains.md), the start block, events.
 *
 * A domain enters the core with "int $4": rax = number, arguments in rdi,
 * rsi, rdx, r10, r8; result in rax (negative errno on error); all other
 * registers are kept. Domains have no FPU: a floating-point or SIMD
 * instruction ends them.
 */
#ifndef ABI_DOMAIN_H
#define ABI_DOMAIN_H

#include <stdint.h>

/*
 * Below 16, so that no local APIC can deliver it: the guest's interrupts come
 * in while a domain runs, and any other vector could be one of them.
 */
#define DOMAIN_SYSCALL_VECTOR	4

enum domain_syscall {
	/* exitprocess (int status): does not return */
	SYS_EXIT,
	/* newprocess (const char *name, size_t len): process descriptor */
	SYS_NEWPROCESS,
	/* msgopen (const char *name, size_t len): descriptor */
	SYS_MSGOPEN,
	/*
	 * msgregister (const char *name, size_t len, handler): 0. The handler
	 * is entered as handler(type, value, bufs, n) on the domain's own stack
	 * whenever the domain waits (SYS_WAIT) or is itself blocked in a send;
	 * it ends with SYS_MSGRETURN.
	 */
	SYS_MSGREGISTER,
	/* msgsenddesc (int to, int desc) */
	SYS_MSGSENDDESC,
	/* msgsendint (int to, int value): the handler's value */
	SYS_MSGSENDINT,
	/* msgsendbuf (int to, int value, struct msg_buf *, size_t n) */
	SYS_MSGSENDBUF,
	/* msgclose (int desc) */
	SYS_MSGCLOSE,
	/* msgreturn (int value): ends a handler */
	SYS_MSGRETURN,
	/*
	 * wait (uint64_t deadline_us): sleeps until an event bit is set, the
	 * VMM time reaches deadline_us (~0: no deadline) or a handler has
	 * run. Returns the event bits, which it clears.
	 */
	SYS_WAIT,
	/* time (): microseconds since the VMM started */
	SYS_TIME,
	/* notify (): runs the core's notify function for this domain */
	SYS_NOTIFY,
	/* log (int level, const char *text, size_t len): a line in the log */
	SYS_LOG,
	DOMAIN_SYSCALLS
};

/* How a handler or _start was reached. */
#define MSG_INT		0
#define MSG_BUF		1

/*
 * A buffer of msgsendbuf. In a handler or _start, base is an address in the
 * receiver, valid until it returns (or, for _start, exits).
 */
struct msg_buf {
	void *base;
	uint32_t len;		/* bytes, up to MSG_BUF_MAX */
	uint32_t writable;	/* 1: the receiver may write */
};

#define MSG_BUFS_MAX		4
#define MSG_BUF_MAX		65536
#define MSG_NAME_MAX		32

/*
 * _start (int type, int value, struct msg_buf *bufs, size_t n,
 *         const struct domain_start *start): the entry point, called as a
 * C function with an aligned stack; the program ends by SYS_EXIT, or by
 * returning, which the start code turns into SYS_EXIT.
 */
struct domain_start {
	uint64_t heap_base, heap_size;	/* zeroed memory for the program */
	uint64_t shared_base, shared_size;	/* with the core, 0 if none */
	uint64_t seed;			/* random, differs at each start */
	uint32_t log_level;		/* lines above it would be dropped */
	uint32_t pad;
};

/*
 * What the core's handler "domain_counts" answers with, in the sender's first
 * buffer (CONFIG_DEBUG_COMMANDS): sums over all domains.
 */
struct domain_counts {
	uint64_t domains, descriptors, handlers;
	uint64_t tables;	/* pages that are page tables */
	uint64_t pages;		/* pages of programs, heaps and stacks */
	uint64_t foreign;	/* mappings of others' pages */
	uint64_t accounted;	/* tables and pages, as counted while made */
	uint64_t free;		/* of the block, by its allocator's count */
};

#endif
