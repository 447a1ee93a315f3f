/* SPDX-License-Identifier: MIT */
/*
 * Protection domains from the inside. A domain has one address space, a table
 * of descriptors and a stack of activations: the program's own run at the
 * bottom and, above it, handlers entered while what lies below is blocked.
 * Only the top one runs.
 *
 * Domains name one another by serial number, never by pointer, so that one
 * that is gone is simply not found. Everything here runs on the first CPU, in
 * its loop, and so needs no lock; other CPUs only signal (domain_signal) or
 * have it do something for them (cpu_call_first).
 */
#ifndef CORE_DOMAIN_DOMAIN_H
#define CORE_DOMAIN_DOMAIN_H

#include "../x86/cpu.h"

#include <tandem/domain.h>
#include <tandem/timer.h>

#define DOMAIN_NAME_LEN		MSG_NAME_MAX
#define DOMAIN_ACTIVATIONS	4
#define DOMAIN_HANDLERS		8
#define DOMAIN_LEVELS		8	/* programs that start programs */
#define DOMAINS_MAX		128	/* that programs can start, in all */

/*
 * A domain's address space: all of it lies in one random gigabyte (its arena;
 * one page table each of the upper levels then does), and in there each region
 * at a random page. Around each is nothing for at least USER_GAP, so that no
 * stack frame that fits the stack reaches over its end.
 */
#define USER_END		(1ull << 47)
#define USER_ARENA		GIB(1)
#define USER_GAP		KIB(128)
#define USER_STACK_SIZE		KIB(64)
#define USER_IMAGE_MAX		MIB(64)
#define USER_HEAP_MAX		MIB(64)

enum region_name {
	REGION_IMAGE, REGION_HEAP, REGION_SHARED, REGION_WINDOW, REGION_STACK,
	REGIONS
};

struct region {
	uint64_t base, size;		/* size 0: there is none */
};

/* one message buffer in the receiver: pages for 64 KiB at any offset */
#define WINDOW_BUF_SIZE		(MSG_BUF_MAX + PAGE_SIZE)
#define WINDOW_SIZE		(MSG_BUFS_MAX * (uint64_t)WINDOW_BUF_SIZE)

struct domain_counts;
struct symbol_table;
struct tty_session;

/* The built-in programs, made by the build (domains/). */
struct program {
	const char *name;
	const uint8_t *start, *end;
	const struct symbol_table *symbols;	/* addresses from the image's start */
};

extern const struct program domain_table_start[], domain_table_end[];

enum descriptor_type {
	DESC_FREE,
	DESC_CORE,		/* a MESSAGE_HANDLER */
	DESC_HANDLER,		/* a handler of another domain */
	DESC_PROCESS,		/* a domain not started yet */
};

struct descriptor {
	enum descriptor_type type;
	const struct message_handler *core;
	uint64_t serial;
	unsigned int handler;
};

enum activation_state {
	ACT_NEW,		/* waits for its first message */
	ACT_RUN,
	ACT_WAIT,		/* in SYS_WAIT */
	ACT_SEND,		/* blocked until its message is answered */
	ACT_QUEUED,		/* its message waits for a busy receiver */
};

struct activation {
	struct trap_frame frame;
	enum activation_state state;
	/* who gets the result: 0 is nobody */
	uint64_t caller;
	unsigned int caller_depth;
	/* the sender has ended: its buffers turn into empty pages */
	bool orphan;
	/* ACT_SEND to the core, for cancel */
	const struct message_handler *core;
	/* ACT_QUEUED: what to deliver, and its turn */
	struct descriptor to;
	uint64_t queued;
	struct message message;
};

struct domain {
	char name[DOMAIN_NAME_LEN];
	uint64_t serial;
	const struct program *program;
	uint64_t *pml4;
	uint64_t arena;
	struct region region[REGIONS];
	size_t pages;			/* of its own, page tables included */
	unsigned int depth;		/* activations in use */
	unsigned int level;		/* that of its starter, and one */
	struct activation act[DOMAIN_ACTIVATIONS];
	struct descriptor desc[CONFIG_DOMAIN_DESCRIPTORS];
	struct {
		char name[MSG_NAME_MAX];
		uint64_t entry;
	} handler[DOMAIN_HANDLERS];
	unsigned int n_handlers;
	uint32_t events;
	struct timer wait_timer;
	uint64_t run_us;		/* since it last waited */
	uint64_t total_us;
	struct service *service;
	struct tty_session *session;	/* inherited by children; or NULL */
	uint64_t debug_until;		/* debug_calls.c: the key was right */
	bool dying;
	int status;			/* while it is dying */
	struct domain *next_dying;
	bool reached;			/* see collect() */
	struct domain *next_reached;
	/* lines in the log of late, see sys_log() */
	uint64_t log_at;
	uint32_t log_used, log_left_out;
	struct domain *next;
};

static inline struct activation *domain_top(struct domain *d)
{
	return &d->act[d->depth - 1];
}

extern struct domain *domain_list;

struct domain *domain_find(uint64_t serial);

/*
 * A new domain from the built-in program of that name, not started. NULL
 * with *error set: -ENOENT, -ENOMEM.
 */
struct domain *domain_create(const char *name, uint64_t heap, int *error);

/* Put a descriptor into the first free slot; its index or -EMFILE. */
int domain_add_descriptor(struct domain *d, struct descriptor desc);

/*
 * Give a new domain its first message: it becomes runnable. sender may be
 * NULL (the core; buffers are not possible then).
 */
int domain_start(struct domain *d, struct domain *sender,
		 const struct message *m);

/* End a domain: answer its callers, give back everything. */
void domain_end(struct domain *d, int status);

/* SYS_WAIT returns with the events so far. */
void domain_wake(struct domain *d);

/* Wake those that other CPUs have signalled. */
void domains_signalled(void);

/* Let go of what desc refers to; a process never started is ended. */
void domain_drop_descriptor(struct descriptor *desc);

/*
 * schedule.c: something has changed that may let a domain run. Whoever changes
 * an activation's state from outside of a domain's own system call says so.
 */
void domains_changed(void);

/* ---- space.c: address spaces ---- */

/* An empty one, somewhere. 0 or -ENOMEM. */
int space_create(struct domain *d);
/* Choose where region r of size bytes is; 0 or -ENOMEM. */
int space_place(struct domain *d, enum region_name r, uint64_t size);
bool region_has(const struct region *r, uint64_t va);
void space_destroy(struct domain *d);
/* A zeroed page at va. 0, -ENOMEM or -EEXIST. */
int space_add_page(struct domain *d, uint64_t va, bool write, bool exec);
/* Map somebody else's page; never freed with the space. */
int space_map_foreign(struct domain *d, uint64_t va, host_phys page,
		      bool write);
/* Take a page out; one of the domain's own is freed. */
void space_unmap(struct domain *d, uint64_t va);
/*
 * The VMM's address of a user byte, NULL if it is not mapped or, with write
 * set, not writable. own: foreign pages do not count.
 */
void *space_byte(struct domain *d, uint64_t va, bool write, bool own);
/* A fault at va: true if it was the first touch of heap or stack. */
bool space_fault(struct domain *d, uint64_t va);
/* Copy what is there already, for a report: 0 or -EFAULT. */
int space_peek(struct domain *d, void *dst, uint64_t va, size_t len);
/* Add the space's pages, by a walk of its tables. */
void space_count(const struct domain *d, struct domain_counts *c);

/* ---- elf.c ---- */

/*
 * Load the program's image somewhere; its entry point in *entry. 0, -EINVAL if
 * the file breaks a rule, -ENOMEM.
 */
int elf_load(struct domain *d, const void *image, size_t size,
	     uint64_t *entry);

/* ---- message.c ---- */

/*
 * Send m through to. Completes the sender's activation or leaves it
 * blocked; errors are returned and nothing is sent.
 */
int message_send(struct domain *sender, const struct descriptor *to,
		 struct message *m);
/* Try messages that wait for a busy receiver. */
void message_retry(void);
/* The handler on top ended with value. */
int message_return(struct domain *d, int value);
/* The domain is going: undo the messages it is part of. */
void message_domain_ends(struct domain *d, int status);
/* The message's buffers in the receiver's window. 0, -EFAULT or -ENOMEM. */
int message_map(struct domain *receiver, struct domain *sender,
		unsigned int depth, const struct message *m,
		struct msg_buf out[MSG_BUFS_MAX]);
void message_unmap(struct domain *receiver, unsigned int depth);
/* Whether va was in a buffer whose owner has ended during the call. */
bool message_was_lent(const struct domain *d, uint64_t va);

/* ---- syscall.c ---- */

void domain_syscall(struct domain *d);

/* ---- dbgsh.c ---- */

struct guest_paging;

/*
 * How the program in the guest that d's session belongs to sees memory, as of
 * its last call. False if d is in no such session.
 */
bool dbgsh_paging(const struct domain *d, struct guest_paging *out);

/* ---- mgmt_session.c ---- */

/* A service has ended: its sessions do, soon. */
void mgmt_session_service_ended(const struct domain *d);

/* ---- service.c ---- */

void service_ended(struct domain *d);
/*
 * Free pages that no other domain may have, so that services which have ended
 * come back to what they had, and those that run can grow a little.
 */
size_t services_reserve(void);

/* ---- fault.c ---- */

/*
 * End d for the exception in its registers f; for a run without waiting; for
 * being where no program can be.
 */
void fault_end(struct domain *d, const struct trap_frame *f);
void fault_end_endless(struct domain *d, const struct trap_frame *f);
void fault_end_nowhere(struct domain *d, const struct trap_frame *f);

#endif
