/* SPDX-License-Identifier: MIT */
/*
 * Ticket lock: whoever comes first is served first, or a CPU whose guest takes
 * a lock again and again would keep the others from it. docs/design.md, Locks,
 * names all that there are, their order and what else to keep to.
 */
#ifndef TANDEM_SPINLOCK_H
#define TANDEM_SPINLOCK_H

#include <tandem/types.h>

struct spinlock {
	uint16_t served, tickets;	/* the same: nobody holds it */
};

static inline void spin_lock(struct spinlock *l)
{
	uint16_t ticket = __atomic_fetch_add(&l->tickets, 1, __ATOMIC_RELAXED);

	while (__atomic_load_n(&l->served, __ATOMIC_ACQUIRE) != ticket)
		__builtin_ia32_pause();
}

static inline bool spin_trylock(struct spinlock *l)
{
	uint16_t ticket = __atomic_load_n(&l->served, __ATOMIC_ACQUIRE);
	uint16_t next = ticket;

	return __atomic_compare_exchange_n(&l->tickets, &next, ticket + 1,
					   false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

static inline void spin_unlock(struct spinlock *l)
{
	__atomic_store_n(&l->served, l->served + 1, __ATOMIC_RELEASE);
}

/* Panic: whoever holds it is stopped and does not give it back. */
static inline void spin_break(struct spinlock *l)
{
	*l = (struct spinlock){ 0 };
}

#endif
