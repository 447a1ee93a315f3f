/* SPDX-License-Identifier: MIT */
/*
 * Protection domains as the rest of ring 0 sees them: handlers that domains
 * can open, services that the core keeps running, memory shared with one.
 * docs/domains.md tells the whole.
 */
#ifndef TANDEM_DOMAIN_H
#define TANDEM_DOMAIN_H

#include <abi/domain.h>
#include <tandem/types.h>

struct domain;

/* A message as a handler in the core gets it. */
struct message {
	struct domain *sender;
	int type;			/* MSG_INT or MSG_BUF */
	int value;
	unsigned int n_bufs;
	struct msg_buf buf[MSG_BUFS_MAX];	/* addresses in the sender */
};

/*
 * The handler has no answer yet: the sender stays blocked until
 * message_complete(sender, handler, value) is called.
 */
#define MESSAGE_PENDING		(-0x7fffffff)

struct message_handler {
	const char *name;
	int (*fn)(struct message *m);
	/* the sender ended while its message was pending; may be NULL */
	void (*cancel)(struct domain *sender);
	/* only handed over by the core, not found by msgopen */
	bool hidden;
	/* only found by the program of that name, in a session of dbgsh */
	const char *program;
	/*
	 * Only found by the service of that program: the domain that the core
	 * itself started, nobody else's of that name.
	 */
	const char *service;
};

/* Make fn reachable by msgopen(name) in every domain. Exit context. */
#define MESSAGE_HANDLER(handler) \
	static const struct message_handler *const \
		TABLE_ENTRY(message_handler, message_handler_##handler) = \
			&(handler)

void message_complete(struct domain *sender, const struct message_handler *h,
		      int value);

/* Copy between the core and a domain's buffer; 0 or -EFAULT. */
int domain_copy_in(struct domain *d, void *dst, const void *user, size_t len);
int domain_copy_out(struct domain *d, void *user, const void *src, size_t len);

/* Set event bits; a domain that waits becomes runnable. Exit context. */
void domain_signal(struct domain *d, uint32_t events);

/*
 * End a domain now, from outside. Its callers get -EPIPE. Exit context, not
 * from within one of its own system calls' handlers.
 */
void domain_kill(struct domain *d, const char *reason);

/*
 * A program the core starts at boot and again, after a pause of 100 ms that
 * doubles up to 5 s while it keeps failing within 10 s, when it ends; with
 * CONFIG_SERVICE_FAILURES only so often.
 */
struct service {
	const char *program;
	size_t memory;		/* bytes for heap; 0: CONFIG_DOMAIN_MEMORY_KIB */
	/*
	 * Memory shared with the program, owned by the service's creator
	 * (pages_alloc), mapped read-write at domain_start.shared_base; filled
	 * anew by started() before the program runs. May be NULL.
	 */
	void *shared;
	size_t shared_size;
	/* before the program's first instruction; exit context */
	void (*started)(struct service *s, struct domain *d);
	/* after its last; d is gone when this returns */
	void (*ended)(struct service *s, struct domain *d);
	/* the program's SYS_NOTIFY; exit context */
	void (*notify)(struct service *s, struct domain *d);
	/* private to the core */
	struct domain *domain;
	uint64_t restart_at, started_at;
	uint32_t pause_ms, starts;
	unsigned int failures;		/* in a row */
	size_t pages;			/* that it had when it ended */
	struct service *next;
};

/*
 * Register and start (once INIT_SERVICE is reached). Whether it starts is told
 * in the log; s must stay, for it is tried again.
 */
void service_register(struct service *s);

#endif
